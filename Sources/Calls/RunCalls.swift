import RRTrace
public import RunModel
public import RunStore

/// The calls of a run: of all its nodes in total order, or of some of them.
public final class RunCalls {
    private let merge: CallMerge
    private let readers: [(node: NodeID, reader: CallReader)]

    /// The calls of `nodes` that `filter` admits; with `channel`, only those on its ends.
    ///
    /// - Throws: `IndexError` or `TraceError` if the index or a trace cannot be read.
    public init(_ index: RunIndex, nodes: [NodeID], filter: CallFilter, channel: IndexedChannel? = nil, stringLimit: Int) throws {
        let names = EndpointNames(index)
        let ends = channel.map { [$0.channel.a, $0.channel.b] } ?? []
        var readers: [(node: NodeID, reader: CallReader)] = []
        for node in nodes {
            var filter = filter
            if channel != nil {
                let serials = ends.compactMap { end in
                    if case .endpoint(let id) = end, id.node == node { id.serial } else { nil }
                }
                if serials.isEmpty { continue }
                filter.endpoints = Set(serials)
            }
            let stored = index.nodes[Int(node.index)]
            let reader = try CallReader(
                TraceDirectory(path: stored.tracePath), node: node, inherited: stored.sidecar?.inheritedFiles ?? [], filter: filter,
                stringLimit: stringLimit
            ) { names.name(EndpointID(node: node, serial: Int($0))) }
            readers.append((node, reader))
        }
        self.readers = readers
        merge = try CallMerge(
            readers.map { node, reader in
                let operations = RankedOperations(index, node)
                return CallMerge.Source(node: node, clockOffset: index.nodes[Int(node.index)].clockOffset, call: { reader.next() }) {
                    () throws(IndexError) in try operations.next()
                }
            })
    }

    /// The next call; `nil` after the last.
    public func next() throws(IndexError) -> PlacedCall? { try merge.next() }

    /// What could not be read of the traces: what, of which node.
    public var troubles: [String] {
        readers.flatMap { node, reader in reader.anomalies.map { "\($0.name): \($0.subject), event \($0.event)" } }
    }
}

/// The operations of one node with their ranks, one after another.
private final class RankedOperations {
    private let stream: OperationStream
    private var index = 0

    init(_ run: RunIndex, _ node: NodeID) { stream = run.operations(of: node) }

    func next() throws(IndexError) -> CallMerge.RankedOperation? {
        guard index < stream.count else { return nil }
        let operation = try stream.operation(index)
        let rank = try stream.rank(index)
        index += 1
        let takes =
            switch operation.kind {
            case .accept, .receive, .listen, .ready: true
            case .connect, .send, .shutdown, .close: false
            }
        return (operation.at, takes ? operation.latest : operation.earliest, rank)
    }
}

/// What endpoints are called in the arguments of calls: by what is at the other end.
final class EndpointNames {
    private let index: RunIndex
    private var names: [EndpointID: String] = [:]

    init(_ index: RunIndex) { self.index = index }

    /// `tcp client-4 127.0.0.1:51646`: the kind, and the node and the address at the other end; or `tcp listening 0.0.0.0:80`.
    func name(_ id: EndpointID) -> String {
        if let name = names[id] { return name }
        let name: String
        do {
            name = try make(id)
        } catch {
            // An index that does not fit the trace: the number is printed all the same.
            name = "?"
        }
        names[id] = name
        return name
    }

    private func make(_ id: EndpointID) throws(IndexError) -> String {
        let endpoint = try index.endpoint(id)
        let kind =
            switch endpoint.kind {
            case .tcp: "tcp"
            case .unixStream: "unix"
            case .unknown: "socket"
            case .pipe: "pipe"
            case .unixSequenced: "unix-seqpacket"
            case .unixDatagram: "unix-dgram"
            case .udp: "udp"
            }
        var words = [kind]
        if endpoint.birth == .listen {
            words.append("listening")
            if let local = endpoint.local { words.append("\(local)") }
            return words.joined(separator: " ")
        }
        var address = endpoint.remote
        if let channel = try index.channel(of: id) {
            switch channel.channel.a == .endpoint(id) ? channel.channel.b : channel.channel.a {
            case .endpoint(let peer):
                words.append(index.name(peer.node))
                if address == nil { address = try index.endpoint(peer).local }
            case .outside(let known):
                words.append("outside")
                if address == nil { address = known }
            }
        }
        if let address, address != .unixUnnamed { words.append("\(address)") }
        return words.joined(separator: " ")
    }
}
