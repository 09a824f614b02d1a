internal import Synchronization

/// Streams the frames of a trace (`events`), one at a time, in order.
///
/// Memory: the message of the current frame (16 MiB at most), and the chunk it is in; with `readAhead` up to ten chunks (1 MiB each as
/// rr writes them, 4 MiB at most).
public struct FrameCursor: ~Copyable {
    /// The frame's number, counting from 1; 0 before the first.
    public private(set) var event: UInt64 = 0
    /// The task.
    public private(set) var task: Int32 = 0
    /// How often the task has ticked.
    public private(set) var ticks: Int64 = 0
    /// When the frame was written, which is after what it records: nanoseconds of the recording host's CLOCK_MONOTONIC.
    public private(set) var time: Int64 = 0
    /// The layout of the registers; `nil` for one this reader does not know.
    public private(set) var architecture: Architecture?
    /// What the frame records.
    public private(set) var kind = FrameKind.unknown
    /// The system call, if the frame is one side of one.
    public private(set) var syscall: SyscallFrame?
    /// How many memory writes the frame has.
    public internal(set) var memoryWriteCount = 0
    /// Where the bytes of the frame's first memory write begin in the inflated stream `data`.
    public internal(set) var dataOffset: UInt64 = 0

    /// Not used: an atomic gives the cursor an address. Without one the compiler copies all of it for every call of a method, which
    /// took as long as the decoding.
    private let anchor = Atomic(false)
    var stream: MessageStream
    var root = Message.Structure()
    var registerFile = RegisterFile()
    var writes = Message.List()
    /// Where each memory write's bytes begin in `data`, and where the last one's end.
    var writeOffsets: [UInt64] = [0]
    /// The holes of the few memory writes that have some.
    var holeLists: [(write: Int, list: Message.List)] = []
    var payload = Payload.none

    /// Opens the frames of `trace`; the cursor stands before the first. With `readAhead` a second thread inflates the chunks to come.
    public init(_ trace: TraceDirectory, readAhead: Bool = true) throws(TraceError) {
        stream = try MessageStream(trace.path, "events", readAhead: readAhead)
    }

    /// What could not be read.
    public var anomalies: [TraceAnomaly] { stream.anomalies }

    /// Steps to the next frame; `false` at the end, or where the stream is damaged (`anomalies` then says so).
    public mutating func advance() -> Bool {
        guard stream.advance() else { return false }
        do {
            try decode()
        } catch {
            stream.end(error, event: event &+ 1)
            return false
        }
        event &+= 1
        if kind == .unknown { noteUnknownKind() }
        return true
    }

    private mutating func decode() throws(Message.Damage) {
        root = try stream.message.root()
        let first: UInt64 = stream.message.number(root, bit: 0)
        task = Int32(truncatingIfNeeded: first)
        architecture = Architecture(rawValue: UInt16(truncatingIfNeeded: first >> 32))
        kind = FrameKind(rawValue: UInt16(truncatingIfNeeded: first >> 48)) ?? .unknown
        ticks = stream.message.number(root, bit: 64)
        time = Self.nanoseconds(Double(bitPattern: stream.message.number(root, bit: 128)))
        registerFile = try RegisterFile(stream.message, root, architecture)
        try decodeWrites()
        syscall = kind == .syscall ? stream.message.syscall(root) : nil
        payload = try Payload(stream.message, root, kind)
    }

    /// Seconds as whole nanoseconds; what is no number is 0, what is too large the largest.
    static func nanoseconds(_ seconds: Double) -> Int64 {
        let exact = seconds * 1e9 + 0.5
        return abs(exact) < 0x1p63 ? Int64(exact) : exact.isNaN ? 0 : exact < 0 ? .min : .max
    }

    private mutating func noteUnknownKind() {
        let tag: UInt16 = stream.message.number(root, bit: 48)
        stream.note(TraceAnomaly("unknown-event", subject: "events", event: event, detail: "a frame of kind \(tag)"))
    }
}
