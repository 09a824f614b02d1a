public import RunModel

/// What is known of the bytes that calls moved.
public struct Contents {
    /// At most `count` bytes of what an operation moved, from an offset in it on; `nil` where they are not known.
    public typealias Bytes = (_ operation: OperationRef, _ offset: UInt64, _ count: Int) -> [UInt8]?

    /// Whether the bytes of an operation are known; costs little.
    public var isKnown: (OperationRef) -> Bool
    /// The bytes.
    public var bytes: Bytes

    /// Contents that `bytes` tells for those operations of which they are known.
    public init(isKnown: @escaping (OperationRef) -> Bool = { _ in false }, bytes: @escaping Bytes = { _, _, _ in nil }) {
        self.isKnown = isKnown
        self.bytes = bytes
    }

    /// A number that is the same for the same message; `nil` where its bytes are not known. (FNV-1a)
    func fingerprint(_ operation: OperationRef, length: UInt64) -> UInt64? {
        guard isKnown(operation), let count = Int(exactly: length), let bytes = bytes(operation, 0, count), bytes.count == count else {
            return nil
        }
        return bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0100_0000_01b3 }
    }
}

/// Holds bytes that were sent against bytes that were received; what was looked at last is kept.
struct ContentComparison {
    private let contents: Contents
    private var kept: [Place: [UInt8]?] = [:]
    private struct Place: Hashable {
        var operation: OperationRef
        var offset: UInt64
    }

    /// So many bytes are compared: if these agree, the rest will.
    static let mostCompared = 4096
    /// So many pieces are kept.
    private static let mostKept = 1024

    init(_ contents: Contents) { self.contents = contents }

    /// Whether `count` bytes of a send, from an offset on, can be those of a receive from another on: they are the same, or not known.
    mutating func agree(_ send: OperationRef, _ given: UInt64, _ receive: OperationRef, _ taken: UInt64, _ count: UInt64) -> Bool {
        guard contents.isKnown(send), contents.isKnown(receive), let one = bytes(send, given), let other = bytes(receive, taken) else {
            return true
        }
        let compared = min(one.count, other.count, Int(clamping: count))
        return one.prefix(compared).elementsEqual(other.prefix(compared))
    }

    /// Bytes of an operation from `offset` on, as many as are compared, or as there are.
    private mutating func bytes(_ operation: OperationRef, _ offset: UInt64) -> [UInt8]? {
        let place = Place(operation: operation, offset: offset)
        if let known = kept[place] { return known }
        if kept.count == Self.mostKept { kept = [:] }
        let bytes = contents.bytes(operation, offset, Self.mostCompared)
        kept[place] = bytes
        return bytes
    }
}
