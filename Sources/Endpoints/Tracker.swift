import Capture
import RRTrace
import RunModel

/// Follows one node's history, frame by frame: tasks and processes, descriptor tables, endpoints, operations.
///
/// The extensions of this type, a file each, know what the families of calls mean.
struct EndpointTracker {
    /// What has been found so far.
    var reading = NodeReading()
    let node: NodeID
    let architecture: Architecture
    let syscallBufferHeaderSize: Int?
    /// Numbers from here on are rr's own calls, not the program's.
    let rrCallBase: Int32

    /// Whether operations are written down (`DescriptorWalk` has no use for them).
    var keepsOperations = true
    var tasks = TaskList()
    var tables: [FileTable] = []
    var files: [OpenFile] = []
    /// For each endpoint, how many bytes it has sent and received so far.
    var offsets: [(sent: UInt64, received: UInt64)] = []
    /// And in how many sends and receives.
    var messageCounts: [(sent: UInt64, received: UInt64)] = []
    /// What was sent to each endpoint and may have brought descriptors along.
    var parcels: [Int32: [Parcel]] = [:]
    /// Messages with descriptors on connections whose other end is not known here, with the open files that these name.
    var passings: [(passing: Passing, files: [Int?])] = []
    /// What was concluded about them, and what the rest of the history must bear out.
    var assumptions: [Assumption] = []
    /// Operations that turned out not to have happened: closes of files that were on their way to somebody else.
    var withdrawn: Set<Int> = []
    /// For directions in which calls moved nobody knows how much, where the first of these was entered.
    var lostPlaces: [Direction: Stamp] = [:]
    /// The signals that each process has sent, and that have not been seen to arrive.
    var shots: [Int32: [Shot]] = [:]
    /// How many plain files were opened.
    var openings = 0
    /// The place of each address in the node's list.
    var addressNumbers: [Address: Int32] = [:]
    /// How many calls of each kind the syscall buffer hid.
    var hiddenCalls: [Syscall: Int] = [:]
    /// What a replay has captured of the calls, if there was one.
    var capture: CaptureJoin?
    /// What was captured of the call that is being entered.
    var captured: CapturedCall?
    /// What was captured of the call that the last frame entered.
    var latestCaptured: CapturedCall?
    /// The stamp of the frame before this one.
    var previousTime: Int64 = 0
    /// Descriptors that the first process is born with.
    var inherited = FileTable()

    /// Where the mappings are, for those who need them.
    let trace: TraceDirectory
    /// The trace's own list of births, execs and deaths, and how far it has been applied.
    private let taskEvents: [TaskEvent]
    private var nextTaskEvent = 0
    /// rr's start-up stub runs until the first exec: nothing before it is the program's.
    private var hasStarted = false
    private var tickGuess = TickGuess()
    private var firstTime: Int64?

    /// A tracker at the beginning of `trace`, of which a replay has captured what is in `capture`.
    init(_ trace: TraceDirectory, node: NodeID, capture: CaptureFile? = nil) {
        self.node = node
        self.trace = trace
        architecture = trace.architecture
        syscallBufferHeaderSize = trace.syscallBufferHeaderSize
        rrCallBase = trace.rrCallBase
        let (events, anomalies) = trace.tasks()
        taskEvents = events
        self.capture = capture.map { CaptureJoin($0, events: events) }
        note(trace.anomalies + anomalies)
    }

    /// The stamp of a frame.
    func stamp(_ frame: borrowing some CallView & ~Copyable) -> Stamp { Stamp(moment: frame.moment, time: frame.time) }

    /// Counts an anomaly at a frame.
    mutating func note(_ name: String, _ subject: String = "", at moment: Moment) {
        reading.anomalies.add(Anomaly(name, subject: subject, first: Position(node: node, moment: moment)))
    }

    mutating func note(_ anomalies: [TraceAnomaly]) {
        for anomaly in anomalies {
            reading.anomalies.add(
                Anomaly(
                    anomaly.name, subject: anomaly.subject, count: anomaly.count,
                    first: Position(node: node, moment: Moment(event: anomaly.event))))
        }
    }

    /// Takes the next frame.
    mutating func take(_ frame: borrowing FrameCursor, _ data: inout DataReader) {
        guard let task = see(frame) else { return }
        switch frame.kind {
        case .exit where isBeyondTaskList(frame.event):
            endTask(task, at: stamp(frame), status: nil)
        case .signal, .signalDelivery, .signalHandler:
            takeSignal(frame, task)
        case .syscallBufferFlush where hasStarted:
            takeFlush(frame, task, &data)
        case .syscall:
            takeCall(frame, task, &data)
        default: break
        }
    }

    /// Takes a frame that flushes a syscall buffer, but for the calls that are in it; `nil` if they are of no interest.
    mutating func beginFlush(_ frame: borrowing FrameCursor, _ data: inout DataReader) -> BufferFlush? {
        guard let task = see(frame), hasStarted else { return nil }
        return beginFlush(frame, task, &data)
    }

    /// Notes what every frame tells, whatever its kind: its time, and who lives. Returns its task.
    private mutating func see(_ frame: borrowing FrameCursor) -> Int? {
        reading.events = frame.event
        if firstTime == nil { firstTime = frame.time }
        previousTime = min(max(reading.time.upperBound, firstTime ?? 0), frame.time)
        reading.time = min(firstTime ?? frame.time, frame.time)...max(reading.time.upperBound, frame.time)
        applyTaskEvents(upTo: frame)
        tickGuess.see(frame.ticks)
        if capture != nil { joinCapture(frame) }
        guard let task = currentTask(frame) else { return nil }
        if frame.kind != .exit {
            let process = tasks[task].process
            tasks.processes[process].last = stamp(frame)
            if tasks.processes[process].isUnborn { beginLife(process, at: stamp(frame)) }
        }
        return task
    }

