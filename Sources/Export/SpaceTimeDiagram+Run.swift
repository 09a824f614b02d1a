import RunModel
public import RunStore

/// Which part of a run to draw.
public struct DiagramRange: Sendable {
    /// The first rank.
    public var first: Int
    /// The last rank; `nil`: as far as `SpaceTimeDiagram.usualMessages` messages reach.
    public var last: Int?

    /// The ranks `first` to `last`.
    public init(first: Int = 1, last: Int? = nil) {
        self.first = first
        self.last = last
    }
}

extension SpaceTimeDiagram {
    /// So many messages are drawn if no end is given: as many as fit a printed page.
    public static let usualMessages = 40
    /// The most rows of a picture.
    public static let maximumRows = 1000
    /// The most lanes of a picture.
    public static let maximumLanes = 40

    /// A picture of part of a run.
    ///
    /// - Parameters:
    ///   - index: the run.
    ///   - range: what part of it.
    ///   - payload: the beginning of a message as text; `nil` if it is not known.
    /// - Throws: `IndexError` if the index cannot be read, and what `payload` throws.
    public init(of index: RunIndex, _ range: DiagramRange, payload: (Message) throws -> String?) throws {
        var builder = try DiagramBuilder(index, range)
        try builder.addRows(payload)
        self = builder.finish()
    }
}

/// Turns a stretch of the total order into rows and arrows.
private struct DiagramBuilder {
    private let index: RunIndex
    private let found: Stretch
    /// The nodes that have a lane, from left to right.
    private let nodes: [NodeID]
    private let start: Int64
    private var rows: [SpaceTimeDiagram.Row] = []
    private var arrows: [SpaceTimeDiagram.Arrow] = []
    private var rowOfRank: [Int: Int] = [:]
    /// For the ranks of receives, the position of the drawn send that comes first in them.
    private var sent: [Int: String] = [:]
    /// The row of each channel's connect.
    private var connected: [Int: Int] = [:]

    init(_ index: RunIndex, _ range: DiagramRange) throws(IndexError) {
        self.index = index
        found = try Stretch(index, range)
        nodes = try Self.lanes(found.operations, index)
        start = index.nodes.filter { $0.events > 0 }.map { $0.time.lowerBound &+ $0.clockOffset }.min() ?? 0
    }

    /// The nodes that do something, in the order in which they first do anything in the whole run: two pictures of one run agree.
    private static func lanes(_ operations: [(rank: Int, ref: OperationRef)], _ index: RunIndex) throws(IndexError) -> [NodeID] {
        var ranked: [(rank: Int, node: NodeID)] = []
        for node in Set(operations.map(\.ref.node)) { ranked.append((try index.rank(OperationRef(node: node, index: 0)), node)) }
        return ranked.sorted { $0.rank < $1.rank }.prefix(SpaceTimeDiagram.maximumLanes).map(\.node)
    }

    mutating func addRows(_ payload: (Message) throws -> String?) throws {
        let drawn = found.operations.filter { nodes.contains($0.ref.node) }
        for (row, operation) in drawn.enumerated() { rowOfRank[operation.rank] = row }
        for (rank, ref) in drawn {
            let operation = try index.operation(ref)
            let endpoint = EndpointID(node: ref.node, serial: Int(operation.endpoint))
            let channel = try index.channel(of: ref)
            let peer = try channel.map { try End($0.channel.has(endpoint, atA: true) ? $0.channel.b : $0.channel.a, index) }
            var row = SpaceTimeDiagram.Row(
                rank: rank, lane: nodes.firstIndex(of: ref.node) ?? 0, mark: Self.mark(operation), text: "",
                detail: detail(operation, rank, ref, channel?.id))
            let here = index.text(Position(node: ref.node, moment: operation.at))
            row.text = here + " " + Self.words(row.mark, sent[rank] ?? peer?.name)
            if let message = try index.message(at: ref, rank: rank) {
                row.payload = try payload(message) ?? ""
                // Hidden in the syscall buffer: the listings write it the same way.
                if message.from == nil, let peer, peer.node != nil { row.text = here + " ← \(peer.name)@?" }
                if let first = message.to.first, message.from != nil {
                    row.text = here + " → " + index.text(first.position) + (message.to.count > 1 ? " +\(message.to.count - 1)" : "")
                }
                try addArrows(of: message)
            } else if operation.kind == .receive && operation.result > 0, let channel, let peer {
                addArrivals(rank, channel, peer)
            }
            if let channel { addConnection(operation, channel) }
            rows.append(row)
        }
    }

    private mutating func addArrows(of message: Message) throws(IndexError) {
        let channel = message.channel.index
        guard let from = message.from else { return arrows.append(.init(from: .outside, to: .row(rows.count), channel: channel)) }
        for part in message.to {
            let lane = nodes.firstIndex(of: part.position.node)
            let to = rowOfRank[part.rank].map { SpaceTimeDiagram.ArrowEnd.row($0) } ?? lane.map { .beyond(lane: $0) } ?? .elsewhere
            arrows.append(.init(from: .row(rows.count), to: to, channel: channel))
            if sent[part.rank] == nil { sent[part.rank] = index.text(from.position) }
        }
        guard message.to.isEmpty else { return }
        arrows.append(.init(from: .row(rows.count), to: try canTell(who: message) ? .nobody : .outside, channel: channel))
    }

