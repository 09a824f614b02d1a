public import Capture
import Endpoints
public import RRTrace
public import RunModel

/// Reads the calls of one node, in order, with what the trace holds of their arguments and results.
///
/// It streams: memory is that of the trace's reader, the descriptors in use, and at most `maximumLookahead` calls.
public final class CallReader {
    /// A call that gives is told of where it was entered, and so holds back what comes after it until it returns: at most so many lines.
    static let maximumLookahead = 10_000

    /// Which calls to tell of.
    let filter: CallFilter
    /// How many bytes of a string are shown.
    let stringLimit: Int
    /// What an endpoint is called, by its serial.
    let endpointName: (Int32) -> String

    var frames: FrameCursor
    var data: DataReader
    var walk: DescriptorWalk
    /// What a replay has captured, if the node was read with it.
    let capture: CaptureFile?
    /// The call of the syscall buffer that is being told of, if it is one: what it wrote is there.
    var buffered: FlushedCall?
    /// How many calls the syscall buffer hides: they are told of by name and result only.
    var hiddenCalls = 0
    /// The calls that tasks are in.
    private(set) var pending: [Int32: PendingCall] = [:]
    var lines = LineQueue()
    private let tasks: TaskFacts
    private let rrCallBase: Int32
    /// rr's start-up stub runs until the first exec: nothing before it is the program's.
    private(set) var hasStarted = false
    private var hasEnded = false
    /// Whether calls are told of; if not, it is followed what epoll instances watch: for each process, by descriptor.
    private(set) var isTelling = true
    private(set) var watched: [Int32: [Int32: Set<Int32>]] = [:]

    /// A reader that stands before the first event of `trace`.
    ///
    /// - Parameters:
    ///   - trace: the trace.
    ///   - node: its number in the run.
    ///   - inherited: the descriptors that the program was started with.
    ///   - capture: what a replay has captured, if the node was read with it.
    ///   - filter: which calls to tell of.
    ///   - stringLimit: how many bytes of a string are shown.
    ///   - endpointName: what the endpoint with a serial is called.
    /// - Throws: `TraceError` if the trace's streams cannot be opened.
    public init(
        _ trace: TraceDirectory, node: NodeID, inherited: [Sidecar.InheritedFile] = [], capture: CaptureFile? = nil,
        filter: CallFilter = CallFilter(), stringLimit: Int = 32, endpointName: @escaping (Int32) -> String
    ) throws(TraceError) {
        self.filter = filter
        self.stringLimit = max(0, stringLimit)
        self.endpointName = endpointName
        rrCallBase = trace.rrCallBase
        self.capture = capture
        tasks = TaskFacts(trace)
        walk = DescriptorWalk(trace, node: node, inherited: inherited, capture: capture)
        data = try DataReader(trace)
        // One chunk at a time: a run may have many nodes, all of them read at once.
        frames = try FrameCursor(trace, readAhead: false)
    }

    /// The next line; `nil` at the end of the trace. Amortized O(1).
    public func next() -> Call? {
        while true {
            if let line = lines.popReady() { return line }
            if lines.count > Self.maximumLookahead || (hasEnded && lines.firstOpen != nil) {
                splitFirst()
            } else if hasEnded {
                return nil
            } else {
                step()
            }
        }
    }

    /// What could not be read, so far.
    public var anomalies: [TraceAnomaly] { frames.anomalies + data.anomalies }

    /// The last call of a flush that was taken.
    var flushed = Moment.beginning
    private var here: Moment { max(Moment(event: frames.event), flushed) }

    /// Takes one more frame.
    private func step() {
        guard frames.advance() else {
            hasEnded = true
            for task in pending.keys.sorted() { abandon(task) }
            return
        }
        take()
    }

    /// Takes frames up to the first one that is beyond a cut, or has calls that are, and tells of nothing.
    func advanceSilently(until isBeyond: (_ moment: Moment, _ time: Int64) -> Bool) {
        isTelling = false
        while frames.advance() {
            if isBeyond(here, frames.time) { return }
            if frames.kind != .syscallBufferFlush { take() } else if !takeFlush(until: isBeyond) { return }
        }
        hasEnded = true
    }

