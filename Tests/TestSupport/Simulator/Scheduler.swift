import RunModel

/// Lets the tasks of a world take their steps.
extension World {
    /// Runs until no task can do anything more.
    mutating func run() {
        for index in tasks.indices { queue.insert(index, at: tasks[index].steps.isEmpty ? .max : tasks[index].wake) }
        while let next = queue.popFirst() {
            // A task that somebody woke up is in the queue twice.
            guard next.time == tasks[next.task].wake else { continue }
            now = max(now + 1, next.time)
            step(next.task)
            if tasks[next.task].call == nil && tasks[next.task].steps.isEmpty { tasks[next.task].wake = .max }
            queue.insert(next.task, at: tasks[next.task].wake)
        }
        for node in nodes.indices { flush(node) }
    }

    private mutating func step(_ index: Int) {
        tasks[index].wake = now + moment(index)
        guard let call = tasks[index].call else {
            if let first = tasks[index].steps.first { begin(index, first) }
            return
        }
        if call.isDone { finish(index, call) } else { attempt(index) }
    }

    /// A short time; now and then a long one.
    private mutating func moment(_ index: Int) -> Int64 {
        Int64.random(in: 1...(tasks[index].random.chance(5) ? 20_000 : 600), using: &tasks[index].random)
    }

    // MARK: Between calls

    private mutating func begin(_ index: Int, _ step: Plan.Step) {
        switch step.action {
        case .pause(let time): tasks[index].wake = now + time
        case .await: if !awaits(index, step.handle) { return }
        case .join: if joins(index, step.handle) { return }
        case .open: openDatagramSocket(index, step.handle)
        case .raise(let token): tokens[token] = (event(tasks[index].plan.node), tasks[index].plan.process)
        case .take(let token): if !takes(index, token) { return }
        case .close where isBusy(step.handle, besides: index): return
        default:
            tasks[index].steps.removeFirst()
            return enter(index, step)
        }
        if tasks[index].steps.first == step { tasks[index].steps.removeFirst() }
    }

    /// Whether another task is in a call on the end: nothing is closed before it returns.
    private func isBusy(_ handle: Int, besides index: Int) -> Bool {
        tasks.indices.contains { $0 != index && tasks[$0].call?.step.handle == handle }
    }

    /// Goes on if the end exists, gives up all that has to do with it if it never will, and else sleeps until either is known.
    private mutating func awaits(_ index: Int, _ handle: Int) -> Bool {
        switch handles[handle] {
        case .open: return true
        case .failed: tasks[index].steps.removeAll { $0.handle == handle }
        case .awaited: tasks[index].wake = .max
        }
        return false
    }

    /// What became of an end that others wait for.
    mutating func settle(_ handle: Int, _ state: Handle) {
        handles[handle] = state
        for index in tasks.indices where tasks[index].wake == .max && tasks[index].call == nil {
            if let first = tasks[index].steps.first, first.handle == handle, first.action == .await {
                tasks[index].wake = now + moment(index)
                queue.insert(index, at: tasks[index].wake)
            }
        }
    }

    /// Whether there is still somebody to wait for.
    private mutating func joins(_ index: Int, _ handle: Int) -> Bool {
        let others = tasks.indices.contains { other in
            other != index && (tasks[other].steps.contains { $0.handle == handle } || tasks[other].call?.step.handle == handle)
        }
        let until = tasks[index].waitsUntil ?? now + 3 * World.patience
        tasks[index].waitsUntil = others && now < until ? until : nil
        if tasks[index].waitsUntil != nil { tasks[index].wake = now + 2_000 }
        return tasks[index].waitsUntil != nil
    }

    /// Takes a token that somebody raised; waits for a while if nobody did.
    private mutating func takes(_ index: Int, _ token: Int) -> Bool {
        guard let raised = tokens[token] else {
            let until = tasks[index].waitsUntil ?? now + World.patience
            tasks[index].waitsUntil = now < until ? until : nil
            tasks[index].wake = now + 1_000
            return now >= until
        }
        tasks[index].waitsUntil = nil
        let (node, process) = (tasks[index].plan.node, tasks[index].plan.process)
        let taken = event(node)
        let link = Link(
            kind: .counter, from: raised.at.moment, fromProcess: raised.process, to: taken.moment, toProcess: process)
        links.append((node, link, raised.at.time, taken.time))
        return true
    }

    // MARK: A call is entered

    private mutating func enter(_ index: Int, _ step: Plan.Step) {
        guard let (kind, file) = target(index, step) else { return }
        let (node, process) = (tasks[index].plan.node, tasks[index].plan.process)
        operations.append(SimulatedOperation(node: node, file: file, kind: kind, process: process, task: index, began: now))
        let operation = operations.count - 1
        if case .shutdown(let halves) = step.action { operations[operation].halves = halves }
        var call = SimulatedTask.Call(operation: operation, step: step, deadline: now + World.patience)
        switch step.action {
        case .send(let count): call.remaining = count
        case .sendUrgent: call.remaining = 1
        default: break
        }
        operations[operation].isUrgent = [.sendUrgent, .receiveUrgent].contains(step.action)
        tasks[index].call = call
        if nodes[node].isBuffered, [.send, .receive, .shutdown, .close].contains(kind) {
            attempt(index)
            if let done = tasks[index].call, done.isDone { return finish(index, done) }
        }
        operations[operation].entered = event(node)
        if case .connect = step.action {
            files[file].opened = operations[operation].entered
            files[file].connectedBy = operation
        }
    }

