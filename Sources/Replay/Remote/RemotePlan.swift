import Capture
import RRTrace

/// What a capture by the debug server has to know of a trace beforehand: where to stop, and which calls left the syscall buffer.
///
/// Memory: some 150 bytes for each traced call of a kind that is captured.
struct RemotePlan {
    /// A traced call, by its ENTERING frame.
    struct TracedCall {
        var event: UInt64
        /// Whether the server can go there: not before the first exec, which is rr's own start-up.
        var isReachable: Bool
        var task: Int32
        var serial: UInt32
        var number: UInt16
        var arguments: [UInt64]
        /// The instruction after it.
        var next: UInt64
    }

    /// A call over which a server does not run with breakpoints in memory: those of the program before do not outlive an exec, and an exec
    /// by a thread other than the first ends rr; in a child that shares memory, rr hangs at its parent's.
    struct Jump {
        /// Its ENTERING frame.
        var event: UInt64
        /// Its instruction.
        var site: UInt64
        /// Where the process goes on: its EXITING frame. After an exec the first frame from rr's page, from where on there is a syscall
        /// buffer, and all libraries are in memory; `nil` if there is none.
        var target: UInt64?
    }

    /// A process, from its birth to its end.
    struct Process {
        var id: Int32
        /// Whether it begins with the memory of its parent, which has other threads: their calls would be taken for its own.
        var isShared = false
        /// Whether any of its calls were in the syscall buffer.
        var isBuffered = false
        /// For the first process, where its first exec leads to; the others begin where they are born.
        var start: UInt64?
        var jumps: [Jump] = []
        var calls: [TracedCall] = []
        /// Its tasks' serials, each from an event on.
        var serials: [Int32: [(event: UInt64, serial: UInt32)]] = [:]

        /// Whether a server can run from one event to another with breakpoints in memory.
        func canRun(from start: UInt64, to end: UInt64) -> Bool {
            if isShared, start < jumps.first?.event ?? .max { return false }
            return !jumps.contains { start <= $0.event && $0.event < end }
        }

        /// The serial of a task at `event`.
        func serial(of task: Int32, at event: UInt64) -> UInt32? { serials[task]?.last { $0.event <= event }?.serial }
    }

    /// The processes in the order of their births.
    var processes: [Process] = []
    /// How long the recording took, in nanoseconds: no stop is farther from the next one.
    var duration: Int64 = 0

    /// Reads the whole trace.
    init(_ trace: TraceDirectory) throws(TraceError) {
        let events = trace.tasks().events
        guard let first = events.firstExec else { return }
        processes = [Process(id: first.task, serials: [first.task: [(0, 0)]])]
        var index: [Int32: Int] = [first.task: 0]
        for birth in TaskBirths(events).births {
            if birth.task == birth.process, index[birth.process] == nil {
                index[birth.process] = processes.count
                processes.append(Process(id: birth.process))
            }
            guard let place = index[birth.process] else { continue }
            processes[place].serials[birth.task, default: []].append((birth.event, birth.serial))
        }
        try readCalls(trace, after: first.event, sharing: markShared(events, index))
    }

    /// Finds the children that share memory with their parents; the ENTERING frames of the calls that made them.
    private mutating func markShared(_ events: [TaskEvent], _ index: [Int32: Int]) -> Set<UInt64> {
        var living: [Int: Int] = [:]
        var clones: Set<UInt64> = []
        let places = places()
        for event in events {
            switch event.kind {
            case .clone(let parent, let flags, _) where flags & TaskEvent.threadFlag == 0 && flags & TaskEvent.memoryFlag != 0:
                clones.insert(event.event)
                guard let place = index[event.task], let home = places[parent] else { continue }
                processes[place].isShared = living[home, default: 0] > 0
            case .clone(let parent, let flags, _) where flags & TaskEvent.threadFlag != 0:
                // One that executes takes the id of the first.
                guard let home = places[parent] else { continue }
                living[home, default: 0] += processes[home].id == event.task ? -1 : 1
            case .exit: if let home = places[event.task], processes[home].id != event.task { living[home, default: 0] -= 1 }
            default: break
            }
        }
        return clones
    }

    /// Which process each task belongs to.
    private func places() -> [Int32: Int] {
        var places: [Int32: Int] = [:]
        for (place, process) in processes.enumerated() { for task in process.serials.keys { places[task] = place } }
        return places
    }

    private mutating func readCalls(_ trace: TraceDirectory, after start: UInt64, sharing clones: Set<UInt64>) throws(TraceError) {
        var frames = try FrameCursor(trace)
        let places = places()
        var begin: Int64?
        var open: [Int32: Jump] = [:]
        // The processes that have executed, and are not ready yet.
        var executed: [Int: Jump] = [0: Jump(event: start, site: 0)]
        while frames.advance() {
            begin = begin ?? frames.time
            duration = max(0, frames.time &- (begin ?? 0))
            guard let place = places[frames.task] else { continue }
            if frames.kind == .syscallBufferFlush { processes[place].isBuffered = true }
            guard let call = frames.syscall, call.architecture == .x86_64 else { continue }
            let pointer = frames.instructionPointer
            let isExec = Self.execs.contains(call.number)
            // Whichever thread executes, the first one returns.
            let key = isExec ? -processes[place].id : frames.task
            if call.state == .exiting {
                if var jump = open.removeValue(forKey: key), !isExec || frames.result == 0 {
                    jump.target = isExec ? nil : frames.event
                    if isExec { executed[place] = executed[place] ?? jump } else { processes[place].jumps.append(jump) }
                } else if Self.page.contains(pointer), frames.event > start, var jump = executed.removeValue(forKey: place) {
                    jump.target = frames.event
                    if jump.event == start { processes[place].start = frames.event } else { processes[place].jumps.append(jump) }
                }
            }
            guard call.state == .entering else { continue }
            if frames.event > start, isExec || clones.contains(frames.event) {
                open[key] = Jump(event: frames.event, site: pointer &- 2)
            }
            guard let number = UInt16(exactly: call.number), CallInput.captured.contains(number),
                let serial = processes[place].serial(of: frames.task, at: frames.event)
            else { continue }
            processes[place].calls.append(
                TracedCall(
                    event: frames.event, isReachable: frames.event > start, task: frames.task, serial: serial, number: number,
                    arguments: (0..<6).map { frames.argument($0) }, next: pointer))
        }
        for (place, jump) in executed where jump.event != start { processes[place].jumps.append(jump) }
    }

    /// rr's page.
    private static let page: Range<UInt64> = 0x7000_0000..<0x7000_1000
    /// execve and execveat.
    private static let execs: Set<Int32> = [59, 322]
}
