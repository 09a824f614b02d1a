/// Reads the chunks of a stream file in order.
///
/// A chunk is: compressed length (u32), uncompressed length (u32), and a complete brotli stream of its own. (The comment in
/// rr's schema has the two lengths the other way round.)
struct ChunkReader: ~Copyable, Sendable {
    /// The largest chunk that is read, stored or inflated. rr makes chunks of 1 MiB.
    static let maximumSize = 4 << 20
    /// Length of the two numbers before a chunk.
    static let headerSize = 8

    private let file: TraceFile
    private let name: String
    private var offset: UInt64
    private var stored: [UInt8] = []
    /// What ended the stream early.
    private(set) var anomaly: TraceAnomaly?

    /// Reads `file`, the stream `name`, from `offset`, where a chunk begins.
    init(file: consuming TraceFile, name: String, offset: UInt64 = 0) {
        self.file = file
        self.name = name
        self.offset = offset
    }

    /// Makes `chunk` the next chunk; `false` at the end of the stream, or where it is damaged (`anomaly` then says so).
    mutating func next(_ chunk: inout Chunk) -> Bool { read(at: offset, into: &chunk) }

    /// Makes `chunk` the one that begins at `offset` of the file; the next one is that behind it.
    mutating func read(at offset: UInt64, into chunk: inout Chunk) -> Bool {
        guard anomaly == nil, let sizes = sizes(at: offset) else { return false }
        self.offset = offset
        if stored.count < sizes.stored { stored = [UInt8](repeating: 0, count: sizes.stored) }
        guard let got = file.read(sizes.stored, at: offset &+ UInt64(Self.headerSize), into: &stored) else {
            return fail("unreadable-file", "the system cannot read it")
        }
        guard got == sizes.stored else { return fail("truncated-chunk", "\(got) bytes of \(sizes.stored)") }
        guard chunk.inflate(stored, storedCount: sizes.stored, count: sizes.inflated) else {
            return fail("damaged-chunk", "\(sizes.stored) bytes do not inflate to \(sizes.inflated)")
        }
        self.offset = offset &+ UInt64(Self.headerSize + sizes.stored)
        return true
    }

    /// The lengths of the chunk at `offset`; `nil` at the end of the file, or if it cannot be one (`anomaly` then says so).
    mutating func sizes(at offset: UInt64) -> (stored: Int, inflated: Int)? {
        self.offset = offset
        if stored.count < Self.headerSize { stored = [UInt8](repeating: 0, count: Self.headerSize) }
        guard let got = file.read(Self.headerSize, at: offset, into: &stored) else {
            _ = fail("unreadable-file", "the system cannot read it")
            return nil
        }
        if got == 0 { return nil }
        guard got == Self.headerSize else {
            _ = fail("truncated-chunk", "\(got) bytes of a chunk's header of \(Self.headerSize)")
            return nil
        }
        let compressed = Int(stored.littleEndian(at: 0) as UInt32)
        let inflated = Int(stored.littleEndian(at: 4) as UInt32)
        guard compressed <= Self.maximumSize, inflated <= Self.maximumSize else {
            _ = fail("damaged-chunk", "lengths \(compressed) and \(inflated), at most \(Self.maximumSize) expected")
            return nil
        }
        return (compressed, inflated)
    }

    /// Forgets what ended the stream, and returns it: other chunks can still be read.
    mutating func clearAnomaly() -> TraceAnomaly? {
        defer { anomaly = nil }
        return anomaly
    }

    private mutating func fail(_ what: String, _ detail: String) -> Bool {
        anomaly = TraceAnomaly(what, subject: name, offset: offset, detail: detail)
        return false
    }
}
