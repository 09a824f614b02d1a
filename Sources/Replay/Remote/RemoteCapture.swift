import Capture
import RRTrace
import Recorder
import RunModel

/// Captures the calls of a trace without an agent: by rr's debug server, which stops at each.
///
/// Buffered calls are caught by a breakpoint at the slot of rr's page through which they go; traced ones by going to their ENTERING
/// frames, if they hand over anything that the trace lacks. One server knows one process, so there is one replay for each. Some hundred
/// calls a second.
struct RemoteCapture: ~Copyable {
    /// The slot of rr's page for untraced calls that are not made again in replay, and where it keeps what a call was given
    /// (rr 5.6 to 5.9; see `Preload/capture-ring.h`).
    private static let slot = RRPage.unrepeatedSlot
    private static let locals: UInt64 = 0x7000_1020

    private let trace: String
    private let invocation: RRInvocation
    private let version: RRVersion
    private let bufferHeaderSize: Int
    private let patience: Duration
    private let progress: ((UInt64) -> Void)?
    private var writer: CaptureWriter
    /// The event that was reached last.
    private(set) var event: UInt64 = 0

    /// A capture of `pass` into the file `path`.
    init(_ pass: CapturePass, path: String, progress: ((UInt64) -> Void)?) throws(CaptureError) {
        (trace, invocation, bufferHeaderSize) = (pass.trace, pass.rr, pass.bufferHeaderSize)
        (patience, self.progress) = (pass.patience, progress)
        version = pass.version
        writer = try CaptureWriter(path: path)
    }

    /// Captures all, process by process.
    mutating func run() throws {
        let plan = try RemotePlan(TraceDirectory(path: trace))
        let allowance = patience + .nanoseconds(min(plan.duration, 1_000_000_000_000_000)) * Int(CaptureWatch.slowness)
        for process in plan.processes {
            guard let waiting = try ReplayServer.start(invocation, trace: trace, process: process.id, patience: allowance) else { continue }
            let server = try ReplayServer(waiting, version: version, process: process.id, patience: allowance)
            let left = Dictionary(process.calls.filter { $0.next == Self.slot + 2 }.map { ($0.event, $0) }) { first, _ in first }
            if process.isBuffered || !left.isEmpty { try captureBuffered(process, leaving: left, server) }
            try captureTraced(process, server)
        }
        try writer.finish(captured: CallInput.captured, bufferHeaderSize: bufferHeaderSize)
    }

    // MARK: - Buffered calls

    private mutating func captureBuffered(
        _ process: RemotePlan.Process, leaving: [UInt64: RemotePlan.TracedCall], _ server: ReplayServer
    ) throws {
        var jumps = process.jumps[...]
        var isWatching = !process.isShared
        var stuck: UInt64?
        if let start = process.start { try server.seek(start) }
        try set(isWatching, jumps.first, server)
        while case .stopped(let task, _) = try server.run() {
            let registers = try server.registers()
            let event = try server.currentEvent(task)
            note(event)
            guard registers.instructionPointer == Self.slot else {
                // A stop of rr's own, at which it now and then stays.
                if stuck == event { break }
                stuck = event
                guard let jump = jumps.first, registers.instructionPointer == jump.site else { continue }
                if event >= jump.event {
                    jumps.removeFirst()
                    isWatching = true
                    if jump.target == nil { break }
                }
                // Another call may have been made by the same instruction: stepping over it would let others run without breakpoints.
                try server.seek(event == jump.event ? jump.target ?? event : event)
                try set(isWatching, jumps.first, server)
                continue
            }
            stuck = nil
            let serial = process.serial(of: task, at: event)
            if let call = leaving[event], call.task == task, call.number == registers.number, call.arguments == registers.arguments {
                try record(.leaving, registers, serial, at: event, server)
                try server.seek(event)
                try set(isWatching, jumps.first, server)
                continue
            }
            try record(.buffered, registers, serial, at: event, server)
            try server.removeBreakpoint(Self.slot)
            _ = try server.step(task)
            _ = try server.setBreakpoint(Self.slot)
        }
    }

    /// Sets the breakpoints, after a seek has taken them away.
    private func set(_ isWatching: Bool, _ jump: RemotePlan.Jump?, _ server: ReplayServer) throws(RemoteFailure) {
        if isWatching { _ = try server.setBreakpoint(Self.slot) }
        if let jump { _ = try server.setBreakpoint(jump.site) }
    }

    /// Writes down the call at the slot.
    private mutating func record(
        _ kind: CapturedCall.Kind, _ registers: ReplayServer.Registers, _ serial: UInt32?, at event: UInt64, _ server: ReplayServer
    ) throws {
        guard let input = CallInput.of(registers.number), let serial else { return }
        var call = CaptureWriter.Call(
            kind, number: UInt16(truncatingIfNeeded: registers.number), task: serial, instructionPointer: Self.slot + 1,
            arguments: registers.arguments)
        var limit = Int.max
        let locals = try server.memory(Self.locals, 24)
        if locals.count == 24 {
            let buffer = ReplayServer.number(locals[16..<24])
            call.place = UInt32(truncatingIfNeeded: try word(buffer, 4, server))
            let parameters = ReplayServer.number(locals[0..<8])
            call.programArgument = try word(parameters &+ 16, 8, server)
            if kind == .buffered {
                if input == .patience {
                    for index in 2...3 { call.arguments[index] = try word(parameters &+ 8 &+ 8 * UInt64(index), 8, server) }
                }
                call.result = Int64(bitPattern: try word(buffer &+ UInt64(bufferHeaderSize) &+ UInt64(call.place), 8, server))
                limit = Int(max(0, call.result))
            }
        } else {
            writer.unreadable += 1
        }
        call.sections = try input.sections(registers.arguments, limit: limit, from: server)
        try writer.add(call, at: event)
    }

    private mutating func word(_ address: UInt64, _ count: Int, _ server: ReplayServer) throws -> UInt64 {
        let bytes = try server.memory(address, count)
        if bytes.count < count { writer.unreadable += 1 }
        return ReplayServer.number(bytes)
    }

    // MARK: - Traced calls

    private mutating func captureTraced(_ process: RemotePlan.Process, _ server: ReplayServer) throws {
        var walk = RemoteWalk(through: process)
        for traced in process.calls where traced.next != Self.slot + 2 {
            // As at a breakpoint on the instruction, which is one byte before its end.
            var call = CaptureWriter.Call(
                .traced, number: traced.number, task: traced.serial, instructionPointer: traced.next &- 1, arguments: traced.arguments)
            let input = CallInput.of(UInt64(traced.number)) ?? .arguments
            if input != .arguments, input != .patience, traced.isReachable {
                note(traced.event)
                guard let registers = try walk.reach(traced, server) else { continue }
                call.arguments = registers.arguments
                call.sections = try input.sections(registers.arguments, from: server)
            }
            try writer.add(call, at: traced.event)
        }
    }

    private mutating func note(_ event: UInt64) {
        self.event = event
        progress?(event)
    }
}