    /// What the calls that these tasks are in return beyond the cut, of those that return. What descriptors name stays as it is at the cut.
    func laterResults(of tasks: Set<Int32>) -> [Int32: Int64] {
        var waiting = tasks
        var results: [Int32: Int64] = [:]
        while !waiting.isEmpty, !hasEnded {
            if waiting.contains(frames.task) {
                if frames.kind == .exit { waiting.remove(frames.task) }
                if let call = frames.syscall, call.state == .exiting, call.number < rrCallBase, !ErrorNames.isInterrupted(frames.result) {
                    results[frames.task] = frames.result
                    waiting.remove(frames.task)
                }
            }
            hasEnded = !frames.advance()
        }
        return results
    }

    /// Takes the frame that the cursor stands at.
    private func take() {
        switch frames.kind {
        case .syscall:
            takeCall()
        case .syscallBufferFlush:
            takeFlush()
        case .signalDelivery, .signalHandler:
            walk.take(frames, &data)
            if frames.kind == .signalHandler, pending[frames.task]?.isInterrupted == true { pending[frames.task] = nil }
            if hasStarted, isTelling, let signal = frames.signal { takeSignal(signal) }
        case .exit:
            takeExit()
            walk.take(frames, &data)
        default:
            walk.take(frames, &data)
        }
    }

    private func takeCall() {
        let number = frames.effectiveSyscallNumber
        guard let call = frames.syscall, number < rrCallBase, frames.instructionPointer != Self.privilegedCallReturn else {
            return walk.take(frames, &data)
        }
        let (name, shape) = CallNumbers.entry(number, call.architecture)
        switch call.state {
        case .enteringPtrace:
            walk.take(frames, &data)
        case .entering:
            // What its descriptors name is asked before the call can change it.
            enter(name, shape, call.architecture)
            walk.take(frames, &data)
            pending[frames.task]?.captured = walk.captured
        case .exiting:
            walk.take(frames, &data)
            leave(name, shape, call.architecture)
        }
    }

    /// rr's own calls in a tracee return here (the privileged slot of the rr page): they are not the program's.
    private static let privilegedCallReturn: UInt64 = 0x7000_0005

    /// A task enters a call.
    private func enter(_ name: String, _ shape: CallShape, _ architecture: Architecture) {
        abandon(frames.task)
        var call = pendingCall(name, shape, architecture)
        // exec's return tells the rest.
        guard hasStarted || call.isExec else { return }
        if isTelling, hasStarted, call.isWanted, GivingCalls.contains(name) { call.slot = lines.reserve(frames.task) }
        pending[frames.task] = call
        if case .never = shape.result { complete(call, result: nil) }
    }

    private func pendingCall(_ name: String, _ shape: CallShape, _ architecture: Architecture) -> PendingCall {
        let process = walk.process(of: frames.task) ?? frames.task
        var call = PendingCall(
            name: name, shape: shape, architecture: architecture, task: frames.task, process: process, entered: here, time: frames.time,
            values: (0..<6).map { frames.argument($0) }, isWanted: filter.admits(name, task: frames.task, process: process))
        if call.isWanted { learn(&call) }
        return call
    }

    /// A task returns from a call.
    private func leave(_ name: String, _ shape: CallShape, _ architecture: Architecture) {
        let task = frames.task
        var call = pending[task]
        if name == "execve" || name == "execveat", frames.result == 0 {
            hasStarted = true
            // An exec of another thread than the first returns in the first.
            if call?.isExec != true {
                abandon(task)
                call = pendingCall(name, shape, architecture)
            }
        }
        guard hasStarted, var call, call.name == name else { return abandon(task) }
        guard isTelling else { return note(call, result: frames.result) }
        if call.isWanted { learn(&call) }
        complete(call, result: frames.result)
    }