    /// The file that a step is about, and the kind of the call.
    private mutating func target(_ index: Int, _ step: Plan.Step) -> (Operation.Kind, Int)? {
        switch step.action {
        case .connect: return makeClient(index, step.handle).map { (.connect, $0) }
        case .accept(let service): return services[service].isClosed ? nil : (.accept, services[service].file)
        case .closeService(let service): return (.close, services[service].file)
        case .pause, .await, .join, .open, .raise, .take: return nil
        case .send, .sendUrgent, .receive, .receiveUrgent, .read, .poll, .drain, .shutdown, .close:
            guard let file = file(step.handle), !files[file].isDead, !files[file].isClosing else { return nil }
            switch step.action {
            case .send, .sendUrgent: return (.send, file)
            case .shutdown: return (.shutdown, file)
            case .poll: return (.ready, file)
            case .close:
                files[file].isClosing = true
                return (.close, file)
            default: return (.receive, file)
            }
        }
    }

    // MARK: The kernel does its part

    private mutating func attempt(_ index: Int) {
        guard let call = tasks[index].call else { return }
        let file = operations[call.operation].file
        var isDone = true
        switch call.step.action {
        case .connect: connect(file, call)
        case .accept(let service): isDone = accept(index, service)
        case .closeService(let service): close(service: service)
        case .send, .sendUrgent: isDone = send(index, file)
        case .receiveUrgent: takeUrgent(file, call.operation)
        case .receive(let count), .read(let count): isDone = receive(index, file, atMost: count)
        case .drain: isDone = receive(index, file, atMost: 4096)
        case .poll: isDone = poll(index, file, call.operation)
        case .shutdown(let halves): shutDown(file, halves, call.operation)
        case .close: close(file, call.operation)
        case .pause, .await, .join, .open, .raise, .take: break
        }
        tasks[index].call?.isDone = isDone
        // Who has waited for long is looked at seldom: nothing else makes a simulation slow.
        let waited = now - operations[call.operation].began
        if !isDone { tasks[index].wake = now + Int64.random(in: 50...400, using: &tasks[index].random) + waited / 4 }
    }

    /// Whether a call that cannot go on has waited for too long: a signal interrupts it.
    mutating func giveUp(_ index: Int) -> Bool {
        guard let call = tasks[index].call, now > call.deadline else { return false }
        operations[call.operation].result = -4
        return true
    }

    // MARK: A call returns

    private mutating func finish(_ index: Int, _ call: SimulatedTask.Call) {
        tasks[index].call = nil
        let node = tasks[index].plan.node
        operations[call.operation].ended = now
        if operations[call.operation].entered != nil {
            operations[call.operation].exited = event(node)
        } else {
            if nodes[node].pending.task != index { flush(node) }
            nodes[node].pending.task = index
            nodes[node].pending.operations.append(call.operation)
        }
        let result = operations[call.operation].result
        let handle = call.step.handle
        switch call.step.action {
        case .connect:
            // Refused: all that is left to do is to close it.
            if result < 0 {
                for other in tasks.indices {
                    tasks[other].steps.removeAll { $0.handle == handle && ![.close, .await].contains($0.action) }
                }
            }
            settle(handle, .open(operations[call.operation].file))
        case .accept: accepted(call)
        case .receive(let wanted) where result > 0 && UInt64(result) < wanted:
            tasks[index].steps.insert(Plan.Step(handle: handle, action: .receive(wanted - UInt64(result))), at: 0)
        case .drain where result > 0: tasks[index].steps.insert(call.step, at: 0)
        case .close, .closeService: files[operations[call.operation].file].closedBy = call.operation
        default: break
        }
    }

    private mutating func accepted(_ call: SimulatedTask.Call) {
        guard let file = call.accepted, let handle = files[file].handle else { return }
        operations[call.operation].file = file
        files[file].opened = operations[call.operation].exited
        files[file].establishedBy = call.operation
        files[file].process = operations[call.operation].process
        settle(handle, .open(file))
    }

    // MARK: What the recorder does

    /// The next event of a node; what its buffer holds is written before.
    mutating func event(_ node: Int) -> Point {
        flush(node)
        return nextEvent(node)
    }

    private mutating func nextEvent(_ node: Int) -> Point {
        nodes[node].event += 1
        nodes[node].stamp = now
        return Point(moment: Moment(event: nodes[node].event), time: now)
    }

    /// All that is known of the time of a buffered call: after the last event before the flush, and before the flush.
    mutating func flush(_ node: Int) {
        let operations = nodes[node].pending.operations
        guard !operations.isEmpty else { return }
        nodes[node].pending = (-1, [])
        let before = nodes[node].stamp
        let event = nextEvent(node)
        for (place, operation) in operations.enumerated() {
            let moment = Moment(event: event.moment.event, call: UInt32(place + 1))
            self.operations[operation].entered = Point(moment: moment, time: before)
            self.operations[operation].exited = Point(moment: moment, time: event.time)
        }
    }
}
