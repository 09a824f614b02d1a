public import RunModel

/// What the recorders of a simulated world wrote down, and what was true in it.
public struct Simulation: Sendable {
    /// The number that everything follows from.
    public let seed: UInt64
    /// What `Endpoints` would make of the recordings: the input of `match`.
    public private(set) var nodes: [NodeActivity] = []
    /// The true partner of every recorded connecting, accepting or paired endpoint; `nil` if it is not recorded.
    public private(set) var partner: [EndpointID: EndpointID?] = [:]
    /// Endpoints whose partner must be found: born together, or by addresses that leave no doubt.
    public private(set) var decidable: Set<EndpointID> = []
    /// The true deliveries between recorded operations, with the channel -1.
    public private(set) var deliveries: Set<Delivery> = []
    /// Whether all stamps are exact, and all clocks agree after alignment.
    public private(set) var hasExactTimes = false
    /// All recorded operations in the order in which they happened.
    public private(set) var order: [OperationRef] = []

    /// The world of `seed`, lived through and recorded.
    public init(seed: UInt64) {
        self.seed = seed
        var world = World.scenario(seed: seed)
        world.run()
        var recorder = SimulatedRecorder(world)
        recorder.damage()
        recorder.record()
        nodes = recorder.activities
        partner = recorder.partners()
        decidable = recorder.decidable()
        deliveries = recorder.deliveries()
        order = recorder.order()
        hasExactTimes = recorder.hasExactTimes
    }
}

/// Turns a world that has been lived through into recordings.
struct SimulatedRecorder {
    private var world: World
    private var random: SeededGenerator
    private(set) var activities: [NodeActivity] = []
    /// Numbers in the recordings, by numbers in the world; `nil`: not recorded.
    private var nodeIDs: [NodeID?] = []
    private var endpointIDs: [EndpointID?] = []
    private var operationRefs: [OperationRef?] = []
    /// Sockets whose addresses are not in the recording.
    private var addressless: Set<Int> = []

    init(_ world: World) {
        self.world = world
        random = world.random
    }

    /// Leaves out nodes, cuts off traces, hides addresses.
    mutating func damage() {
        let missing = Int.random(in: 0..<4, using: &random)
        let cuts = random.chance(30)
        let hides = random.chance(30)
        let listening = Set(world.listeners.map { world.sockets[$0.socket].node })
        for node in world.nodes.indices {
            // One kind at a time: if clients and servers of one host are missing, what is left may fit by chance.
            let isServer = listening.contains(node)
            if missing == 1 && isServer || missing == 2 && !isServer { world.nodes[node].isMissing = random.chance(30) }
            if cuts && random.chance(30) {
                world.nodes[node].cutAt = Int64.random(in: 1_000_000...max(1_000_001, world.now), using: &random)
            }
        }
        for socket in world.sockets.indices where world.sockets[socket].birth == .connect && world.sockets[socket].kind == .tcp {
            if hides && random.chance(40) { addressless.insert(socket) }
        }
    }

    private func isRecorded(_ node: Int, _ time: Int64) -> Bool { !world.nodes[node].isMissing && time <= world.nodes[node].cutAt }

    mutating func record() {
        for node in world.nodes.indices {
            guard !world.nodes[node].isMissing else {
                nodeIDs.append(nil)
                continue
            }
            nodeIDs.append(NodeID(activities.count))
            activities.append(NodeActivity(host: world.nodes[node].host))
        }
        setClocks()
        recordEndpoints()
        recordOperations()
    }