    /// Whether all that took bytes at the receiving end of a message is known.
    private func canTell(who message: Message) throws(IndexError) -> Bool {
        guard case .endpoint(let id) = message.forward ? message.channel.channel.b : message.channel.channel.a else { return false }
        return try index.endpoint(id).opaqueFrom == nil
    }

    /// The arrow of a receive whose send comes before the first row.
    private mutating func addArrivals(_ rank: Int, _ channel: IndexedChannel, _ peer: End) {
        guard sent[rank] == nil, let node = peer.node else { return }
        let from = nodes.firstIndex(of: node).map { SpaceTimeDiagram.ArrowEnd.beyond(lane: $0) } ?? .elsewhere
        arrows.append(.init(from: from, to: .row(rows.count), channel: channel.index))
    }

    private mutating func addConnection(_ operation: Operation, _ channel: IndexedChannel) {
        if operation.kind == .connect { connected[channel.index] = rows.count }
        guard operation.kind == .accept, let from = connected[channel.index] else { return }
        arrows.append(.init(from: .row(from), to: .row(rows.count), channel: channel.index, isConnection: true))
    }

    private static func mark(_ operation: Operation) -> SpaceTimeDiagram.Mark {
        if operation.result < 0 { return .failure }
        return switch operation.kind {
        case .connect: .connect
        case .accept: .accept
        case .send: .send
        case .receive: operation.isEndOfStream ? .end : .receive
        case .shutdown, .close: .close
        case .listen: .listen
        case .ready: .ready
        }
    }

    private static func words(_ mark: SpaceTimeDiagram.Mark, _ peer: String?) -> String {
        let peer = peer ?? "?"
        return switch mark {
        case .send: "→ \(peer)"
        case .receive: "← \(peer)"
        case .connect: "connects to \(peer)"
        case .accept: "accepts \(peer)"
        case .end: "sees the end of \(peer)"
        case .close: "closes to \(peer)"
        case .listen: "listens"
        case .ready: "sees that there is something from \(peer)"
        case .failure: "fails"
        }
    }

    private func detail(_ operation: Operation, _ rank: Int, _ ref: OperationRef, _ channel: String?) -> String {
        let node = index.nodes[Int(ref.node.index)]
        let micros = (operation.earliest &+ node.clockOffset &- start) / 1000
        return ["rank \(rank)", "\(operation.kind) at \(index.text(Position(node: ref.node, moment: operation.at)))"]
            .joined(separator: ": ") + ", process \(operation.process), task \(operation.task), "
            + (operation.result > 0 ? "\(operation.result) bytes, " : "")
            + (channel.map { "channel \($0), " } ?? "") + "\(micros) µs after the run's beginning"
    }

    /// A node's command line; words that are empty or hold spaces in quotes.
    private func command(_ node: NodeID) -> String {
        index.nodes[Int(node.index)].command.map { $0.isEmpty || $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
    }

    func finish() -> SpaceTimeDiagram {
        let names = { (nodes: [NodeID]) in nodes.map { index.name($0) }.joined(separator: ", ") }
        let total = index.nodes.reduce(0) { $0 + $1.operations }
        var notes = [
            "Time runs downwards, one operation a row, in total order; distances mean nothing.",
            "Two rows that no way along lanes and arrows connects may have happened in either order.",
        ]
        if rows.count < total {
            notes.append("Left out: \(total - rows.count) of \(total) operations. Show others with --from and --to.")
        }
        let idle = index.nodes.indices.map { NodeID($0) }.filter { !nodes.contains($0) }
        if !idle.isEmpty { notes.append("Without a lane, since they do nothing here (or there are too many): \(names(idle))") }
        let ranks = rows.first.map { "ranks \($0.rank) to \(rows.last?.rank ?? $0.rank)" } ?? "no ranks"
        let title = "Who said what to whom: \(index.nodes.count) nodes, \(ranks) of \(total)"
        let lanes = nodes.map { node in
            SpaceTimeDiagram.Lane(name: index.name(node), command: command(node))
        }
        return SpaceTimeDiagram(title: title, lanes: lanes, rows: rows, arrows: arrows, notes: notes)
    }
}

/// The operations to draw.
private struct Stretch {
    var operations: [(rank: Int, ref: OperationRef)] = []

    init(_ index: RunIndex, _ range: DiagramRange) throws(IndexError) {
        var operations: [(rank: Int, ref: OperationRef)] = []
        var messages = 0
        var lastRank = range.last ?? Int.max
        try index.forEachOperation { rank, ref throws(IndexError) in
            guard rank <= lastRank, operations.count < SpaceTimeDiagram.maximumRows else { return false }
            guard rank >= range.first else { return true }
            operations.append((rank, ref))
            if range.last == nil, let message = try index.message(at: ref, rank: rank) {
                messages += 1
                // The last message is drawn to its end, if that is near.
                if messages == SpaceTimeDiagram.usualMessages {
                    lastRank = max(rank, message.to.map(\.rank).max() ?? rank)
                    lastRank = min(lastRank, rank + SpaceTimeDiagram.usualMessages)
                }
            }
            return true
        }
        self.operations = operations
    }
}

/// The other end of a channel: a node, or the address of somebody who was not recorded.
private struct End {
    var node: NodeID?
    var name: String

    init(_ end: Channel.End, _ index: RunIndex) throws(IndexError) {
        switch end {
        case .endpoint(let id):
            node = id.node
            name = index.name(id.node)
        case .outside(let address):
            name = "(\(address.map { "\($0)" } ?? "unknown"))"
        }
    }
}
