import RunModel

/// A world of programs that talk through stream sockets, with a recorder on every node. One step of one thread at a time;
/// no two at the same time.
struct World {
    var random: SeededGenerator
    var now: Int64 = 1_000_000
    var nodes: [SimulatedNode] = []
    var sockets: [SimulatedSocket] = []
    var listeners: [SimulatedListener] = []
    var operations: [SimulatedOperation] = []
    var deliveries: [TrueDelivery] = []
    var actors: [Actor] = []
    /// When each of them wakes up; never, when it is done.
    private var wakes: [Int64] = []

    init(random: SeededGenerator) { self.random = random }

    /// From which client ports connections come: few, so that they are used again.
    var ports: UInt16 = 3
    /// How much a socket holds: if little, sends block.
    var capacity = UInt64.max
    /// How long a thread waits for anything.
    var patience: Int64 = 60_000

    /// Runs until every thread is done.
    mutating func run() {
        wakes = actors.map { $0.script.isEmpty ? .max : $0.wake }
        while let next = earliest() {
            now = max(now + 1, wakes[next])
            step(next)
            wakes[next] = actors[next].call == nil && actors[next].script.isEmpty ? .max : actors[next].wake
            while wakes.count < actors.count { wakes.append(actors[wakes.count].wake) }
        }
    }

    /// The thread that wakes up first.
    private func earliest() -> Int? {
        var (best, index) = (0, 1)
        while index < wakes.count {
            if wakes[index] < wakes[best] { best = index }
            index += 1
        }
        return wakes.isEmpty || wakes[best] == .max ? nil : best
    }

    /// A short time; now and then a long one.
    private mutating func moment() -> Int64 { Int64.random(in: 1...(random.chance(5) ? 20_000 : 600), using: &random) }

    private mutating func event(_ node: Int) -> (event: UInt64, time: Int64) {
        nodes[node].event += 1
        return (nodes[node].event, now)
    }

    private mutating func step(_ index: Int) {
        actors[index].wake = now + moment()
        guard let call = actors[index].call else {
            begin(index, actors[index].script.removeFirst())
            return
        }
        if call.isDone {
            actors[index].call = nil
            finish(index, call)
        } else {
            attempt(index)
        }
    }

    // MARK: A call is entered

    private mutating func begin(_ index: Int, _ action: Action) {
        let kind: Operation.Kind
        var socket = actors[index].socket
        switch action {
        case .pause(let time):
            actors[index].wake = now + time
            return
        case .connect(let listener, let script, _):
            guard let made = makeClient(index, listener) else { return }
            (kind, socket) = (.connect, made)
            actors[index].socket = made
            actors[index].script = script + actors[index].script
        case .accept(let listener): (kind, socket) = (.accept, listeners[listener].socket)
        case .closeListener(let listener): (kind, socket) = (.close, listeners[listener].socket)
        case .send: kind = .send
        case .receive, .drain: kind = .receive
        case .shutdown: kind = .shutdown
        case .close: kind = .close
        }
        guard let socket else { return }
        let entered = event(actors[index].node)
        if case .connect = action { sockets[socket].opened = entered }
        operations.append(
            SimulatedOperation(node: actors[index].node, socket: socket, kind: kind, process: actors[index].process, entered: entered))
        var call = Actor.Call(operation: operations.count - 1, action: action, deadline: now + patience)
        if case .send(let count) = action { (call.remaining, call.offset) = (count, sockets[socket].sent) }
        actors[index].call = call
    }

    /// A socket that will connect from a port that is free; `nil` if none is.
    private mutating func makeClient(_ index: Int, _ listener: Int) -> Int? {
        let target = sockets[listeners[listener].socket]
        var socket = SimulatedSocket(node: actors[index].node, kind: target.kind, birth: .connect)
        socket.process = actors[index].process
        socket.capacity = capacity
        if target.kind == .tcp, case .ipv4(let address, _)? = listeners[listener].address {
            let own = address >> 24 == 127 ? address : 0x0a00_0000 + UInt32(nodes[actors[index].node].host)
            let first = UInt16.random(in: 0..<ports, using: &random)
            let free = (0..<ports).map { Address.ipv4(own, port: 40000 + ($0 + first) % ports) }.first { local in
                !sockets.contains { !$0.isDead && ($0.local == local || $0.remote == local) }
            }
            guard let free else { return nil }
            socket.local = free
            socket.remote = listeners[listener].address
        }
        sockets.append(socket)
        return sockets.count - 1
    }

    // MARK: The kernel does its part

    private mutating func attempt(_ index: Int) {
        guard let call = actors[index].call else { return }
        let socket = operations[call.operation].socket
        var isDone = true
        switch call.action {
        case .connect(let listener, _, let script): connect(socket, listener, script, call)
        case .accept(let listener): isDone = accept(index, listener)
        case .closeListener(let listener):
            listeners[listener].isClosed = true
            for socket in listeners[listener].backlog { sockets[socket].isDead = true }
        case .send: isDone = send(index, socket)
        case .receive(let wanted): isDone = receive(index, socket, atMost: wanted)
        case .drain: isDone = receive(index, socket, atMost: 4096)
        case .shutdown: endOutbound(socket)
        case .close:
            endOutbound(socket)
            sockets[socket].isDead = true
        case .pause: break
        }
        actors[index].call?.isDone = isDone
        if !isDone { actors[index].wake = now + Int64.random(in: 50...400, using: &random) }
    }