    /// Hosts' clocks differ, and what is known of the difference is only nearly right.
    private var clocks: [Int32: Int64] = [:]
    private(set) var hasExactTimes = true
    private mutating func setClocks() {
        var errors: Set<Int64> = []
        for host in Int32(0)..<3 {
            let skew = Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random)
            let error = random.chance(50) ? 0 : Int64.random(in: -300_000_000...300_000_000, using: &random)
            clocks[host] = skew
            if activities.contains(where: { $0.host == host }) { errors.insert(error) }
            for node in activities.indices where activities[node].host == host { activities[node].clockOffset = error - skew }
        }
        hasExactTimes = errors.count <= 1 && world.nodes.allSatisfy { $0.blur == 0 }
    }

    private mutating func recordEndpoints() {
        endpointIDs = [EndpointID?](repeating: nil, count: world.sockets.count)
        let known = world.sockets.indices.filter { index in
            world.sockets[index].opened.map { isRecorded(world.sockets[index].node, $0.time) } ?? false
        }
        for index in known.sorted(by: { (world.sockets[$0].opened?.event ?? 0, $0) < (world.sockets[$1].opened?.event ?? 0, $1) }) {
            let socket = world.sockets[index]
            guard let node = nodeIDs[socket.node], let opened = socket.opened else { continue }
            let serial = activities[Int(node.index)].endpoints.count
            var birth = socket.birth
            if case .pair = birth, let peer = socket.peer { birth = .pair(twin: Int32(serial + peer - index)) }
            var endpoint = Endpoint(kind: socket.kind, birth: birth, opened: Moment(event: opened.event))
            if !addressless.contains(index) { (endpoint.local, endpoint.remote) = (socket.local, socket.remote) }
            endpoint.processes = [socket.process]
            endpointIDs[index] = EndpointID(node: node, serial: serial)
            activities[Int(node.index)].endpoints.append(endpoint)
        }
    }

    private mutating func recordOperations() {
        operationRefs = [OperationRef?](repeating: nil, count: world.operations.count)
        let known = world.operations.indices.filter { index in
            let operation = world.operations[index]
            return operation.exited.map { isRecorded(operation.node, $0.time) } ?? false && endpointIDs[operation.socket] != nil
                && !(operation.kind == .accept && operation.result < 0)
        }
        for index in known.sorted(by: { happened($0).event < happened($1).event }) {
            let operation = world.operations[index]
            guard let id = endpointIDs[operation.socket], let exited = operation.exited else { continue }
            let node = Int(id.node.index)
            operationRefs[index] = OperationRef(node: id.node, index: activities[node].operations.count)
            // Connect and accept are never buffered: their stamps are exact.
            let blur = operation.kind == .connect || operation.kind == .accept ? 0 : world.nodes[operation.node].blur
            let clock = clocks[activities[node].host] ?? 0
            activities[node].operations.append(
                Operation(
                    endpoint: id.serial, kind: operation.kind, entered: Moment(event: operation.entered.event),
                    at: Moment(event: happened(index).event), process: operation.process, task: operation.process, bytes: operation.bytes,
                    result: operation.result, earliest: operation.entered.time + clock - blur, latest: exited.time + clock + blur))
            establish(operation, id)
        }
    }

    /// What the endpoint learns from an operation.
    private mutating func establish(_ operation: SimulatedOperation, _ id: EndpointID) {
        let socket = world.sockets[operation.socket]
        let (node, serial) = (Int(id.node.index), Int(id.serial))
        if operation.kind == .connect || operation.kind == .accept {
            activities[node].endpoints[serial].established = socket.established.map { Moment(event: $0) }
        }
        if operation.kind == .close { activities[node].endpoints[serial].closed = socket.closed.map { Moment(event: $0) } }
    }

    private func happened(_ index: Int) -> (event: UInt64, time: Int64) {
        let operation = world.operations[index]
        return operation.takes ? operation.exited ?? operation.entered : operation.entered
    }

    // MARK: The truth

    func partners() -> [EndpointID: EndpointID?] {
        var partners: [EndpointID: EndpointID?] = [:]
        for (index, id) in endpointIDs.enumerated() where world.sockets[index].birth != .listen {
            if let id { partners[id] = .some(world.sockets[index].peer.flatMap { endpointIDs[$0] }) }
        }
        return partners
    }

    /// Pairs, and TCP connections whose addresses were used by nobody whose partner is not recorded.
    func decidable() -> Set<EndpointID> {
        struct Pair: Hashable {
            var one: Address
            var other: Address
            var host: Int32?
        }
        func pair(_ socket: SimulatedSocket) -> Pair? {
            guard socket.kind == .tcp, let local = socket.local, let remote = socket.remote else { return nil }
            let host = local.isHostLocal || remote.isHostLocal ? world.nodes[socket.node].host : nil
            return socket.birth == .connect ? Pair(one: local, other: remote, host: host) : Pair(one: remote, other: local, host: host)
        }
        var doubtful: Set<Pair> = []
        for (index, socket) in world.sockets.enumerated() where endpointIDs[index] != nil {
            guard let pair = pair(socket), socket.birth == .accept || socket.established != nil else { continue }
            let isComplete = socket.peer.map { endpointIDs[$0] != nil } ?? false
            if !isComplete || addressless.contains(index) || socket.peer.map(addressless.contains) ?? false { doubtful.insert(pair) }
        }
        return Set(
            world.sockets.indices.compactMap { index in
                let socket = world.sockets[index]
                guard let id = endpointIDs[index], let peer = socket.peer, endpointIDs[peer] != nil else { return nil }
                if case .pair = socket.birth { return id }
                return pair(socket).map { doubtful.contains($0) } ?? true ? nil : id
            })
    }

    func deliveries() -> Set<Delivery> {
        Set(
            world.deliveries.compactMap { delivery in
                guard let sent = operationRefs[delivery.send], let received = operationRefs[delivery.receive] else { return nil }
                let socket = world.sockets[world.operations[delivery.send].socket]
                let forward: Bool
                if case .pair = socket.birth {
                    forward = (socket.peer ?? 0) > world.operations[delivery.send].socket
                } else {
                    forward = socket.birth == .connect
                }
                return Delivery(channel: -1, forward: forward, bytes: delivery.bytes, sent: sent, received: received)
            })
    }

    func order() -> [OperationRef] {
        world.operations.indices.filter { operationRefs[$0] != nil }.sorted { happened($0).time < happened($1).time }
            .compactMap { operationRefs[$0] }
    }
}
