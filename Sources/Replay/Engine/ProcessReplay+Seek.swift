import RunModel

/// Going to an event.
extension ProcessReplay {
    /// Goes to where `event` is done, and no code of the process has run after it: to the end of the process if nothing comes after that.
    /// The breakpoints stay. `task` is the thread to choose, if it is there.
    @discardableResult
    public func seek(to event: UInt64, task: Int32? = nil) throws(ReplayError) -> Stop {
        try serving(anywhere: true) { server throws(RemoteFailure) in
            try go(server, to: event)
            if let task, try server.select(task) { self.task = task }
        }
        return Stop(task: self.task, edge: isAtEnd ? .end : nil)
    }

    /// The same with a server that may just have been started.
    func go(_ server: ReplayServer, to event: UInt64) throws(RemoteFailure) {
        diversion = .none
        isAtEnd = false
        inserted = []
        // Behind the last event is only the end. Asked to stop there, rr would leave.
        let place = min(max(event, subject.life.first), max(subject.life.first, subject.life.last) - 1)
        task = try server.seek(place, within: Self.patienceForReplay) ?? task
        if event >= subject.life.last {
            if case .stopped(let task, _) = try server.run(within: Self.patienceForReplay) { self.task = task }
            isAtEnd = true
        }
        self.event = event
        _ = try server.select(task)
        try insertBreakpoints(server)
    }

    /// Goes to where a thread makes the call of the syscall buffer whose record begins `place` bytes behind the buffer's header: `event` is
    /// the last one of the thread before it. The call has not been made there. Whether it came there.
    public func seek(toBufferedCall place: UInt32, after event: UInt64, task: Int32) throws(ReplayError) -> Bool {
        try serving(anywhere: true) { server throws(RemoteFailure) in
            // rr stops before an event, not behind the last that came before a flush.
            try go(server, to: event > 0 ? event - 1 : 0)
            try removeBreakpoints(server)
            let condition = AgentExpression.word(atPointerAt: RRPage.bufferPointer, is: place)
            let found = try run(server, to: RRPage.bufferedSlots, condition: condition) { stopped, _ in stopped == task }
            self.event = event
            isAtEnd = !found
            if found { self.task = task }
            try insertBreakpoints(server)
            return found
        }
    }

    /// Runs on to where a thread comes to `address` with its stack pointer at `stack` or above: to where a function returns to. No
    /// breakpoint of the debugger stops it. Whether it came there.
    public func run(_ task: Int32, to address: UInt64, stackAtLeast stack: UInt64) throws(ReplayError) -> Bool {
        try serving { server throws(RemoteFailure) in
            try removeBreakpoints(server)
            let found = try run(server, to: [address]) { (stopped, server) throws(RemoteFailure) in
                stopped == task ? try server.stackPointer() >= stack : false
            }
            isAtEnd = !found
            if found { self.task = task }
            try noteEvent(server)
            try insertBreakpoints(server)
            return found
        }
    }

    /// Runs on until some thread comes to one of `addresses`, and `isThere`; whether that happened before the end.
    func run(
        _ server: ReplayServer, to addresses: [UInt64], condition: String? = nil,
        isThere: (Int32, ReplayServer) throws(RemoteFailure) -> Bool
    ) throws(RemoteFailure) -> Bool {
        for address in addresses { _ = try server.setBreakpoint(address, condition: condition) }
        var found = false
        while !found, case .stopped(let stopped, _) = try server.run(within: Self.patienceForReplay) {
            found = try isThere(stopped, server)
            guard !found else { break }
            // With a breakpoint on the instruction, rr would not get past it.
            let here = try server.instructionPointer()
            guard addresses.contains(here) else { continue }
            try server.removeBreakpoint(here)
            guard case .stopped = try server.step(stopped) else { break }
            _ = try server.setBreakpoint(here, condition: condition)
        }
        for address in addresses { try server.removeBreakpoint(address) }
        return found
    }

    /// Asks how far it has come: the last event that is done.
    @discardableResult
    public func currentEvent() throws(ReplayError) -> UInt64 {
        try serving(anywhere: true) { server throws(RemoteFailure) in try noteEvent(server) }
        return event
    }

    func noteEvent(_ server: ReplayServer) throws(RemoteFailure) {
        guard !isAtEnd else {
            event = max(event, subject.life.last)
            return
        }
        let current = try server.currentEvent(task)
        event = current > 0 ? current - 1 : 0
    }
}

/// The page of code and addresses that rr maps into every program.
enum RRPage {
    /// Through which the calls of the syscall buffer go: made again in replay, not made again, and helped along by rr.
    static let bufferedSlots: [UInt64] = [0x7000_0006, unrepeatedSlot, 0x7000_0018]
    /// The one of these for calls that are not made again.
    static let unrepeatedSlot: UInt64 = 0x7000_000c
    /// Where the address of the running thread's syscall buffer is, whose first word is how many bytes of records it has.
    static let bufferPointer: UInt64 = 0x7000_1030
}