    private mutating func connect(_ socket: Int, _ listener: Int, _ script: [Action], _ call: Actor.Call) {
        guard !listeners[listener].isClosed else {
            operations[call.operation].result = -111
            return
        }
        let target = sockets[listeners[listener].socket]
        var other = SimulatedSocket(
            node: target.node, kind: target.kind, birth: .accept, local: sockets[socket].remote, remote: sockets[socket].local)
        other.peer = socket
        other.script = script
        other.capacity = sockets[socket].capacity
        sockets.append(other)
        sockets[socket].peer = sockets.count - 1
        listeners[listener].backlog.append(sockets.count - 1)
    }

    private mutating func accept(_ index: Int, _ listener: Int) -> Bool {
        guard !listeners[listener].backlog.isEmpty else { return giveUp(index) }
        actors[index].call?.accepted = listeners[listener].backlog.removeFirst()
        return true
    }

    /// Whether a call that cannot go on has waited for too long: a signal interrupts it.
    private mutating func giveUp(_ index: Int) -> Bool {
        guard let call = actors[index].call, now > call.deadline else { return false }
        operations[call.operation].result = -4
        return true
    }

    private mutating func send(_ index: Int, _ socket: Int) -> Bool {
        guard var call = actors[index].call else { return true }
        let isBroken = sockets[socket].isShutDown || sockets[socket].peer.map { sockets[$0].isDead } ?? true
        if let peer = sockets[socket].peer, !isBroken {
            let count = min(call.remaining, sockets[peer].capacity - sockets[peer].waiting)
            if count > 0 { sockets[peer].inbound.append((call.operation, sockets[socket].sent..<sockets[socket].sent + count)) }
            sockets[peer].waiting += count
            sockets[socket].sent += count
            call.remaining -= count
            actors[index].call = call
        }
        guard isBroken || call.remaining == 0 || now > call.deadline else { return false }
        // A send reports what it could hand over, and an error only if that is nothing.
        let bytes = call.offset..<sockets[socket].sent
        operations[call.operation].bytes = bytes.isEmpty ? nil : bytes
        operations[call.operation].result = bytes.isEmpty ? (isBroken ? -32 : -4) : Int64(bytes.count)
        return true
    }

    private mutating func receive(_ index: Int, _ socket: Int, atMost wanted: UInt64) -> Bool {
        guard let operation = actors[index].call?.operation else { return true }
        guard sockets[socket].waiting > 0 else {
            // Result 0, and no bytes: the end.
            return sockets[socket].inboundEnded || sockets[socket].peer == nil || giveUp(index)
        }
        var left = min(wanted, sockets[socket].waiting, UInt64.random(in: 1...2000, using: &random))
        let start = sockets[socket].received
        while left > 0 {
            let piece = sockets[socket].inbound[0]
            let taken = piece.bytes.lowerBound..<min(piece.bytes.upperBound, piece.bytes.lowerBound + left)
            add(TrueDelivery(send: piece.send, receive: operation, bytes: taken))
            left -= UInt64(taken.count)
            sockets[socket].waiting -= UInt64(taken.count)
            sockets[socket].received = taken.upperBound
            if taken.upperBound == piece.bytes.upperBound {
                sockets[socket].inbound.removeFirst()
            } else {
                sockets[socket].inbound[0].bytes = taken.upperBound..<piece.bytes.upperBound
            }
        }
        operations[operation].bytes = start..<sockets[socket].received
        operations[operation].result = Int64(sockets[socket].received - start)
        return true
    }

    /// A send that blocked hands its bytes over in pieces; one receive may take several of them.
    private mutating func add(_ delivery: TrueDelivery) {
        if let last = deliveries.last, (last.send, last.receive) == (delivery.send, delivery.receive) {
            deliveries[deliveries.count - 1].bytes = last.bytes.lowerBound..<delivery.bytes.upperBound
        } else {
            deliveries.append(delivery)
        }
    }

    private mutating func endOutbound(_ socket: Int) {
        sockets[socket].isShutDown = true
        if let peer = sockets[socket].peer { sockets[peer].inboundEnded = true }
    }

    // MARK: A call returns

    private mutating func finish(_ index: Int, _ call: Actor.Call) {
        let exited = event(actors[index].node)
        operations[call.operation].exited = exited
        let socket = operations[call.operation].socket
        let result = operations[call.operation].result
        switch call.action {
        case .connect:
            if result == 0 { sockets[socket].established = exited.event }
            // Refused: all that is left to do is to close it.
            while result < 0, let next = actors[index].script.first, !next.isClose { actors[index].script.removeFirst() }
        case .accept:
            guard let accepted = call.accepted else { return }
            operations[call.operation].socket = accepted
            sockets[accepted].opened = exited
            sockets[accepted].established = exited.event
            actors.append(
                Actor(
                    node: actors[index].node, process: actors[index].process + Int32(actors.count), socket: accepted,
                    script: sockets[accepted].script, wake: now + moment()))
        case .receive(let wanted) where result > 0 && UInt64(result) < wanted:
            actors[index].script.insert(.receive(wanted - UInt64(result)), at: 0)
        case .drain where result > 0: actors[index].script.insert(.drain, at: 0)
        case .close, .closeListener: sockets[socket].closed = operations[call.operation].entered.event
        default: break
        }
    }
}
