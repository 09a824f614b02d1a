/// Goes from one traced call of a process to the next.
///
/// A breakpoint on the next call's instruction is quick, but may be passed in ways that are hard to foresee (a call that is restarted, a
/// thread that waits on that very instruction). So wherever it did not lead to the event it should have, the server is told to go there.
struct RemoteWalk {
    /// The call at which it stands.
    private var latest: RemotePlan.TracedCall?
    /// The same, if it stands in front of its instruction.
    private var place: RemotePlan.TracedCall?
    private let process: RemotePlan.Process

    /// A walk through the calls of `process`.
    init(through process: RemotePlan.Process) { self.process = process }

    /// Stands at `call`: before its instruction, or just after it was entered; its registers are there, and nothing was done yet. `nil` if
    /// the thread is not there.
    mutating func reach(_ call: RemotePlan.TracedCall, _ server: ReplayServer) throws(RemoteFailure) -> ReplayServer.Registers? {
        let before = latest
        latest = call
        if let before, process.canRun(from: before.event, to: call.event), let registers = try run(to: call, server) {
            place = call
            return registers
        }
        place = nil
        try server.seek(call.event)
        guard try server.select(call.task) else { return nil }
        let registers = try server.registers()
        return registers.instructionPointer == call.next ? registers : nil
    }

    /// The same by a breakpoint; `nil` if that did not lead there.
    private func run(to call: RemotePlan.TracedCall, _ server: ReplayServer) throws(RemoteFailure) -> ReplayServer.Registers? {
        let instruction = call.next &- 2
        if let place, place.next == call.next {
            // It would stop where it stands. The same thread comes back behind its call first.
            guard place.task == call.task, try run(to: call.next, server) == call.task else { return nil }
        }
        guard try run(to: instruction, server) == call.task, try server.currentEvent(call.task) == call.event else { return nil }
        let registers = try server.registers()
        return registers.instructionPointer == instruction && registers.number == call.number ? registers : nil
    }

    /// Runs to `address`; which thread came there, if one did.
    private func run(to address: UInt64, _ server: ReplayServer) throws(RemoteFailure) -> Int32? {
        guard try server.setBreakpoint(address) else { return nil }
        let stop = try server.run()
        try server.removeBreakpoint(address)
        guard case .stopped(let task, _) = stop else { return nil }
        return task
    }
}
