public import RunModel

/// A node of a simulated world as an rr trace, and what `Endpoints` should make of it.
public struct SimulatedTrace {
    /// The trace.
    public let writer: TraceWriter
    /// What should be read from it; its moments are frames of the trace.
    public let expected: NodeActivity

    /// The traces of all recorded nodes of `plan`. Each node is one process, and its tasks are threads of it; nothing is buffered or
    /// hidden, and clocks agree.
    public static func all(of plan: Plan) -> [SimulatedTrace] {
        var world = World(plan.forTraces())
        world.run()
        let observer = Observer(world)
        return observer.nodeIDs.indices.compactMap { node in
            guard let id = observer.nodeIDs[node] else { return nil }
            var maker = TraceMaker(world, node, until: observer.cuts[node])
            maker.run()
            return SimulatedTrace(writer: maker.writer, expected: maker.renumbered(observer.activities[Int(id.index)]))
        }
    }
}

extension Plan {
    /// What can be written as traces.
    fileprivate func forTraces() -> Plan {
        var plan = self
        for node in plan.nodes.indices {
            plan.nodes[node].isBuffered = false
            plan.nodes[node].memoryOwner = [:]
        }
        for host in plan.clocks.indices { plan.clocks[host] = (0, 0) }
        for talk in plan.conversations.indices { plan.conversations[talk].hidesAddresses = false }
        for task in plan.tasks.indices {
            plan.tasks[task].process = TraceMaker.process
            plan.tasks[task].steps.removeAll { step in
                switch step.action {
                case .raise, .take: true
                default: false
                }
            }
        }
        return plan
    }
}

/// Writes the events of one node as frames.
private struct TraceMaker {
    /// What happens at an event of the simulated node.
    private enum Item {
        case enter(Int)
        case exit(Int)
        /// Files that are there from the beginning.
        case made([Int])
    }

    /// Numbers of system calls on x86-64.
    private enum Call: Int32 {
        case read = 0
        case write = 1
        case close = 3
        case pipe = 22
        case socket = 41
        case connect = 42
        case accept = 43
        case shutdown = 48
        case listen = 50
        case socketpair = 53
        case clone = 56
        case execve = 59
    }

    static let process: Int32 = 5
    private static let buffer: UInt64 = 0x7000_0000_0000
    private static let threadFlags: UInt32 = 0x3d_0f00

    private let world: World
    private let node: Int
    private var items: [UInt64: Item] = [:]
    private var time: Int64 = 1_000
    private var frames: [UInt64: UInt64] = [:]
    private(set) var writer = TraceWriter()

    init(_ world: World, _ node: Int, until end: Int64) {
        self.world = world
        self.node = node
        for (number, file) in world.files.enumerated() where file.node == node && [.listen, .made].contains(file.birth) || isPair(file) {
            guard file.node == node, let event = file.opened?.moment.event else { continue }
            if case .made(let others)? = items[event] { items[event] = .made(others + [number]) } else { items[event] = .made([number]) }
        }
        for (number, operation) in world.operations.enumerated() where operation.node == node {
            if let entered = operation.entered, entered.time <= end { items[entered.moment.event] = .enter(number) }
            if let exited = operation.exited, exited.time <= end { items[exited.moment.event] = .exit(number) }
        }
    }

    private func isPair(_ file: SimulatedFile) -> Bool { if case .pair = file.birth { true } else { false } }

    mutating func run() {
        writer.exec(task: Self.process, commandLine: ["program"], event: 1)
        leave(Self.process, .execve, [], 0)
        for task in Set(world.operations.filter { $0.node == node }.map(\.task)).sorted() {
            enter(Self.process, .clone, [UInt64(Self.threadFlags)])
            writer.clone(task: thread(task), parent: Self.process, flags: Self.threadFlags, event: writer.frameCount)
            leave(Self.process, .clone, [UInt64(Self.threadFlags)], Int64(thread(task)))
        }
        for (event, item) in items.sorted(by: { $0.key < $1.key }) {
            switch item {
            case .made(let files): make(files)
            case .enter(let operation): enter(operation)
            case .exit(let operation): exit(operation)
            }
            frames[event] = UInt64(writer.frameCount)
        }
    }

    private func thread(_ task: Int) -> Int32 { Int32(task) + 10 }
    private func descriptor(_ file: Int) -> UInt64 { UInt64(file) + 3 }

    // MARK: Files that are there

