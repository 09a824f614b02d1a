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
    private var readers: [NodeID: NodeReader] = [:]
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

    private func reader(_ node: NodeID) throws -> NodeReader {
        if open.last != node {
            open.removeAll { $0 == node }
            open.append(node)
            if open.count > Self.openTraces { readers[open.removeFirst()]?.close() }
        }
        if let reader = readers[node] { return reader }
        let reader = try NodeReader(index, node)
        readers[node] = reader
        return reader
    }
}

/// A reader of stored bytes that can be let go of.
private final class OpenData {
    var reader: DataReader

    init(reader: consuming DataReader) { self.reader = reader }
}

/// The payloads of one node.
private final class NodeReader {
    private let index: RunIndex
    private let node: NodeID
    private let trace: TraceDirectory
    private var data: OpenData?
    private var capture: StoredCapture?
    private var scattered: PayloadMap?

    init(_ index: RunIndex, _ node: NodeID) throws {
        self.index = index
        self.node = node
        trace = try TraceDirectory(path: index.nodes[Int(node.index)].tracePath)
    }

    /// Lets go of the trace; it is opened again when it is needed.
    func close() {
        data = nil
        if case .file = capture { capture = nil }
    }

    /// The capture that was asked for, and is gone.
    var goneCapture: CaptureError? {
        if case .gone(let path) = capture { .gone(path: path) } else { nil }
    }

    /// Bytes that a replay has captured; `nil` if its file is gone, as files are that somebody deletes to save space.
    private func captured(at offset: UInt64, count: Int) throws(CaptureError) -> [UInt8]? {
        if capture == nil { capture = try StoredCapture(path: index.capturePath(of: node)) }
        guard case .file(let file) = capture else { return nil }
        if let bytes = file.bytes(at: offset, count: count) { return bytes }
        throw .cutOff(path: file.path, size: file.size, expected: offset &+ UInt64(count))
    }

    /// The stored bytes, open.
    private func opened() throws -> OpenData {
        if let data { return data }
        let opened = OpenData(reader: try DataReader(trace))
        data = opened
        return opened
    }

    func read(_ payload: PayloadRef, at event: UInt64, offset: UInt64, count: UInt64) throws -> [UInt8]? {
        switch payload {
        case .unknown: return nil
        case .trace(let start, let length):
            guard offset <= UInt64(length), UInt64(length) - offset >= count else { return nil }
            return try opened().reader.read(offset: start &+ offset, count: Int(count))
        case .captured(let start, let length):
            guard offset <= UInt64(length), UInt64(length) - offset >= count else { return nil }
            return try captured(at: start &+ offset, count: Int(count))
        case .frame:
            guard let pieces = try map().pieces(at: event) else { return nil }
            return try read(pieces, offset: offset, count: count)
        }
    }

    /// The map of all payloads of the node that are not in one piece: made once, by one pass over the trace.
    private func map() throws -> PayloadMap {
        if let scattered { return scattered }
        let stream = index.operations(of: node)
        var events: Set<UInt64> = []
        for number in 0..<stream.count {
            let operation = try stream.operation(number)
            if operation.payload == .frame { events.insert(operation.at.event) }
        }
        let map = try PayloadMap(trace, events: events)
        scattered = map
        return map
    }

    private func read(_ pieces: [PayloadPiece], offset: UInt64, count: UInt64) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        var skip = offset
        for piece in pieces where UInt64(bytes.count) < count {
            let missing = count - UInt64(bytes.count)
            switch piece {
            case .zeros(let zeros):
                if zeros > skip { bytes += Array(repeating: 0, count: Int(min(zeros - skip, missing))) }
                skip -= min(skip, zeros)
            case .stored(let start, let length):
                if length > skip {
                    guard
                        let read = try opened().reader.read(offset: start &+ skip, count: Int(min(length - skip, missing)))
                    else { return nil }
                    bytes += read
                }
                skip -= min(skip, length)
            }
        }
        return UInt64(bytes.count) == count ? bytes : nil
    }
}
