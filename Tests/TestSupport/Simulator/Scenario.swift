import RunModel

extension Plan {
    /// A plan that follows from `seed`: hosts, nodes, services, and programs that talk in different styles.
    public static func scenario(seed: UInt64, features: SimulationFeatures) -> Plan {
        var scenario = Scenario(seed: seed, features: features)
        scenario.layOut()
        scenario.populate()
        scenario.damage()
        return scenario.plan
    }
}

/// Makes a plan.
struct Scenario {
    var plan: Plan
    let features: SimulationFeatures
    var random: SeededGenerator
    private var lastProcess: Int32 = 100
    private var tokens = 0

    init(seed: UInt64, features: SimulationFeatures) {
        plan = Plan(seed: seed, features: features)
        self.features = features
        random = SeededGenerator(seed: seed)
    }

    // MARK: Places

    mutating func layOut() {
        let hosts = Int32.random(in: 1...3, using: &random)
        for _ in 0..<hosts {
            let skew = Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random)
            plan.clocks.append((skew, random.chance(50) ? 0 : Int64.random(in: -300_000_000...300_000_000, using: &random)))
        }
        for _ in 0..<Int.random(in: 2...7, using: &random) {
            var node = Plan.Node(host: Int32.random(in: 0..<hosts, using: &random))
            node.isBuffered = features.contains(.buffers) && random.chance(20)
            plan.nodes.append(node)
        }
        if random.chance(50) { plan.capacity = 1500 }
        plan.ports = random.chance(50) ? 2 : 500
        plan.resets = features.contains(.resets)
        for node in plan.nodes.indices where node == 0 || random.chance(50) {
            for _ in 0..<Int.random(in: 1...2, using: &random) { addService(node) }
        }
    }

    private mutating func addService(_ node: Int) {
        var service = Plan.Service(node: node, kind: random.chance(40) ? .unixStream : .tcp)
        if service.kind == .unixStream, features.contains(.sequenced), random.chance(30) { service.kind = .unixSequenced }
        if service.kind == .tcp {
            let own = 0x0a00_0000 + UInt32(plan.nodes[node].host)
            service.address = .ipv4(random.chance(50) ? 0x7f00_0001 : own, port: UInt16(5000 + plan.services.count))
        }
        plan.services.append(service)
    }

    // MARK: Programs

    mutating func populate() {
        var expected = [Int](repeating: 0, count: plan.services.count)
        for node in plan.nodes.indices {
            for _ in 0..<Int.random(in: 0...3, using: &random) { addClient(node, &expected) }
            if random.chance(30) { addPair(.pair(.unixStream), from: node, to: node) }
            if features.contains(.pipes) && random.chance(30) { addPair(.pair(.pipe), from: node, to: node) }
            if features.contains(.sequenced) && random.chance(30) { addPair(.pair(.unixSequenced), from: node, to: node) }
            if features.contains(.sharedPipes), random.chance(30), let other = neighbours(of: node).randomElement(using: &random) {
                addPair(.inherited(.pipe), from: node, to: other)
            }
        }
        for (service, count) in expected.enumerated() { addAcceptor(service, count) }
        for node in plan.nodes.indices {
            if features.contains(.unixDatagrams) && random.chance(30) { addDatagrams(node, .unixDatagram) }
            if features.contains(.udp) && random.chance(30) { addDatagrams(node, .udp) }
            if features.contains(.multicast) && random.chance(20) { addGroup(node) }
        }
        if features.contains(.links) { for node in plan.nodes.indices { addLinks(node) } }
    }

    /// Other nodes of the same host.
    private func neighbours(of node: Int) -> [Int] {
        plan.nodes.indices.filter { $0 != node && plan.nodes[$0].host == plan.nodes[node].host }
    }

    /// A new process, or a process that a node has already.
    mutating func process(_ node: Int) -> Int32 {
        let known = plan.tasks.filter { $0.node == node }.map(\.process)
        if random.chance(30), let old = known.randomElement(using: &random) { return old }
        lastProcess += 1000
        return lastProcess
    }

    mutating func addTask(_ node: Int, _ process: Int32, start: Int64 = 1_000_000, _ steps: [Plan.Step]) {
        plan.tasks.append(Plan.Task(id: plan.tasks.count, node: node, process: process, start: start, steps: steps))
    }

    /// A program that makes some connections, one after another.
    private mutating func addClient(_ node: Int, _ expected: inout [Int]) {
        let process = process(node)
        var steps: [Plan.Step] = []
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            guard let service = reachable(from: node).randomElement(using: &random) else { break }
            expected[service] += 1
            let near = 2 * plan.conversations.count
            plan.conversations.append(Plan.Conversation(medium: .service(service), near: node, far: plan.services[service].node))
            let (own, peer) = conversation(isTwoWay: true)
            steps.append(Plan.Step(handle: near, action: .pause(Int64.random(in: 0...5_000, using: &random))))
            steps.append(Plan.Step(handle: near, action: .connect))
            steps += perform(own, near, node, process)
            let there = plan.services[service].node
            let server = self.process(there)
            addTask(there, server, [Plan.Step(handle: near + 1, action: .await)] + perform(peer, near + 1, there, server))
        }
        addTask(node, process, start: 1_000_000 + Int64.random(in: 0...30_000, using: &random), steps)
    }

    /// The services that a program of `node` can connect to.
    private func reachable(from node: Int) -> [Int] {
        plan.services.indices.filter {
            let service = plan.services[$0]
            let isLocal = service.address?.isHostLocal ?? true
            return !isLocal || plan.nodes[service.node].host == plan.nodes[node].host
        }
    }

    private mutating func addAcceptor(_ service: Int, _ expected: Int) {
        let node = plan.services[service].node
        // Now and then one is left waiting when the listener closes; now and then nobody comes any more.
        let count = max(0, expected + Int.random(in: -1...1, using: &random))
        var steps: [Plan.Step] = []
        for _ in 0..<count {
            steps.append(Plan.Step(handle: -1, action: .accept(service: service)))
            steps.append(Plan.Step(handle: -1, action: .pause(random.chance(20) ? 30_000 : 50)))
        }
        lastProcess += 1000
        addTask(node, lastProcess, steps + [Plan.Step(handle: -1, action: .closeService(service))])
    }

    private mutating func addPair(_ medium: Plan.Medium, from near: Int, to far: Int) {
        let handle = 2 * plan.conversations.count
        plan.conversations.append(Plan.Conversation(medium: medium, near: near, far: far))
        let isSocket = if case .pair(.pipe) = medium { false } else if case .pair = medium { true } else { false }
        let scripts = conversation(isTwoWay: isSocket)
        for (end, script) in [scripts.0, scripts.1].enumerated() {
            let node = end == 0 ? near : far
            let process = process(node)
            addTask(node, process, perform(script, handle + end, node, process))
        }
    }

    /// The steps that work off `script` on one end. Now and then other tasks take a part of it over.
    private mutating func perform(_ script: [Plan.Action], _ handle: Int, _ node: Int, _ process: Int32) -> [Plan.Step] {
        let steps = script.map { Plan.Step(handle: handle, action: $0) }
        guard features.contains(.severalTasks), random.chance(15), steps.count > 2 else { return steps }
        var parts = [[Plan.Step]](repeating: [], count: Int.random(in: 2...4, using: &random))
        for step in steps.dropLast() { parts[Int.random(in: parts.indices, using: &random)].append(step) }
        for part in parts.dropFirst() where !part.isEmpty {
            addTask(node, random.chance(50) ? process : self.process(node), [Plan.Step(handle: handle, action: .await)] + part)
        }
        return parts[0] + [Plan.Step(handle: handle, action: .join)] + steps.suffix(1)
    }

    /// Tokens that tasks of a node hand to each other, and processes that share their memory.
    private mutating func addLinks(_ node: Int) {
        let tasks = plan.tasks.indices.filter { plan.tasks[$0].node == node }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            guard let giver = tasks.randomElement(using: &random), let taker = tasks.randomElement(using: &random), giver != taker,
                plan.tasks[giver].process != plan.tasks[taker].process
            else { continue }
            tokens += 1
            insert(.raise(token: tokens), into: giver)
            insert(.take(token: tokens), into: taker)
        }
        let processes = Set(plan.tasks.filter { $0.node == node }.map(\.process)).sorted()
        if random.chance(20), processes.count > 2 { plan.nodes[node].memoryOwner = [processes[2]: processes[0]] }
    }

    private mutating func insert(_ action: Plan.Action, into task: Int) {
        let place = Int.random(in: 0...plan.tasks[task].steps.count, using: &random)
        plan.tasks[task].steps.insert(Plan.Step(handle: -1, action: action), at: place)
    }

    // MARK: Damage

    /// Leaves out nodes, cuts off traces, hides addresses.
    mutating func damage() {
        let missing = Int.random(in: 0..<4, using: &random)
        let cuts = random.chance(30)
        let hides = random.chance(30)
        let serving = Set(plan.services.map(\.node))
        for node in plan.nodes.indices {
            // One kind at a time: if clients and servers of one host are missing, what is left may fit by chance.
            let isServer = serving.contains(node)
            if missing == 1 && isServer || missing == 2 && !isServer { plan.nodes[node].isMissing = random.chance(30) }
            plan.nodes[node].tellsDestinations = random.chance(40)
            if cuts && random.chance(30) { plan.nodes[node].cut = Double.random(in: 0..<1, using: &random) }
        }
        for (number, talk) in plan.conversations.enumerated() {
            guard case .service(let service) = talk.medium, plan.services[service].kind == .tcp, hides, random.chance(40) else { continue }
            plan.conversations[number].hidesAddresses = true
        }
        varyShutdowns()
        if features.contains(.polls) { addPolls() }
        if features.contains(.urgent) { addUrgentBytes() }
    }

    /// On a few TCP connections, bytes that are urgent, and somebody who asks for them.
    private mutating func addUrgentBytes() {
        for (number, talk) in plan.conversations.enumerated() {
            guard case .service(let service) = talk.medium, plan.services[service].kind == .tcp, random.chance(15) else { continue }
            for task in plan.tasks.indices {
                plan.tasks[task].steps = plan.tasks[task].steps.flatMap { step in
                    guard step.handle / 2 == number, step.handle >= 0, random.chance(40) else { return [step] }
                    return switch step.action {
                    case .send: [step, Plan.Step(handle: step.handle, action: .sendUrgent)]
                    case .receive, .read, .drain: [Plan.Step(handle: step.handle, action: .receiveUrgent), step]
                    default: [step]
                    }
                }
            }
        }
    }

    /// Now and then a task looks before it receives.
    private mutating func addPolls() {
        for task in plan.tasks.indices {
            plan.tasks[task].steps = plan.tasks[task].steps.flatMap { step in
                switch step.action {
                case .receive, .read, .drain: random.chance(30) ? [Plan.Step(handle: step.handle, action: .poll), step] : [step]
                default: [step]
                }
            }
        }
    }

    /// Most shutdowns end the sending half; some the other, or both.
    private mutating func varyShutdowns() {
        for task in plan.tasks.indices {
            for step in plan.tasks[task].steps.indices where plan.tasks[task].steps[step].action == .shutdown(.write) {
                guard random.chance(40) else { continue }
                plan.tasks[task].steps[step].action = .shutdown(random.chance(50) ? .both : .read)
            }
        }
    }
}