    /// What a silent reading remembers of a call that has returned.
    private func note(_ call: PendingCall, result: Int64) {
        // The kernel may begin it again, or the signal may be the end: until the program goes on, it has not come back.
        if ErrorNames.isInterrupted(result) {
            pending[call.task]?.isInterrupted = result == ErrorNames.interrupted
            return
        }
        pending[call.task] = nil
        watch(call, result: result)
    }

    /// What a silent reading remembers of what epoll instances watch.
    func watch(_ call: PendingCall, result: Int64) {
        let (first, last) = (Int32(truncatingIfNeeded: call.values[0]), Int32(truncatingIfNeeded: call.values[2]))
        switch (call.name, result) {
        case ("epoll_ctl", 0) where call.values[1] == 1: watched[call.process, default: [:]][first, default: []].insert(last)
        case ("epoll_ctl", 0) where call.values[1] == 2: watched[call.process]?[first]?.remove(last)
        case ("close", _):
            watched[call.process]?[first] = nil
            for set in watched[call.process]?.keys.map({ $0 }) ?? [] { watched[call.process]?[set]?.remove(first) }
        default: break
        }
    }

    /// Tells of a call that has returned `result`, or never will.
    private func complete(_ call: PendingCall, result: Int64?) {
        pending[call.task] = nil
        guard isTelling, call.isWanted, filter.admits(call.meanings.map(\.1) + [made(by: call, result)], result: result) else {
            return lines.fill(call.slot, with: nil)
        }
        var line = call.line
        line.result = result
        line.outcome = result.map { outcome(of: call, $0) } ?? "?"
        if result != nil {
            line.returned = here
            line.duration = frames.time &- call.time
        }
        if call.slot == nil {
            line.at = here
            line.time = frames.time
        }
        if call.isSplit {
            line.part = .end
        } else if call.isExec, result == 0, let exec = tasks.execs[frames.event] {
            line.arguments = executed(exec, call)
        } else {
            line.arguments = arguments(of: call, result: result)
        }
        lines.fill(call.slot, with: line)
    }

    /// Tells of the call that `task` is in, if it is in one: it will not return.
    private func abandon(_ task: Int32) {
        guard let call = pending[task] else { return }
        pending[task] = nil
        guard isTelling, hasStarted, call.isWanted, !call.isSplit, filter.admits(call.meanings.map(\.1), result: nil) else {
            return lines.fill(call.slot, with: nil)
        }
        var line = call.line
        line.part = .unfinished
        line.arguments = arguments(of: call, result: nil)
        if call.slot == nil {
            line.at = here
            line.time = frames.time
        }
        lines.fill(call.slot, with: line)
    }

    /// Too much waits for the first call to return: what is known of it is told now.
    private func splitFirst() {
        guard let (task, slot) = lines.firstOpen else { return }
        // A trace that makes no sense may have lost the call.
        guard var call = pending[task], call.slot == slot else { return lines.fill(slot, with: nil) }
        var line = call.line
        line.part = .beginning
        line.arguments = arguments(of: call, result: nil)
        lines.fill(slot, with: filter.admits(call.meanings.map(\.1), result: nil) ? line : nil)
        call.slot = nil
        call.isSplit = true
        pending[task] = call
    }

    /// A signal is delivered, to a handler or not.
    private func takeSignal(_ signal: SignalFrame) {
        let name = SignalNames.name(Int64(signal.number))
        let process = walk.process(of: frames.task) ?? frames.task
        guard filter.admits(signal: name, task: frames.task, process: process) else { return }
        var line = Call(.signal, name, at: here, time: frames.time, process: process, task: frames.task)
        line.arguments = [Self.information(signal.information)]
        lines.append(line)
    }

    /// A task is gone.
    private func takeExit() {
        let task = frames.task
        let process = walk.process(of: task) ?? task
        abandon(task)
        guard isTelling, hasStarted, filter.admitsExit(task: task, process: process) else { return }
        var line = Call(.exit, "exit", at: here, time: frames.time, process: process, task: task)
        line.arguments = [tasks.exits[TaskFacts.Key(task: task, event: frames.event)].map(TaskFacts.text) ?? "gone"]
        lines.append(line)
    }
}
