import RunModel

/// Coming back to exactly where the process once stood, also within an event.
extension ProcessReplay {
    /// Where it stands: exactly, as far as anything can tell two places apart.
    public struct Place: Hashable, Sendable {
        /// The last event that was done.
        public var event: UInt64
        /// The thread.
        public var task: Int32
        /// Its registers, as the protocol has them; empty at the end of the process.
        public var registers: [UInt8]
    }

    /// Where it stands.
    public func place() throws(ReplayError) -> Place {
        try currentEvent()
        guard !isAtEnd else { return Place(event: .max, task: task, registers: []) }
        let task = task
        let registers = try serving { server throws(RemoteFailure) in
            _ = try server.select(task)
            return try server.pass([UInt8(ascii: "g")])
        }
        return Place(event: event, task: task, registers: registers)
    }

    /// Goes back to `place`; `false` if only its event was found again.
    ///
    /// Replays what lies between the event and the place; stops at each passage through its instruction.
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
        try serving { server throws(RemoteFailure) in
            try go(server, to: start)
            try removeBreakpoints(server)
            var isThere = false
            if try server.select(place.task) { isThere = try server.pass([UInt8(ascii: "g")]) == place.registers }
            if !isThere {
                _ = try run(server, to: [address]) { (stopped, server) throws(RemoteFailure) in
                    let registers = try server.pass([UInt8(ascii: "g")])
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

    /// The instruction pointer, the 17th of the registers of 8 bytes.
    private static func instructionPointer(of registers: [UInt8]) -> UInt64? {
        let digits = String(decoding: registers.prefix(17 * 16), as: UTF8.self)
        guard let bytes = ReplayServer.bytes(digits), bytes.count == 17 * 8 else { return nil }
        return ReplayServer.number(bytes[16 * 8..<17 * 8])
    }
}
