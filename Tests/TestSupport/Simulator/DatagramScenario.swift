import RunModel

extension Scenario {
    /// A service that takes datagrams, and clients that send them to it; now and then it answers.
    mutating func addDatagrams(_ node: Int, _ kind: Endpoint.Kind) {
        let number = plan.services.count
        var service = Plan.Service(node: node, kind: kind)
        let isNear = kind == .unixDatagram || random.chance(50)
        service.address = address(kind, node, number, isNear)
        service.hidesAddress = random.chance(30)
        plan.services.append(service)
        let clients = plan.nodes.indices.filter { !isNear || plan.nodes[$0].host == plan.nodes[node].host }
        var server: [Plan.Step] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard let client = clients.randomElement(using: &random) else { continue }
            let handle = 2 * plan.conversations.count
            let own = address(kind, client, 1000 + handle, isNear)
            var talk = Plan.Conversation(medium: .datagrams(service: number, own), near: client, far: node)
            talk.hidesAddresses = random.chance(50)
            plan.conversations.append(talk)
            addDatagramClient(handle, client, &server)
        }
        guard let last = server.last else { return }
        let process = process(node)
        addTask(node, process, server + [Plan.Step(handle: last.handle, action: .close)])
    }

    private mutating func addDatagramClient(_ handle: Int, _ node: Int, _ server: inout [Plan.Step]) {
        let lengths: UInt64 = random.chance(40) ? 3 : 1400
        var steps = [
            Plan.Step(handle: handle, action: .pause(Int64.random(in: 0...30_000, using: &random))),
            Plan.Step(handle: handle, action: .open),
        ]
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            steps.append(Plan.Step(handle: handle, action: .send(UInt64.random(in: 1...lengths, using: &random))))
            server.append(Plan.Step(handle: handle + 1, action: .read(largest)))
            guard random.chance(40) else { continue }
            server.append(Plan.Step(handle: handle + 1, action: .send(UInt64.random(in: 1...lengths, using: &random))))
            steps.append(Plan.Step(handle: handle, action: .read(largest)))
        }
        steps.append(Plan.Step(handle: handle, action: .close))
        addTask(node, process(node), steps)
    }

    /// Sockets with the address of a group, and programs that send to it.
    mutating func addGroup(_ node: Int) {
        let number = plan.services.count
        let address = Address.ipv4(0xef00_0001, port: UInt16(7000 + number))
        plan.services.append(Plan.Service(node: node, kind: .udp, address: address, isGroup: true))
        var takers: [(handle: Int, node: Int)] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let other = Int.random(in: plan.nodes.indices, using: &random)
            takers.append((2 * plan.conversations.count, other))
            plan.conversations.append(Plan.Conversation(medium: .member(service: number), near: other, far: other))
        }
        var sends = 0
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let (giver, handle) = (Int.random(in: plan.nodes.indices, using: &random), 2 * plan.conversations.count)
            let own = self.address(.udp, giver, 1000 + handle, false)
            plan.conversations.append(Plan.Conversation(medium: .datagrams(service: number, own), near: giver, far: node))
            if takers.allSatisfy({ $0.handle % 2 == 0 }) { takers.append((handle + 1, node)) }
            let lengths: UInt64 = random.chance(40) ? 3 : 1400
            var steps = [Plan.Step(handle: handle, action: .open)]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                steps.append(Plan.Step(handle: handle, action: .send(UInt64.random(in: 1...lengths, using: &random))))
                sends += 1
            }
            addTask(giver, process(giver), steps + [Plan.Step(handle: handle, action: .close)])
        }
        for taker in takers {
            let reads = (0..<sends).map { _ in Plan.Step(handle: taker.handle, action: .read(65_536)) }
            addTask(taker.node, process(taker.node), reads + [Plan.Step(handle: taker.handle, action: .close)])
        }
    }

    /// How much a call has room for.
    private var largest: UInt64 {
        mutating get { features.contains(.truncation) && random.chance(20) ? UInt64.random(in: 1...700, using: &random) : 65_536 }
    }

    private func address(_ kind: Endpoint.Kind, _ node: Int, _ number: Int, _ isNear: Bool) -> Address {
        if kind == .unixDatagram { return .unixPath("/run/\(number)") }
        return .ipv4(isNear ? 0x7f00_0001 : 0x0a00_0000 + UInt32(plan.nodes[node].host), port: UInt16(7000 + number))
    }
}
