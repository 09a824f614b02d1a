import RunModel

/// Coming back to exactly where the process once stood, also within an event.
extension ProcessReplay {
    /// Where it stands: exactly, as far as anything can tell two places apart.
    public struct Place: Hashable, Sendable {
        /// The last event that was done.
        public var event: UInt64
        /// The thread.
        public var task: Int32
        /// Its general registers and where it is, as the protocol has them; empty at the end of the process. The others depend on how it
        /// came here: behind a system call, some still tell of it.
        public var registers: [UInt8]
    }

    /// Where it stands.
    public func place() throws(ReplayError) -> Place {
        guard !isAtEnd else { return Place(event: .max, task: task, registers: []) }
        let task = task
        return try serving(anywhere: true) { server throws(RemoteFailure) in try exactPlace(server, of: task) }
    }

    func exactPlace(_ server: ReplayServer, of task: Int32) throws(RemoteFailure) -> Place {
        try noteEvent(server)
        _ = try server.select(task)
        return Place(event: event, task: task, registers: try Self.registers(server))
    }

    /// Goes to one instruction before `place`, by steps from its event on; `false` if it is not found there.
    ///
    /// With software counters, rr goes to the beginning of the process when it should step back to right behind a system call.
    func goBefore(_ place: Place, _ server: ReplayServer) throws(RemoteFailure) -> Bool {
        guard place.event > subject.life.first else { return false }
        let steps = try steps(to: place, server)
        guard steps > 0 else {
            try go(server, to: subject.life.first)
            return false
        }
        try go(server, to: place.event)
        _ = try server.select(place.task)
        for _ in 1..<steps { _ = try server.step(place.task) }
        task = place.task
        return true
    }

    /// How many instructions `place` lies behind its event; 0 if it is not found.
    private func steps(to place: Place, _ server: ReplayServer) throws(RemoteFailure) -> Int {
        try go(server, to: place.event)
        try removeBreakpoints(server)
        guard try server.select(place.task) else { return 0 }
        for count in 1...Self.longestSearch {
            guard case .stopped(let stopped, _) = try server.step(place.task), stopped == place.task else { return 0 }
            if try Self.registers(server) == place.registers { return count }
        }
        return 0
    }

    /// So many instructions behind an event are looked at: some seconds.
    private static let longestSearch = 10_000

    /// Goes back to `place`; `false` if only its event was found again.
    ///
    /// Replays what lies between the event and the place; stops at each passage through its instruction.
    @discardableResult
    public func go(to place: Place) throws(ReplayError) -> Bool {
        guard let address = Self.instructionPointer(of: place.registers) else {
            try seek(to: place.event, task: place.task)
            return true
        }
        // It may have stood in front of the next event; or among calls of the syscall buffer, and then rr can only stop before the event
        // that came before these.
        let earlier = subject.life.lastBeforeFlush(upTo: place.event)
        for start in [place.event, max(place.event, 1) - 1, max(earlier ?? 1, 1) - 1] {
            if try search(for: place, at: address, from: start) { return true }
        }
        try seek(to: place.event, task: place.task)
        return false
    }

    private func search(for place: Place, at address: UInt64, from start: UInt64) throws(ReplayError) -> Bool {
        try serving(anywhere: true) { server throws(RemoteFailure) in
            try go(server, to: start)
            try removeBreakpoints(server)
            var isThere = false
            if try server.select(place.task) { isThere = try Self.registers(server) == place.registers }
            if !isThere {
                _ = try run(server, to: [address]) { (stopped, server) throws(RemoteFailure) in
                    let registers = try Self.registers(server)
                    isThere = stopped == place.task && registers == place.registers
                    return isThere ? true : try server.currentEvent(stopped) > place.event + Self.leeway
                }
            }
            if isThere { task = place.task }
            _ = try server.select(task)
            event = place.event
            try insertBreakpoints(server)
            return isThere
        }
    }

    /// How many events behind the place's the search for it goes on: rr tells the event that is under way, or the one before.
    private static let leeway: UInt64 = 2

    /// How many digits the 16 general registers and the instruction pointer have.
    private static let digits = 17 * 16

    private static func registers(_ server: ReplayServer) throws(RemoteFailure) -> [UInt8] {
        Array(try server.pass([UInt8(ascii: "g")]).prefix(digits))
    }

    /// The instruction pointer, the last of these registers; `nil` if there are none.
    static func instructionPointer(of registers: [UInt8]) -> UInt64? {
        guard let bytes = Hex.bytes(String(decoding: registers, as: UTF8.self)), bytes.count == digits / 2 else { return nil }
        return ReplayServer.number(bytes.suffix(8))
    }
}
