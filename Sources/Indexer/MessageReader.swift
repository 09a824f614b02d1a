import Capture
import Endpoints
import RRTrace
import RunModel
public import RunStore

/// Reads the bytes of messages: from the traces of their receivers, or as a replay of the sender has captured them. Inflates only what is
/// asked for.
///
/// Memory: some 2 MB for each of the last `openTraces` nodes read from.
public final class MessageReader {
    /// So many bytes of a message are shown where only its beginning is.
    public static let previewLength = 400
    /// The most bytes of a message that are read.
    public static let wholeLength = 1 << 28

    private let index: RunIndex
    private var readers: [NodeID: NodeBytes] = [:]
    /// Those whose traces are open, the one used last at the end.
    private var open: [NodeID] = []
    /// So many traces are open at once: a process may not have any number of files, nor any amount of memory.
    private static let openTraces = 128

    /// A reader for the messages of `index`.
    public init(_ index: RunIndex) { self.index = index }

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
                let read = try reader(part.position.node).read(
                    part.payload, at: part.position.moment.event, offset: part.offset, count: count)
            else { return bytes.isEmpty ? nil : bytes }
            bytes += read
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// `count` bytes of what a message's send handed over, from `offset` of it on; `nil` if no replay has captured them.
    func sent(_ message: Message, offset: UInt64, count: UInt64) throws -> [UInt8]? {
        guard let from = message.from, case .captured = message.sentPayload else { return nil }
        return try reader(from.position.node).read(message.sentPayload, at: from.position.moment.event, offset: offset, count: count)
    }

    /// `count` bytes of what `part` took, from `offset` of it on; `nil` if no trace holds them.
    func received(_ part: Message.Part, offset: UInt64, count: UInt64) throws -> [UInt8]? {
        try reader(part.position.node).read(
            part.payload, at: part.position.moment.event, offset: part.offset &+ offset, count: count)
    }

    /// What made bytes unknown that were known when the run was indexed, for people.
    public var troubles: [String] {
        readers.sorted { $0.key < $1.key }.compactMap { node, reader in reader.goneCapture.map { "\(index.name(node)): \($0)" } }
    }

    private func reader(_ node: NodeID) throws -> NodeBytes {
        if open.last != node {
            open.removeAll { $0 == node }
            open.append(node)
            if open.count > Self.openTraces { readers[open.removeFirst()]?.close() }
        }
        if let reader = readers[node] { return reader }
        let stream = index.operations(of: node)
        let reader = try NodeBytes(trace: index.nodes[Int(node.index)].tracePath, capture: index.capturePath(of: node)) {
            var events: Set<UInt64> = []
            for number in 0..<stream.count {
                let operation = try stream.operation(number)
                if operation.payload == .frame { events.insert(operation.at.event) }
            }
            return events
        }
        readers[node] = reader
        return reader
    }
}
