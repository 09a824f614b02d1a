import Capture
import RRTrace
public import RunModel
public import RunStore

/// The calls of a run: of all its nodes in total order, or of some of them.
public final class RunCalls {
    private let merge: CallMerge
    private let readers: [(node: NodeID, reader: CallReader)]
    private let nodeName: (NodeID) -> String

    /// The calls of `nodes` that `filter` admits; with `channel`, only those on its ends.
    ///
    /// - Throws: `IndexError` or `TraceError` if the index or a trace cannot be read.
    public init(_ index: RunIndex, nodes: [NodeID], filter: CallFilter, channel: IndexedChannel? = nil, stringLimit: Int) throws {
        let names = try EndpointNames(index)
        let ends = channel.map { $0.channel.endpoints(atA: true) + $0.channel.endpoints(atA: false) } ?? []
        var readers: [(node: NodeID, reader: CallReader)] = []
        for node in nodes {
            var filter = filter
            if channel != nil {
                let serials = ends.filter { $0.node == node }.map(\.serial)
                if serials.isEmpty { continue }
                filter.endpoints = Set(serials)
            }
            readers.append((node, try CallReader(of: node, in: index, names, filter: filter, stringLimit: stringLimit)))
        }
        self.readers = readers
        nodeName = { index.name($0) }
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
        readers.flatMap { node, reader in
            reader.anomalies.map { trouble in
                "\(nodeName(node)): \(trouble.name) (\(trouble.subject))" + (trouble.event > 0 ? ", at event \(trouble.event)" : "")
            }
        }
            + readers.compactMap { node, reader in
                guard reader.hiddenCalls > 0 else { return nil }
                return "\(nodeName(node)): the arguments of \(reader.hiddenCalls) calls are hidden in rr's syscall buffer; "
                    + "`ridealong index` replays the node and finds them, or says why it cannot"
            }
    }
}

extension RunIndex {
    /// The line of `ridealong calls` for what happens at `position`: of the call that is entered or returns there, or a signal, or an end.
    /// `nil` if nothing of it happens there.
    ///
    /// Reads the trace up to the call's return.
    ///
    /// - Throws: `IndexError`, `TraceError` or `CaptureError` if the index, the trace or the capture cannot be read.
    public func call(at position: Position, stringLimit: Int = 32) throws -> Call? {
        let reader = try CallReader(of: position.node, in: self, EndpointNames(self), stringLimit: stringLimit)
        let moment = position.moment
        while let call = reader.next() {
            if [call.at, call.entered, call.returned].contains(moment) { return call }
            if call.at > moment, !reader.pending.values.contains(where: { $0.entered == moment }) { return nil }
        }
        return nil
    }
}

extension CallReader {
    /// A reader for a node of an indexed run.
    convenience init(
        of node: NodeID, in index: RunIndex, _ names: EndpointNames, filter: CallFilter = CallFilter(), stringLimit: Int = 32
    ) throws {
        let stored = index.nodes[Int(node.index)]
        try self.init(
            TraceDirectory(path: stored.tracePath), node: node, inherited: stored.sidecar?.inheritedFiles ?? [],
            capture: try StoredCapture(path: index.capturePath(of: node)).required(), filter: filter, stringLimit: stringLimit
        ) { names.name(EndpointID(node: node, serial: Int($0))) }
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
    /// For each endpoint of one channel only, who is at the other end of that.
    private var peers: [EndpointID: Peer] = [:]

    /// What is at the other end of an endpoint.
    enum Peer {
        /// These endpoints.
        case endpoints([EndpointID])
        /// Nothing that was recorded.
        case outside(Address?)
        /// It depends on the message: the endpoint belongs to several channels.
        case several
    }

    init(_ index: RunIndex) throws(IndexError) {
        self.index = index
        for indexed in try index.channels() {
            let channel = indexed.channel
            for isA in [true, false] {
                let others = channel.endpoints(atA: !isA)
                var peer = Peer.endpoints(others)
                if others.isEmpty, case .outside(let address) = isA ? channel.b : channel.a { peer = .outside(address) }
                for end in channel.endpoints(atA: isA) { peers[end] = peers[end] == nil ? peer : .several }
            }
        }
    }

    /// What is at the other end of `id`; `nil` for what is no end of a channel.
    func peer(of id: EndpointID) -> Peer? { peers[id] }

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
        var words = [Self.kind(endpoint.kind)]
        var address = endpoint.remote
        if endpoint.birth == .listen {
            words.append("listening")
            address = endpoint.local
        }
        switch peers[id] {
        case .endpoints(let others):
            if let first = others.first {
                words.append(index.name(first.node) + (others.count > 1 ? "+\(others.count - 1)" : ""))
                if address == nil, others.count == 1 { address = try index.endpoint(first).local }
            }
        case .outside(let known):
            words.append("outside")
            if address == nil { address = known }
        case .several, nil: break
        }
        if let address, address != .unixUnnamed { words.append("\(address)") }
        return words.joined(separator: " ")
    }

    private static func kind(_ kind: Endpoint.Kind) -> String {
        switch kind {
        case .tcp: "tcp"
        case .unixStream: "unix"
        case .unknown: "socket"
        case .pipe: "pipe"
        case .unixSequenced: "unix-seqpacket"
        case .unixDatagram: "unix-dgram"
        case .udp: "udp"
        }
    }
}
