#if canImport(Glibc)
    import Glibc
#endif

/// The file that takes what a node prints, read while it grows.
struct NodeLog {
    /// Its path.
    let path: String
    private var offset = 0
    /// The beginning of a line whose end has not been printed yet.
    private var rest: [UInt8] = []

    /// How much is read at a time, in bytes; longer lines are broken.
    private static let blockSize = 1 << 16
    private static let blocksAtATime = 16
    /// How much of a log's end is looked at for its last lines, in bytes.
    private static let tailSize = 1 << 12

    /// The log at `path`, from its beginning.
    init(path: String) { self.path = path }

    /// The lines that were added since the last time; if `isLast`, also one without an end.
    mutating func newLines(isLast: Bool) -> [String] {
        var lines: [String] = []
        // A program that prints faster than we do must not keep us from anything else.
        for _ in 0..<(isLast ? Int.max : Self.blocksAtATime) {
            let block = Self.read(path, from: offset, count: Self.blockSize)
            offset += block.count
            rest += block
            var parts = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let isBroken = parts.count == 1 && rest.count >= Self.blockSize
            rest = isBroken ? [] : parts.popLast().map(Array.init) ?? []
            lines += parts.map { String(decoding: $0, as: UTF8.self) }
            if block.count < Self.blockSize { break }
        }
        if isLast && !rest.isEmpty {
            lines.append(String(decoding: rest, as: UTF8.self))
            rest = []
        }
        return lines
    }

    /// The last lines of the log at `path`, at most `count`.
    static func tail(_ path: String, count: Int) -> [String] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        let block = read(path, from: max(0, Int(status.st_size) - tailSize), count: tailSize)
        return block.split(separator: UInt8(ascii: "\n")).suffix(count).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Up to `count` bytes of the file; none if it cannot be read.
    private static func read(_ path: String, from offset: Int, count: Int) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, read in
            read = max(0, pread(file, buffer.baseAddress, count, off_t(offset)))
        }
    }
}
