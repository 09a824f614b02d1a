import RunModel

extension World {
    /// A world that follows from `seed`: hosts, nodes, listeners, and programs that talk in different styles.
    static func scenario(seed: UInt64) -> World {
        var world = World(random: SeededGenerator(seed: seed))
        world.layOut()
        world.populate()
        return world
    }

    private mutating func layOut() {
        let hosts = Int32.random(in: 1...3, using: &random)
        for _ in 0..<Int.random(in: 2...7, using: &random) {
            var node = SimulatedNode(host: Int32.random(in: 0..<hosts, using: &random))
            if random.chance(20) { node.blur = Int64.random(in: 1...3000, using: &random) }
            nodes.append(node)
        }
        if random.chance(50) { capacity = 1500 }
        ports = random.chance(50) ? 2 : 500
        for node in nodes.indices where node == 0 || random.chance(50) {
            for _ in 0..<Int.random(in: 1...2, using: &random) { addListener(node) }
        }
    }

    private mutating func addListener(_ node: Int) {
        let isUnix = random.chance(40)
        var listener = SimulatedListener(socket: sockets.count)
        let port = UInt16(5000 + listeners.count)
        if !isUnix {
            let own = 0x0a00_0000 + UInt32(nodes[node].host)
            listener.address = .ipv4(random.chance(50) ? 0x7f00_0001 : own, port: port)
        }
        var socket = SimulatedSocket(node: node, kind: isUnix ? .unixStream : .tcp, birth: .listen, local: listener.address)
        nodes[node].event += 2
        socket.opened = (nodes[node].event, now)
        sockets.append(socket)
        listeners.append(listener)
    }

    private mutating func populate() {
        var process: Int32 = 100
        var expected = [Int](repeating: 0, count: listeners.count)
        for node in nodes.indices {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                process += 1000
                var actor = Actor(node: node, process: process, script: [], wake: now + Int64.random(in: 0...30_000, using: &random))
                for _ in 0..<Int.random(in: 1...5, using: &random) {
                    guard let listener = reachable(from: node).randomElement(using: &random) else { break }
                    expected[listener] += 1
                    let (own, peer) = conversation()
                    actor.script += [
                        .pause(Int64.random(in: 0...5_000, using: &random)), .connect(listener: listener, then: own, peer: peer),
                    ]
                }
                actors.append(actor)
            }
            if random.chance(30) { addPair(node, &process) }
        }
        for listener in listeners.indices {
            process += 1000
            // Now and then one is left waiting when the listener closes; now and then nobody comes any more.
            let count = max(0, expected[listener] + Int.random(in: -1...1, using: &random))
            let script = (0..<count).flatMap { _ in [Action.accept(listener: listener), .pause(random.chance(20) ? 30_000 : 50)] }
            actors.append(
                Actor(
                    node: sockets[listeners[listener].socket].node, process: process, script: script + [.closeListener(listener)], wake: now
                ))
        }
    }

    /// The listeners that a program of `node` can connect to.
    private func reachable(from node: Int) -> [Int] {
        listeners.indices.filter {
            let socket = sockets[listeners[$0].socket]
            let isLocal = socket.kind == .unixStream || listeners[$0].address?.isHostLocal ?? true
            return !isLocal || nodes[socket.node].host == nodes[node].host
        }
    }

    private mutating func addPair(_ node: Int, _ process: inout Int32) {
        nodes[node].event += 1
        let scripts = conversation()
        for (offset, script) in [scripts.0, scripts.1].enumerated() {
            process += 1
            var socket = SimulatedSocket(node: node, kind: .unixStream, birth: .pair(twin: 0))
            socket.opened = (nodes[node].event, now)
            socket.capacity = capacity
            socket.peer = sockets.count + (offset == 0 ? 1 : -1)
            sockets.append(socket)
            actors.append(Actor(node: node, process: process, socket: sockets.count - 1, script: script, wake: now + 10))
        }
    }

    /// What the two sides of a connection do.
    private mutating func conversation() -> ([Action], [Action]) {
        var (client, server): ([Action], [Action]) = ([], [])
        let largest: UInt64 = random.chance(30) ? 8 : 3000
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5:  // Requests and replies.
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                converse(&client, &server, UInt64.random(in: 1...largest, using: &random))
                converse(&server, &client, UInt64.random(in: 1...largest, using: &random))
            }
        case 5..<7:  // One way, and the end.
            converse(&client, &server, UInt64.random(in: 1...largest, using: &random))
            if random.chance(50) { client.append(.shutdown) }
            server.append(.drain)
            if random.chance(50) { client.append(.drain) }
        case 7: break  // Nothing at all.
        default:  // Anything, whether or not the other side listens.
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                client.append(anything(largest))
                server.append(anything(largest))
            }
        }
        return (client + [.close], server + [.close])
    }

    /// `count` bytes, in one piece or several.
    private mutating func converse(_ from: inout [Action], _ to: inout [Action], _ count: UInt64) {
        let first = random.chance(50) ? count : UInt64.random(in: 1...count, using: &random)
        from.append(.send(first))
        if first < count { from.append(.send(count - first)) }
        to.append(.receive(count))
    }

    private mutating func anything(_ largest: UInt64) -> Action {
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<3: .send(UInt64.random(in: 1...largest, using: &random))
        case 3..<6: .receive(UInt64.random(in: 1...largest, using: &random))
        case 6: .pause(Int64.random(in: 0...10_000, using: &random))
        default: random.chance(50) ? .shutdown : .drain
        }
    }
}
