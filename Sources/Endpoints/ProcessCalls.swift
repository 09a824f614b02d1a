import RRTrace
import RunModel

/// Births, execs and deaths.
extension EndpointTracker {
    /// clone(2)'s flags that matter here.
    private enum CloneFlag {
        static let memory: UInt64 = 0x100
        static let files: UInt64 = 0x400
        static let suspended: UInt64 = 0x4000
        static let thread: UInt64 = 0x10000
    }

    /// Adds the child of a clone: a thread, or a process with a copy of the parent's descriptors (or the very same table).
    mutating func addTask(_ id: Int32, parent: Int, flags: UInt64, at event: UInt64) -> Int {
        let parentState = tasks[parent]
        var table = parentState.table
        if flags & CloneFlag.files == 0 {
            table = copyTable(table)
        } else {
            tables[table].users += 1
        }
        if flags & CloneFlag.thread != 0 { return tasks.addThread(id, process: parentState.process, table: table) }
        let parentRecord = tasks.processes[parentState.process].record
        let record = NodeProcess(id: id, parent: parentRecord.id, command: parentRecord.command, forked: event)
        let task = tasks.addProcess(record, table: table)
        let process = tasks[task].process
        tasks.processes[process].isUnborn = true
        if flags & CloneFlag.memory != 0, flags & CloneFlag.suspended == 0 {
            reading.activity.memoryOwner[id] = reading.activity.memoryOwner[parentRecord.id] ?? parentRecord.id
        } else if flags & CloneFlag.memory == 0 {
            tasks.processes[process].sharedMappings = tasks.processes[parentState.process].sharedMappings
        }
        return task
    }

    /// clone returns: a child that has not shown up, and that no list announces, is one of its flags all the same.
    mutating func returnFromClone(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        guard let child = Int32(exactly: frame.result), child > 0 else { return }
        if tasks.endClone(task), tasks.index(of: child) == nil {
            _ = addTask(child, parent: task, flags: call.cloneFlags, at: call.entered.moment.event)
        }
        if call.cloneFlags & CloneFlag.suspended != 0 { resume(task, after: child, at: stamp(frame)) }
    }

    /// From here on the task's table is its own.
    mutating func unshareTable(of task: Int) {
        let table = tasks[task].table
        guard tables[table].users > 1 else { return }
        tables[table].users -= 1
        tasks[task].table = copyTable(table)
    }

    /// Another table with the same descriptors.
    private mutating func copyTable(_ table: Int) -> Int {
        for slot in tables[table].slots.values { files[slot.file].references += 1 }
        tables.append(FileTable(slots: tables[table].slots, plain: tables[table].plain))
        return tables.count - 1
    }

    /// exec: the process has one thread and a table of its own from here on, and descriptors marked so are closed. Without
    /// `commandLine`, what it executes is not known.
    mutating func execute(_ task: Int, commandLine: [String]?, at stamp: Stamp) {
        let process = tasks[task].process
        guard tasks.processes[process].latestExec != stamp.moment.event else { return }
        tasks.processes[process].latestExec = stamp.moment.event
        tasks.processes[process].record.command = commandLine ?? []
        tasks.processes[process].sharedMappings = []
        if tasks.processes[process].record.firstExec == nil { tasks.processes[process].record.firstExec = stamp.moment.event }
        // The descriptors close during the call, so a peer may see it before the call returns.
        var entered = tasks[task].pending?.entered ?? stamp
        tasks[task].pending = nil
        if tasks.processes[process].liveTasks > 1 {
            for other in tasks.all where other != task && tasks[other].process == process {
                // A thread that is not the first one, and executes, takes the first one's place.
                if let call = tasks[other].pending, call.syscall == .execve || call.syscall == .execveat { entered = call.entered }
                endTask(other, at: stamp, status: nil)
            }
        }
        unshareTable(of: task)
        let table = tasks[task].table
        for (number, slot) in tables[table].slots.sorted(by: { $0.key < $1.key }) where slot.closeOnExec {
            closeDescriptor(number, table: table, task, at: entered, latest: stamp.time)
        }
        if !tables[table].plain.isEmpty { tables[table].plain = tables[table].plain.filter { !$0.value.closeOnExec } }
    }

    /// The end of a task; with the last one of its process, the end of the process and of its descriptors.
    mutating func endTask(_ task: Int, at stamp: Stamp, status: Int32?) {
        abandonCall(of: task)
        let state = tasks[task]
        let process = state.process
        if let status, status & 0x7f == Self.killed, reading.isBuffered { doubtSends(of: process, table: state.table) }
        tasks.processes[process].liveTasks -= 1
        if tasks.processes[process].liveTasks == 0 { tasks.processes[process].record.ended = stamp.moment.event }
        tables[state.table].users -= 1
        if tables[state.table].users == 0 {
            // What a dying process holds is closed after its last event, and before the trace notices its end.
            let last = tasks.processes[process].last
            let death = status.map { self.death(of: process, status: $0, after: last, before: stamp) } ?? last
            for number in tables[state.table].slots.keys.sorted() {
                closeDescriptor(number, table: state.table, task, at: death, latest: stamp.time)
            }
            tables[state.table].plain = [:]
        }
        if let status { tasks.processes[process].record.status = status }
        tasks.remove(task)
    }

    /// SIGKILL, which ends a process wherever it is.
    private static let killed: Int32 = 9

    /// A process was killed that may have been in a call of the syscall buffer: of that nothing is in the trace, but it may have sent.
    private mutating func doubtSends(of process: Int, table: Int) {
        let record = tasks.processes[process].record
        for slot in tables[table].slots.values {
            guard let serial = files[slot.file].endpoint else { continue }
            let endpoint = reading.activity.endpoints[Int(serial)]
            if endpoint.processes.contains(record.id) && endpoint.access != .read && offsets[Int(serial)].sent > 0 {
                makeOpaque(serial, from: tasks.processes[process].last.moment)
            }
        }
    }

    /// Gives up a call that never returned: what it did is not known. If the task `isAlive`, it may have returned after the trace's end.
    mutating func abandonCall(of task: Int, isAlive: Bool = false) {
        guard let call = tasks[task].pending else { return }
        tasks[task].pending = nil
        guard call.syscall.movesBytes else { return }
        // A send that was cut off may have handed over any part of its bytes; a receive that a death cut off took none.
        if call.syscall.direction == .receive {
            if isAlive, let serial = call.file.flatMap({ files[$0].endpoint }) { losePlaces(.receive, serial, from: call.entered) }
            return
        }
        for file in [call.file, call.other] {
            guard let file, let serial = files[file].endpoint else { continue }
            makeOpaque(serial, from: call.entered.moment)
            losePlaces(.send, serial, from: call.entered)
            if call.syscall.direction == nil { losePlaces(.receive, serial, from: call.entered) }
            note("unfinished-send", call.syscall.rawValue, at: call.entered.moment)
        }
    }
}
