import Glibc

/// A file that the capture agent wrote, open for reading; nothing in it is trusted.
///
/// It is read with `pread`, not mapped: a mapping of a file that shrinks would kill us.
public final class CaptureFile: Sendable {
    /// How the agent ended.
    public enum State: UInt32, Sendable {
        /// It did not: rr died, or is still at it.
        case running
        /// With rr, in order.
        case ended
        /// It ran out of disk space; what came later is not there.
        case noSpace
    }

    /// How buffered calls were caught.
    public enum Mode: UInt32, Sendable {
        /// None was seen.
        case undecided
        /// In a ring inside the tracee.
        case ring
        /// By a stop for each.
        case int3
        /// By rr's debug server.
        case remote
    }

    /// Why it was not by the ring.
    public enum Fallback: UInt32, Sendable {
        /// It was; or there was nothing to decide.
        case none
        /// Nobody wanted it.
        case asked
        /// rr's page had something in the places that the ring needs.
        case pageInUse
        /// rr's page had other instructions than expected: buffered calls are not captured at all.
        case slotUnknown
    }

    /// The version that this reader knows.
    public static let format: UInt32 = 1
    /// The agent's version: a new one may capture more, or more rightly.
    public static let agent: UInt32 = 2
    static let magic = Array("RACALLS\n".utf8)
    static let headerSize = 176
    static let bitmap = 112..<176

    /// Where it is.
    public let path: String
    /// The version of the agent that wrote it.
    public let agent: UInt32
    /// How the agent ended; `nil` for a state this reader does not know.
    public let state: State?
    /// How buffered calls were caught.
    public let mode: Mode?
    /// Why not by the ring.
    public let fallback: Fallback?
    /// How often a tracee's memory could not be read.
    public let unreadable: UInt64
    /// How many sends were from memory that is not there.
    public let faults: UInt64
    /// Where the first record begins.
    let first: UInt64
    /// Where the last whole record ends.
    let committed: UInt64
    /// How long the file was when it was opened.
    public let size: UInt64
    private let captured: [UInt8]
    private let file: OpenFile
    private var descriptor: Int32 { file.descriptor }

    /// A descriptor that is closed with it, also if an `init` throws before there is a whole `CaptureFile`.
    private final class OpenFile: Sendable {
        let descriptor: Int32
        init(_ descriptor: Int32) { self.descriptor = descriptor }
        deinit { close(descriptor) }
    }

    /// Opens the file at `path`, reads its header, and holds that against the file's size.
    ///
    /// - Throws: `CaptureError` for a file that cannot be read, is none, is of another version, or has lost its end.
    public init(path: String) throws(CaptureError) {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, errno: errno) }
        file = OpenFile(descriptor)
        guard let header = Self.read(descriptor, at: 0, count: Self.headerSize) else { throw .unreadable(path: path, errno: errno) }
        guard header.starts(with: Self.magic) else { throw .notACapture(path: path, detail: "it does not begin like one") }
        let format: UInt32 = header.number(at: 8)
        guard format == Self.format else { throw .unsupported(path: path, found: format, expected: Self.format) }
        guard header.count == Self.headerSize else { throw .notACapture(path: path, detail: "its header is cut off") }
        agent = header.number(at: 12)
        committed = header.number(at: 16)
        first = UInt64(header.number(at: 24) as UInt32)
        state = State(rawValue: header.number(at: 28))
        mode = Mode(rawValue: header.number(at: 32))
        fallback = Fallback(rawValue: header.number(at: 36))
        unreadable = header.number(at: 48)
        faults = header.number(at: 56)
        captured = Array(header[Self.bitmap])
        // Also while the agent is at it: what it has committed is in the file already.
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, errno: errno) }
        size = UInt64(clamping: status.st_size)
        guard committed <= size else { throw .cutOff(path: path, size: size, expected: committed) }
    }

    /// Whether the agent writes calls of `number` down.
    public func captures(_ number: Int32) -> Bool {
        guard number >= 0, number < captured.count * 8 else { return false }
        return captured[Int(number) / 8] >> UInt8(number % 8) & 1 != 0
    }

    /// How far the agent is by now: where the last whole record ends, and at how many calls outside of the syscall buffer it was, captured
    /// or not; what was there when the file was opened, if it cannot be read any more.
    func progress() -> (committed: UInt64, stops: UInt64) {
        guard let counters = read(at: 16, count: 56), counters.count == 56 else { return (committed, 0) }
        return (counters.number(at: 0), counters.number(at: 48))
    }

    /// The first `count` bytes of `section`, or all of it; `nil` if they cannot be read.
    public func bytes(of section: CapturedCall.Section, prefix count: Int = .max) -> [UInt8]? {
        let wanted = min(section.count, max(0, count))
        return bytes(at: section.offset, count: wanted)
    }

    /// `count` bytes from `offset` on; `nil` if they cannot all be read.
    public func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
        guard count >= 0, let bytes = read(at: offset, count: count), bytes.count == count else { return nil }
        return bytes
    }

    /// Up to `count` bytes from `offset`, fewer at the end of the file; `nil` if the system refuses.
    func read(at offset: UInt64, count: Int) -> [UInt8]? { Self.read(descriptor, at: offset, count: count) }

    private static func read(_ descriptor: Int32, at offset: UInt64, count: Int) -> [UInt8]? {
        guard let start = Int(exactly: offset) else { return [] }
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, start &+ done)
                if got < 0, errno == EINTR { continue }
                failed = got < 0
                if got <= 0 { break }
                done += got
            }
        }
        return failed ? nil : bytes
    }
}

extension Collection<UInt8> where Index == Int {
    /// The number at `offset`, low byte first; 0 for the bytes that are not there.
    func number<Number: FixedWidthInteger>(at offset: Int) -> Number {
        var value: Number = 0
        for index in 0..<MemoryLayout<Number>.size where offset + index < count {
            value |= Number(truncatingIfNeeded: self[startIndex + offset + index]) << Number(8 * index)
        }
        return value
    }
}
