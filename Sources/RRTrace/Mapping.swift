/// A mapping that appeared in an address space (stream `mmaps`).
public struct Mapping: Hashable, Sendable {
    /// Where a replay takes the mapping's contents from.
    public enum Source: Hashable, Sendable {
        /// It is all zero.
        case zero
        /// From memory writes of the same frame.
        case trace
        /// From a file: in the trace directory, unless the name begins with `/`.
        case file(name: [UInt8])
        /// A kind this reader does not know.
        case unknown(tag: UInt16)
    }

    /// The number of the frame it belongs to.
    public let event: UInt64
    /// Where it begins.
    public let start: UInt64
    /// The first address after it.
    public let end: UInt64
    /// The name of what is mapped, as the recorder saw it.
    public let name: [UInt8]
    /// `PROT_*` bits.
    public let protection: Int32
    /// `MAP_*` bits.
    public let flags: Int32
    /// Offset in the mapped file, in bytes.
    public let fileOffset: Int64
    /// The mapped file's device.
    public let device: UInt64
    /// The mapped file's inode.
    public let inode: UInt64
    /// Where a replay takes the contents from.
    public let source: Source
}

extension TraceDirectory {
    /// All mappings in order, and what could not be read. O(length of the stream `mmaps`), in time and memory.
    public func mappings() -> (mappings: [Mapping], anomalies: [TraceAnomaly]) {
        let (values, anomalies) = readAll("mmaps") { (message) throws(Message.Damage) in try Mapping(message) }
        return (values, anomalies)
    }
}

extension Mapping {
    /// Reads a message of the stream `mmaps`.
    init(_ message: borrowing Message) throws(Message.Damage) {
        let root = try message.root()
        event = message.number(root, bit: 0)
        start = message.number(root, bit: 64)
        end = message.number(root, bit: 128)
        name = try message.bytes(0, of: root)
        device = message.number(root, bit: 192)
        inode = message.number(root, bit: 256)
        protection = message.number(root, bit: 320)
        flags = message.number(root, bit: 352)
        fileOffset = message.number(root, bit: 384)
        let tag: UInt16 = message.number(root, bit: 544)
        switch tag {
        case 0: source = .zero
        case 1: source = .trace
        case 2: source = .file(name: try message.bytes(1, of: root))
        default: source = .unknown(tag: tag)
        }
    }
}