    private mutating func make(_ files: [Int]) {
        let file = world.files[files[0]]
        if isPair(file) {
            // A pipe's reading end comes first.
            let ends = files.sorted { world.files[$0].access == .read && world.files[$1].access != .read }
            let numbers = (file.kind == .pipe ? ends : files).flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: descriptor(number) >> UInt64(8 * $0)) }
            }
            let arguments = file.kind == .pipe ? [Self.buffer, 0] : [1, socketType(file.kind), 0, Self.buffer]
            enter(Self.process, file.kind == .pipe ? .pipe : .socketpair, arguments)
            leave(Self.process, file.kind == .pipe ? .pipe : .socketpair, arguments, 0, wrote: numbers)
        } else {
            makeSocket(files[0], Self.process)
            enter(Self.process, .listen, [descriptor(files[0]), 128])
            leave(Self.process, .listen, [descriptor(files[0]), 128], 0)
        }
    }

    private mutating func makeSocket(_ file: Int, _ task: Int32) {
        let arguments = [world.files[file].kind == .tcp ? 2 : 1, socketType(world.files[file].kind), 0]
        enter(task, .socket, arguments)
        leave(task, .socket, arguments, Int64(descriptor(file)))
    }

    private func socketType(_ kind: Endpoint.Kind) -> UInt64 { kind == .unixSequenced ? 5 : kind.isDatagram ? 2 : 1 }

    // MARK: Operations

    private mutating func enter(_ number: Int) {
        let operation = world.operations[number]
        if operation.kind == .connect { makeSocket(operation.file, thread(operation.task)) }
        time = operation.began
        enter(thread(operation.task), call(operation), arguments(operation))
    }

    private mutating func exit(_ number: Int) {
        let operation = world.operations[number]
        let file = world.files[operation.file]
        time = operation.ended ?? time
        let task = thread(operation.task)
        if operation.result == 0, operation.kind == .connect || operation.kind == .accept, file.kind == .tcp {
            let result = operation.kind == .accept ? Int64(descriptor(operation.file)) : 0
            let number = call(operation).rawValue
            let event = FrameSpec.Event.socket(number: number, local: recorded(file.local), remote: recorded(file.remote))
            return frame(task, event, FrameSpec.x64(number: Int64(number), result: result, arguments(operation)))
        }
        let result = operation.kind == .accept && operation.result == 0 ? Int64(descriptor(operation.file)) : operation.result
        let taken = operation.kind == .receive && result > 0 ? [UInt8](repeating: 7, count: Int(result)) : []
        leave(task, call(operation), arguments(operation), result, wrote: taken)
    }

    private func call(_ operation: SimulatedOperation) -> Call {
        switch operation.kind {
        case .connect: .connect
        case .accept: .accept
        case .send: .write
        case .receive, .ready: .read
        case .shutdown: .shutdown
        case .close: .close
        case .listen: .listen
        }
    }

    private func arguments(_ operation: SimulatedOperation) -> [UInt64] {
        switch operation.kind {
        case .accept:
            // The listening socket: that of the connection's service.
            let handle = world.files[operation.file].handle ?? 0
            guard operation.result == 0, case .service(let service) = world.plan.conversations[handle / 2].medium else {
                return [descriptor(operation.file), 0, 0]
            }
            return [descriptor(world.services[service].file), 0, 0]
        case .shutdown: return [descriptor(operation.file), operation.halves == .read ? 0 : operation.halves == .write ? 1 : 2]
        case .send: return [descriptor(operation.file), Self.buffer, UInt64(max(operation.result, 1))]
        default: return [descriptor(operation.file), Self.buffer, operation.isFull ? UInt64(max(operation.result, 1)) : 65_536]
        }
    }

    /// A socket address as rr writes it: the port in the order of the host.
    private func recorded(_ address: Address?) -> [UInt8] {
        guard case .ipv4(let host, let port)? = address else { return [] }
        let bytes = [2, 0, UInt8(port & 255), UInt8(port >> 8)] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: host >> UInt32($0)) }
        return bytes + [UInt8](repeating: 0xee, count: 120)
    }

    // MARK: Frames

    private mutating func enter(_ task: Int32, _ call: Call, _ arguments: [UInt64]) {
        let event = FrameSpec.Event.syscall(number: call.rawValue, state: 1)
        frame(task, event, FrameSpec.x64(number: Int64(call.rawValue), result: -38, arguments))
    }

    private mutating func leave(_ task: Int32, _ call: Call, _ arguments: [UInt64], _ result: Int64, wrote: [UInt8] = []) {
        let writes = wrote.isEmpty ? [] : [FrameSpec.Write(task: task, address: Self.buffer, bytes: wrote)]
        let event = FrameSpec.Event.syscall(number: call.rawValue, state: 2)
        frame(task, event, FrameSpec.x64(number: Int64(call.rawValue), result: result, arguments), writes)
    }

    private mutating func frame(_ task: Int32, _ event: FrameSpec.Event, _ registers: [UInt8], _ writes: [FrameSpec.Write] = []) {
        writer.frame(
            FrameSpec(
                task: task, event: event, registers: registers, writes: writes, ticks: Int64(writer.frameCount) * 50,
                seconds: Double(time) / 1e9))
    }

    // MARK: What to expect

    /// What the simulator says of the node, with frames for its events.
    func renumbered(_ activity: NodeActivity) -> NodeActivity {
        func frame(_ moment: Moment) -> Moment { Moment(event: frames[moment.event] ?? 0) }
        var activity = activity
        for index in activity.operations.indices {
            activity.operations[index].entered = frame(activity.operations[index].entered)
            activity.operations[index].at = frame(activity.operations[index].at)
        }
        for serial in activity.endpoints.indices {
            activity.endpoints[serial].opened = frame(activity.endpoints[serial].opened)
            activity.endpoints[serial].established = activity.endpoints[serial].established.map(frame)
            activity.endpoints[serial].closed = activity.endpoints[serial].closed.map(frame)
        }
        return activity
    }
}
