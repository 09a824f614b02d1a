import RRTrace

/// Follows a replay from outside while the agent captures it: at which event of the trace it is, and whether it moves.
///
/// The agent does not know rr's events. But a replay makes its traced calls in the order of their frames, so that the last one captured
/// tells where it is. Memory: a window of the capture file, and `lookAhead` frames.
public struct ReplayFollower: ~Copyable {
    /// The event of the latest call that `follow` found; 0 before the first.
    public private(set) var event: UInt64 = 0
    /// How long the recorded program has computed between that call and the next one, in nanoseconds: the time of all steps from frame
    /// to frame that did not end with the return of a call, in which it may just have waited.
    public private(set) var recordedComputing: Int64 = 0

    private let path: String
    private var file: CaptureFile?
    private var seen: (committed: UInt64, stops: UInt64) = (0, 0)
    private var calls: TracedCalls?
    private var frames: FrameCursor?
    private var expected: [Expected] = []
    /// The computing of the recording, in all, up to the frame that was read last, and up to the call at `event`.
    private var computed: (read: Int64, found: Int64) = (0, 0)
    private var latest: Int64?

    /// How many calls to come are compared with one that was captured.
    private static let lookAhead = 64

    /// A call that the trace has, and that is still to come.
    private struct Expected {
        var event: UInt64
        var computed: Int64
        var number: Int32
        var next: UInt64
        var arguments: [UInt64]
    }

    /// Follows the agent that writes, or is about to write, the file at `path`, in a replay of the trace at `tracePath`. If that cannot be
    /// read, only whether the replay moves is known.
    public init(path: String, tracePath: String) {
        self.path = path
        // try?: as promised
        frames = try? FrameCursor(TraceDirectory(path: tracePath), readAhead: false)
    }

    /// Looks again; whether the replay has made any call since the last time. O(1).
    public mutating func moved() -> Bool {
        guard let now = openFile()?.progress() else { return false }
        defer { seen = now }
        return now != seen
    }

    /// Brings `event` and `recordedComputing` up to where the replay is. O(what was captured since the last time).
    public mutating func follow() {
        guard frames != nil, let file = openFile() else { return }
        var reader = calls ?? TracedCalls(file)
        let end = file.progress().committed
        while let call = reader.next(before: end) { find(call, file) }
        calls = reader
    }

    private mutating func openFile() -> CaptureFile? {
        // try?: the file is not there yet while rr starts
        if file == nil { file = try? CaptureFile(path: path) }
        return file
    }

    /// Looks for the frame of a call that was captured. A stop that stands for no frame is passed over.
    private mutating func find(_ call: TracedCalls.Call, _ file: CaptureFile) {
        fill(file)
        let index = expected.firstIndex { $0.number == call.number && $0.next == call.next && $0.arguments == call.arguments }
        guard let index else { return }
        event = expected[index].event
        computed.found = expected[index].computed
        expected.removeFirst(index + 1)
        fill(file)
        recordedComputing = (expected.first?.computed ?? computed.read) &- computed.found
    }

    /// Reads frames until there are enough calls to look at.
    private mutating func fill(_ file: CaptureFile) {
        while expected.count < Self.lookAhead, frames?.advance() == true { note(file) }
    }

    private mutating func note(_ file: CaptureFile) {
        guard let time = frames?.time, let event = frames?.event else { return }
        let call = frames?.syscall
        let step = latest.map { time.subtractingReportingOverflow($0) }
        latest = time
        if let step, !step.overflow, step.partialValue > 0, call?.state != .exiting { computed.read &+= step.partialValue }
        guard let call, call.state == .entering, call.architecture == .x86_64, file.captures(call.number) else { return }
        let arguments = (0..<6).map { frames?.argument($0) ?? 0 }
        expected.append(
            Expected(
                event: event, computed: computed.read, number: call.number, next: frames?.instructionPointer ?? 0, arguments: arguments))
    }
}

/// The traced calls of a capture file that still grows; those of the syscall buffer are passed over unread.
private struct TracedCalls {
    /// What is compared with a frame.
    struct Call {
        var number: Int32
        /// The instruction after the call's own.
        var next: UInt64
        var arguments: [UInt64]
    }

    private static let windowSize = 1 << 16

    private let file: CaptureFile
    private var offset: UInt64
    private var window: [UInt8] = []
    private var windowOffset: UInt64 = 0

    init(_ file: CaptureFile) {
        self.file = file
        offset = file.first
    }

    /// The next traced call in front of `end`; `nil` if there is none yet, or the file is damaged.
    mutating func next(before end: UInt64) -> Call? {
        let recordSize = UInt64(CapturedCalls.recordSize)
        while offset <= end, end - offset >= recordSize, let start = load(CapturedCalls.recordSize, before: end) {
            let size = UInt64(window.number(at: start) as UInt32)
            guard size >= recordSize, size <= end - offset else { return nil }
            offset += size
            guard let kind = CapturedCall.Kind(rawValue: window[start + 4]), kind != .buffered else { continue }
            let stop: UInt64 = window.number(at: start + 24)
            return Call(
                number: Int32(window.number(at: start + 6) as UInt16), next: CapturedCall.next(kind, stop),
                arguments: (0..<6).map { window.number(at: start + 32 + 8 * $0) })
        }
        return nil
    }

    private mutating func load(_ count: Int, before end: UInt64) -> Int? {
        if offset >= windowOffset, offset - windowOffset <= UInt64(window.count), UInt64(window.count) - (offset - windowOffset) >= count {
            return Int(offset - windowOffset)
        }
        // Nothing behind `end`: it will be written yet.
        window = file.read(at: offset, count: Int(min(UInt64(Self.windowSize), end - offset))) ?? []
        windowOffset = offset
        return window.count >= count ? 0 : nil
    }
}
