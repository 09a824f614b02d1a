import Capture
import RunModel
public import RunStore

/// Reads the bytes of messages: from the traces of their receivers, or as a replay of the sender has captured them. Inflates only what is
/// asked for.
///
/// Memory: some 2 MB for each of the last `OpenNodes.mostOpen` nodes read from.
public final class MessageReader {
    /// So many bytes of a message are shown where only its beginning is.
    public static let previewLength = 400
    /// The most bytes of a message that are read.
    public static let wholeLength = 1 << 28

    private let index: RunIndex
    private let nodes: OpenNodes

    /// A reader for the messages of `index`.
    public init(_ index: RunIndex) {
        self.index = index
        nodes = OpenNodes { node in
            let stream = index.operations(of: node)
            return try NodeBytes(trace: index.nodes[Int(node.index)].tracePath, capture: index.capturePath(of: node)) {
                var events: Set<UInt64> = []
                for number in 0..<stream.count {
                    let operation = try stream.operation(number)
                    if operation.payload == .frame { events.insert(operation.at.event) }
                }
                return events
            }
        }
    }

    /// The bytes of a message, at most `limit` of them: those that recorded receives took, in order, or, if that is not all of it, those
    /// that were sent. `nil` if nothing holds them.
    ///
    /// - Throws: `TraceError` if a trace cannot be opened.
    public func payload(of message: Message, limit: Int = MessageReader.wholeLength) throws -> [UInt8]? {
        if message.delivered < message.bytes, let bytes = try sent(message, offset: 0, count: min(message.bytes, UInt64(limit))) {
            return bytes
        }
        var bytes: [UInt8] = []
        for part in message.to where bytes.count < limit {
            let count = min(part.length, UInt64(limit - bytes.count))
            guard
                let read = try nodes.node(part.position.node).read(
                    part.payload, at: part.position.moment.event, offset: part.offset, count: count)
            else { return bytes.isEmpty ? nil : bytes }
            bytes += read
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// `count` bytes of what a message's send handed over, from `offset` of it on; `nil` if no replay has captured them.
    func sent(_ message: Message, offset: UInt64, count: UInt64) throws -> [UInt8]? {
        guard let from = message.from, case .captured = message.sentPayload else { return nil }
        return try nodes.node(from.position.node).read(message.sentPayload, at: from.position.moment.event, offset: offset, count: count)
    }

    /// `count` bytes of what `part` took, from `offset` of it on; `nil` if no trace holds them.
    func received(_ part: Message.Part, offset: UInt64, count: UInt64) throws -> [UInt8]? {
        try nodes.node(part.position.node).read(
            part.payload, at: part.position.moment.event, offset: part.offset &+ offset, count: count)
    }

    /// What made bytes unknown that were known when the run was indexed, for people.
    public var troubles: [String] { nodes.gone.map { "\(index.name($0.node)): \($0.error)" } }
}
