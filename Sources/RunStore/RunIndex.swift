import Foundation
import GRDB
public import RunModel

/// The index of a run, opened for reading.
///
/// Nodes, channels and endpoints are held in memory once asked for; operations, deliveries and the order are read block by block, one
/// block of each node at a time (about 100 KB a node).
public final class RunIndex {
    /// The run.
    public let run: RunDirectory
    /// Its nodes, by name; a `NodeID` is an index of this list.
    public let nodes: [IndexedNode]
    /// What could not be decided in joining them. Each node has its own list besides.
    public let anomalies: [Anomaly]

    let file: IndexFile
    let numbers: [Int64: NodeID]
    private var channelCache: [IndexedChannel]?
    private var endpointCache: [NodeID: [Endpoint]] = [:]
    private var channelOfEndpoint: [EndpointID: Int] = [:]
    private var streams: [NodeID: OperationStream] = [:]

    /// Opens the index of `run`.
    ///
    /// - Throws: `IndexError` if there is none, or it cannot be read.
    public init(_ run: RunDirectory) throws(IndexError) {
        self.run = run
        file = try IndexFile(run, writable: false)
        nodes = try file.read { db in try NodeRows.all(db, of: run) }
        let numbers = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($0.element.stored, NodeID($0.offset)) })
        self.numbers = numbers
        anomalies = try file.read { db in try AnomalyRows.all(db, node: nil, numbers: numbers) }
    }

    /// How many messages the run has.
    public func messageCount() throws(IndexError) -> Int {
        let text = try file.read { db in try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'messages'") }
        return text.flatMap { Int($0) } ?? 0
    }

    /// The node called `name`.
    public func node(named name: String) -> NodeID? { nodes.firstIndex { $0.name == name }.map { NodeID($0) } }

    /// A node's name.
    public func name(_ node: NodeID) -> String { nodes[Int(node.index)].name }

    /// A position as text.
    public func text(_ position: Position) -> String { PositionText(node: name(position.node), moment: position.moment).description }

    /// All channels, in the order of their opening.
    public func channels() throws(IndexError) -> [IndexedChannel] {
        if let channelCache { return channelCache }
        let numbers = numbers
        let rows = try file.read { db in try ChannelRows.all(db, numbers: numbers) }
        var channels: [IndexedChannel] = []
        channels.reserveCapacity(rows.count)
        for (index, row) in rows.enumerated() {
            let ends = row.channel.endpoints(atA: true) + row.channel.endpoints(atA: false)
            if ends.isEmpty { throw .damaged("channel \(index) has no recorded end") }
            for id in ends { channelOfEndpoint[id] = channelOfEndpoint[id] == nil ? index : Self.several }
            let id = text(row.opened)
            channels.append(IndexedChannel(index: index, id: id, opened: row.opened, channel: row.channel, totals: row.totals))
        }
        channelCache = channels
        return channels
    }

    /// In place of a channel's index: the endpoint has several.
    private static let several = -1

    /// The channel that an operation belongs to, if it belongs to one: listening endpoints have none, datagram sockets may have many.
    public func channel(of ref: OperationRef) throws(IndexError) -> IndexedChannel? { try place(of: ref)?.channel }

    /// Where an operation belongs.
    public func place(of ref: OperationRef) throws(IndexError) -> ChannelPlace? {
        let channels = try channels()
        let operation = try operation(ref)
        let end = EndpointID(node: ref.node, serial: Int(operation.endpoint))
        let placement = try operations(of: ref.node).placement(Int(ref.index))
        guard let index = placement.map({ Int($0.channel) }) ?? channelOfEndpoint[end], index != Self.several else { return nil }
        guard channels.indices.contains(index) else { throw .damaged("no channel \(index)") }
        let forward = channels[index].channel.isForward(end, sends: operation.kind == .send)
        return ChannelPlace(channel: channels[index], forward: forward, bytes: operation.bytes(placed: placement))
    }

    /// An endpoint.
    public func endpoint(_ id: EndpointID) throws(IndexError) -> Endpoint {
        let all = try endpoints(of: id.node)
        guard all.indices.contains(Int(id.serial)) else { throw .damaged("no endpoint \(id.serial) in \(name(id.node))") }
        return all[Int(id.serial)]
    }

    /// A node's endpoints, by serial.
    public func endpoints(of node: NodeID) throws(IndexError) -> [Endpoint] {
        if let cached = endpointCache[node] { return cached }
        let stored = nodes[Int(node.index)].stored
        let endpoints = try file.read { db in try ActivityRows.endpoints(db, node: stored) }
        endpointCache[node] = endpoints
        return endpoints
    }

    /// Where what a replay has captured of a node's calls should be; `nil` if the node was read without a replay.
    public func capturePath(of node: NodeID) -> String? { nodes[Int(node.index)].captureName.map { run.captureFile($0) } }

    /// A node's operations, read block by block.
    public func operations(of node: NodeID) -> OperationStream {
        if let stream = streams[node] { return stream }
        let stream = OperationStream(file, nodes[Int(node.index)], node: node, numbers: numbers)
        streams[node] = stream
        return stream
    }

    /// An operation.
    public func operation(_ ref: OperationRef) throws(IndexError) -> RunModel.Operation {
        try operations(of: ref.node).operation(Int(ref.index))
    }

    /// The rank of an operation in the total order, counting from 1.
    public func rank(_ ref: OperationRef) throws(IndexError) -> Int { try operations(of: ref.node).rank(Int(ref.index)) }

    /// Everything of all nodes at once, for questions that need the whole graph. Memory: about 110 bytes an operation.
    public func activities() throws(IndexError) -> [NodeActivity] {
        var hosts: [String: Int32] = [:]
        return try nodes.enumerated().map { (index, node) throws(IndexError) in
            var activity = try file.read { db in try ActivityRows.load(db, node: node.stored) }
            let key = node.hostKey ?? ""
            let host = hosts[key] ?? Int32(hosts.count)
            hosts[key] = host
            activity.host = host
            activity.clockOffset = node.clockOffset
            return activity
        }
    }

    /// All deliveries, by sender.
    public func deliveries() throws(IndexError) -> [Delivery] {
        var all: [Delivery] = []
        for index in nodes.indices { all += try deliveries(sentBy: NodeID(index)) }
        return all
    }

    /// For each node the placements of its operations.
    public func placements() throws(IndexError) -> [[Placement]] {
        try nodes.map { (node) throws(IndexError) in try file.read { db in try PlacementRows.all(db, node: node.stored) } }
    }

    /// All deliveries of one sender, in the order of its sends.
    public func deliveries(sentBy node: NodeID) throws(IndexError) -> [Delivery] {
        let stored = nodes[Int(node.index)].stored
        let numbers = numbers
        return try file.read { db in
            try Data.fetchAll(db, sql: "SELECT data FROM deliveries WHERE node = ? ORDER BY block", arguments: [stored])
                .flatMap { try DeliveryBlock.decode([UInt8]($0), sender: node, node: numbers) }
        }
    }

    /// The total order from one rank on: calls `body` with each rank and operation until it returns `false`.
    public func forEachOperation(_ body: (Int, OperationRef) throws(IndexError) -> Bool) throws(IndexError) {
        var next = Array(repeating: 0, count: nodes.count)
        var rank = 0
        var block = 0
        while true {
            let number = block
            guard
                let data = try file.read({ db in try Data.fetchOne(db, sql: "SELECT data FROM orders WHERE block = ?", arguments: [number])
                })
            else { return }
            for stored in try OrderBlock.decode([UInt8](data)) {
                guard let node = numbers[stored] else { throw .damaged("order of node \(stored)") }
                rank += 1
                let index = next[Int(node.index)]
                next[Int(node.index)] += 1
                guard try body(rank, OperationRef(node: node, index: index)) else { return }
            }
            block += 1
        }
    }
}

/// Where an operation belongs.
public struct ChannelPlace: Sendable {
    /// The channel.
    public let channel: IndexedChannel
    /// The direction that it moved bytes in; for a call that moved none, the one in which its endpoint takes.
    public let forward: Bool
    /// Its bytes in the stream of that direction, if that is known.
    public let bytes: Range<UInt64>?
}

/// A channel, with what its ends tell.
public struct IndexedChannel: Sendable {
    /// Its index in the run's list.
    public let index: Int
    /// Its lasting name: its opening position.
    public let id: String
    /// Where it was opened.
    public let opened: Position
    /// Its ends and evidence.
    public let channel: Channel
    /// Where its bytes went.
    public let totals: ChannelTotals
}
