import Capture
import RRTrace
import RunModel

/// A system call that a task has entered and not yet left.
struct PendingCall {
    var syscall: Syscall
    var entered: Stamp
    /// The open file that its descriptor named when it was entered (another thread may close it meanwhile).
    var file: Int?
    /// The open file that its second descriptor named then.
    var other: Int?
    /// The operation it has already made (a close), whose latest time its return will set.
    var operation: Int?
    /// What it hands over, if a replay has captured it.
    var captured: CapturedCall?
    /// The descriptors that it passes, if a replay has captured them: for each message that has some, what they name.
    var passes: [Int: [Passed]] = [:]
    /// The flags of a clone.
    var cloneFlags: UInt64 = 0

    /// A call that was entered at `entered`.
    init(syscall: Syscall, entered: Stamp) {
        self.syscall = syscall
        self.entered = entered
    }
}

/// A thread of the node.
struct TaskState {
    let id: Int32
    /// Index of its process.
    var process: Int
    /// Index of its descriptor table.
    var table: Int
    var pending: PendingCall?
    /// The signal that has arrived, and is to be delivered or handled.
    var arrived: Int32?
}

/// A process of the node, and what is needed to end it.
struct ProcessState {
    var record: NodeProcess
    var liveTasks = 1
    /// The last frame of any of its tasks.
    var last = Stamp(moment: .beginning, time: 0)
    /// The event of its latest exec.
    var latestExec: UInt64?
    /// Where it entered its latest exec, as long as none has succeeded.
    var execEntered: Moment?
    /// Whether its end has begun.
    var isEnding = false
    /// Whether nothing of it has been seen yet but its birth.
    var isUnborn = false
    /// The events that mapped memory it may share with other processes, and that were done by it or by the one it was forked from.
    var sharedMappings: [UInt64] = []
    /// From here on, calls that move bytes may be hidden in the syscall buffer.
    var hidesCallsFrom: Moment?
}

/// The tasks and processes of a node, by recorded thread id.
struct TaskList {
    private var states: [TaskState] = []
    private var free: [Int] = []
    private var byID: [Int32: Int] = [:]
    private var processByID: [Int32: Int] = [:]
    private var cached: (id: Int32, index: Int) = (0, -1)
    var processes: [ProcessState] = []
    /// The tasks in a clone that the trace's own list does not cover, and whose child has not shown up; in the order in which they entered.
    private var cloning: [Int] = []

    var isEmpty: Bool { processes.isEmpty }
    /// The indices of the living tasks, in order of their ids.
    var all: [Int] { byID.sorted { $0.key < $1.key }.map(\.value) }

    subscript(index: Int) -> TaskState {
        get { states[index] }
        _modify { yield &states[index] }
    }

    /// The living task with this id. O(1); consecutive frames mostly belong to one task.
    mutating func index(of id: Int32) -> Int? {
        if cached.id == id, cached.index >= 0 { return cached.index }
        guard let index = byID[id] else { return nil }
        cached = (id, index)
        return index
    }

    /// The process that has this id now, or had it last.
    func process(_ id: Int32) -> Int? { processByID[id] }

    private mutating func add(_ state: TaskState) -> Int {
        let index = free.popLast() ?? states.count
        if index == states.count { states.append(state) } else { states[index] = state }
        byID[state.id] = index
        return index
    }

    /// The first task of the node, in a process of its own.
    mutating func addFirst(_ id: Int32, table: Int) -> Int {
        addProcess(NodeProcess(id: id, parent: nil, command: [], forked: nil), table: table)
    }

    /// The first task of a new process.
    mutating func addProcess(_ record: NodeProcess, table: Int) -> Int {
        processes.append(ProcessState(record: record))
        processByID[record.id] = processes.count - 1
        return add(TaskState(id: record.id, process: processes.count - 1, table: table))
    }

    /// A further thread of a process.
    mutating func addThread(_ id: Int32, process: Int, table: Int) -> Int {
        processes[process].liveTasks += 1
        return add(TaskState(id: id, process: process, table: table))
    }

    /// Removes a task.
    mutating func remove(_ index: Int) {
        byID[states[index].id] = nil
        cached = (0, -1)
        cloning.removeAll { $0 == index }
        free.append(index)
    }

    /// A task enters a clone whose child no list will announce.
    mutating func beginClone(_ index: Int) { cloning.append(index) }

    /// A task returns from a clone; `true` if its child has not shown up.
    mutating func endClone(_ index: Int) -> Bool {
        guard let place = cloning.firstIndex(of: index) else { return false }
        cloning.remove(at: place)
        return true
    }

    /// A task that is inside a clone whose child has not shown up. One child for each call.
    mutating func cloneUnderWay() -> Int? { cloning.isEmpty ? nil : cloning.removeFirst() }
}
