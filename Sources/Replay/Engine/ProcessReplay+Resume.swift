/// Moving on, in both directions.
extension ProcessReplay {
    /// What one thread, or all, should do while the process moves forwards.
    public struct Action: Hashable, Sendable {
        /// Whether to do one instruction only.
        public var isStep: Bool
        /// The thread; `nil` for all that have no action of their own.
        public var task: Int32?

        /// A step, or going on, of `task`.
        public init(isStep: Bool, task: Int32?) {
            self.isStep = isStep
            self.task = task
        }
    }

    /// How to move.
    public enum Motion: Hashable, Sendable {
        /// Forwards.
        case forward([Action])
        /// Backwards, by one instruction of a thread, or until something stops it.
        case backward(stepping: Int32?)

        var isForward: Bool { if case .forward = self { true } else { false } }

        /// The thread that makes one step while nobody else moves: no other may be said to have stopped.
        var lonelyStepper: Int32? {
            switch self {
            case .forward(let actions): actions.count == 1 && actions[0].isStep ? actions[0].task : nil
            case .backward(let stepping): stepping
            }
        }
    }

    /// Moves until something stops it. `interrupted` is asked whenever `descriptor` has something to read; if it says so, the movement is
    /// stopped, by force if need be.
    @discardableResult
    public func resume(
        _ motion: Motion, orReadable descriptor: Int32 = -1, interrupted: () -> Bool = { false }
    ) throws(ReplayError) -> Stop {
        if diversion == .ending { diversion = .none }
        if motion.isForward, isAtEnd, diversion == .none { return Stop(task: task, edge: .end) }
        do {
            return try serving { server throws(RemoteFailure) in
                let stop: Stop
                switch motion {
                case .forward(let actions): stop = try moveForward(server, actions, motion, descriptor, interrupted)
                case .backward(let stepping): stop = try moveBackward(server, stepping, motion, descriptor, interrupted)
                }
                if motion.lonelyStepper == nil { try noteEvent(server) }
                return stop
            }
        } catch {
            // It stands at the last event again, or could not be brought there.
            guard isOpen else { throw error }
            return Stop(signal: Self.interruptSignal, task: task, restart: error.description)
        }
    }

    /// SIGINT: what gdb shows for a stop that it did not ask for.
    private static let interruptSignal: UInt8 = 2
    /// SIGTRAP: the stop behind a step.
    private static let trapSignal: UInt8 = 5
    /// SIGKILL: how rr tells of the end.
    private static let endSignal: UInt8 = 9
    /// How long rr may take to stop when it is told to.
    private static let patienceForInterrupt = Duration.seconds(3)

    private func moveForward(
        _ server: ReplayServer, _ wished: [Action], _ motion: Motion, _ descriptor: Int32, _ interrupted: () -> Bool
    ) throws(RemoteFailure) -> Stop {
        var actions = wished
        if case .active(let caller) = diversion {
            // rr would run the function in a thread of its own choice.
            actions = [Action(isStep: actions.first?.isStep ?? false, task: caller)]
        } else {
            try insertBreakpoints(server)
        }
        let words = actions.map { ($0.isStep ? "s" : "c") + ":" + ($0.task.map(server.name) ?? server.allThreads) }
        let answer = try wait(server, for: "vCont;" + words.joined(separator: ";"), descriptor, interrupted)
        return try stop(server, answer, motion)
    }

    private func moveBackward(
        _ server: ReplayServer, _ stepping: Int32?, _ motion: Motion, _ descriptor: Int32, _ interrupted: () -> Bool
    ) throws(RemoteFailure) -> Stop {
        isAtEnd = false
        try removeLoaderBreakpoints(server)
        // Before its first instruction, nothing is mapped that a debugger could work with.
        let floor = try programImage(server).entry
        if let stepping, try server.select(stepping), try server.instructionPointer() == floor { return Stop(task: stepping, edge: .begin) }
        let before = try stepping.map { (task) throws(RemoteFailure) in try exactPlace(server, of: task) }
        let isWatched = wanted.keys.contains { $0.kind == "0" && $0.address == floor }
        let hasFloor = isWatched ? false : try server.setBreakpoint(floor)
        _ = try server.ask(stepping.map { "Hc" + server.name($0) } ?? "Hc0")
        let answer = try wait(server, for: stepping == nil ? "bc" : "bs", descriptor, interrupted)
        var stop = try stop(server, answer, motion)
        if hasFloor {
            try server.removeBreakpoint(floor)
            if try server.instructionPointer() == floor { stop.edge = .begin }
        }
        if stop.edge == .begin, let before, try goBefore(before, server) { stop = Stop(signal: Self.trapSignal, task: before.task) }
        try insertBreakpoints(server)
        return stop
    }

    /// Sends a request that makes the process move, and waits for what comes of it.
    private func wait(
        _ server: ReplayServer, for request: String, _ descriptor: Int32, _ interrupted: () -> Bool
    ) throws(RemoteFailure) -> String {
        try server.begin(request)
        while true {
            // For hours, if need be: it is the user who decides how long is too long.
            if let answer = try server.answer(orReadable: descriptor, before: .now + Self.patienceForReplay) { return answer }
            if interrupted() { break }
        }
        try server.interrupt()
        guard let answer = try server.answer(orReadable: -1, before: .now + Self.patienceForInterrupt) else { throw .silent }
        try server.synchronize()
        // Something else may have stopped it first. gdb might go on from there by itself, and the user would have asked in vain.
        guard answer.hasPrefix("T05") else { return answer }
        let thread = answer.dropFirst(3).split(separator: ";").first { $0.hasPrefix("thread:") }
        return "T02" + (thread.map { $0 + ";" } ?? "")
    }

    /// What rr's answer to a movement means.
    private func stop(_ server: ReplayServer, _ answer: String, _ motion: Motion) throws(RemoteFailure) -> Stop {
        if answer.hasPrefix("W") || answer.hasPrefix("X") {
            // There is nothing left to look at. A step back there is.
            try go(server, to: subject.life.last)
            return Stop(task: task, edge: .end)
        }
        guard answer.hasPrefix("T"), let signal = UInt8(answer.dropFirst().prefix(2), radix: 16) else {
            throw .unexpected(request: "\(motion)", answer: answer)
        }
        var stop = Stop(signal: signal, task: task)
        for part in answer.dropFirst(3).split(separator: ";") {
            if part.hasPrefix("thread:") {
                if let stopped = server.task(named: part.dropFirst(7)) { stop.task = stopped } else { stop.signal = 0 }
            } else if part.hasPrefix("replaylog:") {
                stop.edge = Stop.Edge(rawValue: String(part.dropFirst(10)))
            } else if Self.reasons.contains(where: part.hasPrefix) {
                stop.reason += part + ";"
            }
        }
        if signal == Self.endSignal, motion.isForward, diversion == .none {
            stop.edge = .end
            isAtEnd = true
        }
        // Backwards, rr has no reason to stop but a breakpoint, a watchpoint, a step (all SIGTRAP), a signal, or the beginning.
        if signal == 0, !motion.isForward { stop.edge = .begin }
        if let stepper = motion.lonelyStepper, stop.task != stepper, diversion == .none, stop.edge == nil {
            stop = Stop(signal: Self.interruptSignal, task: stepper)
        }
        task = stop.task
        _ = try server.select(task)
        return stop
    }

    /// The reasons of a stop that gdb understands.
    private static let reasons = ["watch:", "rwatch:", "awatch:", "swbreak:", "hwbreak:"]
}