    /// One side of a system call.
    private mutating func takeCall(_ frame: borrowing FrameCursor, _ task: Int, _ data: inout DataReader) {
        guard let call = frame.syscall, frame.instructionPointer != Self.privilegedCallReturn else { return }
        let number = frame.effectiveSyscallNumber
        guard number < rrCallBase, let syscall = Syscall(number, call.architecture) else { return }
        switch call.state {
        case .entering where hasStarted: enter(syscall, frame, task, &data)
        case .exiting where (syscall == .execve || syscall == .execveat) && frame.result == 0:
            if taskEvents.isEmpty { hasStarted = true }
            // The list does not have those of threads other than the first, nor those after its end.
            if hasStarted { execute(task, commandLine: nil, at: stamp(frame)) }
        case .exiting where hasStarted: leave(syscall, frame, task, &data)
        default: break
        }
    }

    /// Walks along the captured calls with those that have frames.
    private mutating func joinCapture(_ frame: borrowing FrameCursor) {
        switch frame.kind {
        case .syscall:
            captured = capture?.call(at: frame)
            latestCaptured = captured
        case .patchSyscall: capture?.patch(at: frame)
        default: break
        }
    }

    /// Whether the trace's own list of births and deaths has nothing to say about `event`: it ends before, where the recorder died.
    func isBeyondTaskList(_ event: UInt64) -> Bool { event > taskEvents.last?.event ?? 0 }

    /// rr's own calls in a tracee return here (the privileged slot of the rr page): they are not the program's.
    private static let privilegedCallReturn: UInt64 = 0x7000_0005

    /// The index of the frame's task; a task that no event announced is taken for the child of a clone that is under way.
    private mutating func currentTask(_ frame: borrowing FrameCursor) -> Int? {
        if let task = tasks.index(of: frame.task) { return task }
        // The task list ends with the task; frames of rr about a dead one are of no interest.
        if frame.kind == .exit { return nil }
        if tasks.isEmpty {
            tables.append(inherited)
            return tasks.addFirst(frame.task, table: tables.count - 1)
        }
        if let parent = tasks.cloneUnderWay(), let call = tasks[parent].pending {
            return addTask(frame.task, parent: parent, flags: call.cloneFlags, at: call.entered.moment.event)
        }
        note("unannounced-task", at: Moment(event: frame.event))
        tables.append(FileTable())
        return tasks.addProcess(NodeProcess(id: frame.task, parent: nil, command: [], forked: frame.event), table: tables.count - 1)
    }

    /// Applies the births and execs up to this frame, and the deaths before it.
    private mutating func applyTaskEvents(upTo frame: borrowing FrameCursor) {
        while nextTaskEvent < taskEvents.count, taskEvents[nextTaskEvent].event <= frame.event {
            let event = taskEvents[nextTaskEvent]
            if case .exit = event.kind, event.event == frame.event { break }
            nextTaskEvent += 1
            apply(event, at: Stamp(moment: Moment(event: event.event), time: frame.time))
        }
    }

    private mutating func apply(_ event: TaskEvent, at stamp: Stamp) {
        switch event.kind {
        case .clone(let parent, let flags, _):
            guard let parent = tasks.index(of: parent) else { return note("unknown-parent", at: stamp.moment) }
            if tasks.index(of: event.task) == nil { _ = addTask(event.task, parent: parent, flags: UInt64(flags), at: event.event) }
        case .exec(_, let commandLine):
            hasStarted = true
            let task: Int
            if let known = tasks.index(of: event.task) {
                task = known
            } else {
                tables.append(inherited)
                task = tasks.addFirst(event.task, table: tables.count - 1)
            }
            execute(task, commandLine: commandLine.map { String(decoding: $0, as: UTF8.self) }, at: stamp)
        case .exit(let status):
            if let task = tasks.index(of: event.task) { endTask(task, at: stamp, status: status) }
        case .detach, .unknown:
            note("detached-task", at: stamp.moment)
        }
    }

    /// Ends the reading: calls that never returned, the order of the operations, what the trace's reader noticed.
    mutating func finish(traceAnomalies: [TraceAnomaly]) {
        for index in nextTaskEvent..<taskEvents.count where taskEvents[index].event <= reading.events {
            apply(taskEvents[index], at: Stamp(moment: Moment(event: taskEvents[index].event), time: reading.time.upperBound))
        }
        for task in tasks.all { abandonCall(of: task, isAlive: true) }
        withdrawPlaces()
        note(traceAnomalies)
        reportHiddenCalls()
        reading.processes = tasks.processes.map(\.record)
        reading.counters = tickGuess.counters
        findSharedMemory()
        checkAssumptions()
        reportPassings()
        reading.activity.links.sort { ($0.to, $0.from) < ($1.to, $1.from) }
        if !withdrawn.isEmpty {
            let operations = reading.activity.operations
            reading.activity.operations = operations.indices.filter { !withdrawn.contains($0) }.map { operations[$0] }
        }
        // Sends are known only when they return but belong where they were entered, so the list is nearly sorted already.
        // Several messages of one call are told apart by their bytes.
        reading.activity.operations.sort {
            if $0.at != $1.at { return $0.at < $1.at }
            return ($0.endpoint, $0.kind.rawValue, $0.bytes?.lowerBound ?? 0) < ($1.endpoint, $1.kind.rawValue, $1.bytes?.lowerBound ?? 0)
        }
    }
}
