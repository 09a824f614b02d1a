/// What a debugger asks of a process that stands.
extension ProcessReplay {
    /// Its threads, in rr's order.
    public func threads() throws(ReplayError) -> [Int32] {
        try serving(anywhere: true) { server throws(RemoteFailure) in try server.threads() }
    }

    /// Makes a thread the one that is asked about; `false` if it is not there.
    public func select(_ task: Int32) throws(ReplayError) -> Bool {
        try serving { server throws(RemoteFailure) in try server.select(task) }
    }

    /// A request that moves nothing, passed on as it is, and its answer. Ids of processes in it are the recorded ones.
    public func pass(_ request: [UInt8]) throws(ReplayError) -> [UInt8] {
        try serving { server throws(RemoteFailure) in try server.pass(request) }
    }

    /// The debugger is about to call a function in a thread: rr leaves the recording when it is asked for the signal's details.
    public func beginDiversion(_ task: Int32, asking request: [UInt8]) throws(ReplayError) -> [UInt8] {
        guard !isAtEnd else { return Array("E01".utf8) }
        let answer = try pass(request)
        diversion = .active(task)
        return answer
    }

    /// The function has returned: with the next move rr is back in the recording.
    public func endDiversion(_ request: [UInt8]) throws(ReplayError) -> [UInt8] {
        let answer = try pass(request)
        if diversion != .none { diversion = .ending }
        return answer
    }

    /// Whether a function of the program is being called.
    public var isDiverted: Bool { if case .active = diversion { true } else { false } }

    /// One of rr's own commands, such as `checkpoint`, and what it says.
    public func command(_ name: String, _ arguments: [String]) throws(ReplayError) -> String {
        try serving { server throws(RemoteFailure) in try server.command(name, arguments, task) }
    }

    /// Goes to one of rr's checkpoints, or to a count of ticks: `c2`, `t4711`.
    public func restart(at place: String) throws(ReplayError) {
        try serving { server throws(RemoteFailure) in
            diversion = .none
            isAtEnd = false
            inserted = []
            task = try server.run(to: place, within: Self.patienceForReplay) ?? task
            _ = try server.select(task)
            try noteEvent(server)
            try insertBreakpoints(server)
        }
    }

    /// How many bytes of records the syscall buffer of the running thread has: which of the calls of the flush to come were made already.
    /// `nil` if the thread has no buffer.
    public func bufferedBytes() throws(ReplayError) -> UInt32? {
        try serving(anywhere: true) { server throws(RemoteFailure) in
            let pointer = try server.memory(RRPage.bufferPointer, 8)
            guard pointer.count == 8, case let address = ReplayServer.number(pointer), address != 0 else { return nil }
            let count = try server.memory(address, 4)
            return count.count == 4 ? UInt32(truncatingIfNeeded: ReplayServer.number(count)) : nil
        }
    }
}
