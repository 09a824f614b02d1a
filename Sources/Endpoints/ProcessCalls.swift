import RRTrace
import RunModel

/// Births, execs and deaths.
extension EndpointTracker {
    /// clone(2)'s flags that matter here.
    private enum CloneFlag {
        static let files: UInt64 = 0x400
        static let thread: UInt64 = 0x10000
    }

    /// Adds the child of a clone: a thread, or a process with a copy of the parent's descriptors (or the very same table).
    mutating func addTask(_ id: Int32, parent: Int, flags: UInt64, at event: UInt64) -> Int {
        let parentState = tasks[parent]
        var table = parentState.table
        if flags & CloneFlag.files == 0 {
            let slots = tables[table].slots
            for slot in slots.values { files[slot.file].references += 1 }
            tables.append(FileTable(slots: slots))
            table = tables.count - 1
        } else if flags & CloneFlag.thread == 0 {
            tables[table].users += 1
        }
        if flags & CloneFlag.thread != 0 { return tasks.addThread(id, process: parentState.process, table: table) }
        let parentRecord = tasks.processes[parentState.process].record
        let record = NodeProcess(id: id, parent: parentRecord.id, command: parentRecord.command, forked: event)
        return tasks.addProcess(record, table: table)
    }

    /// exec: the table is the process's own from here on, and descriptors marked so are closed.
    mutating func execute(_ task: Int, commandLine: [String], at stamp: Stamp) {
        let process = tasks[task].process
        tasks.processes[process].record.command = commandLine
        if tasks.processes[process].record.firstExec == nil { tasks.processes[process].record.firstExec = stamp.moment.event }
        var table = tasks[task].table
        if tables[table].users > 1 {
            tables[table].users -= 1
            let slots = tables[table].slots
            for slot in slots.values { files[slot.file].references += 1 }
            tables.append(FileTable(slots: slots))
            table = tables.count - 1
            tasks[task].table = table
        }
        // The descriptors close during the call, so a peer may see it before the call returns.
        let entered = tasks[task].pending?.entered ?? stamp
        for (number, slot) in tables[table].slots.sorted(by: { $0.key < $1.key }) where slot.closeOnExec {
            closeDescriptor(number, table: table, task, at: entered, latest: stamp.time)
        }
    }

    /// The end of a task; with the last one of its process, the end of the process and of its descriptors.
    mutating func endTask(_ task: Int, at stamp: Stamp, status: Int32?) {
        abandonCall(of: task)
        let state = tasks[task]
        let process = state.process
        tasks.processes[process].liveTasks -= 1
        if tasks.processes[process].liveTasks == 0 {
            tasks.processes[process].record.ended = stamp.moment.event
            tables[state.table].users -= 1
            if tables[state.table].users == 0 {
                // What a dying process holds is closed after its last event, and before the trace notices its end.
                let last = tasks.processes[process].last
                for number in tables[state.table].slots.keys.sorted() {
                    closeDescriptor(number, table: state.table, task, at: last, latest: stamp.time)
                }
            }
        }
        if let status { tasks.processes[process].record.status = status }
        tasks.remove(task)
    }

    /// Gives up a call that never returned: what it did is not known.
    mutating func abandonCall(of task: Int) {
        guard let call = tasks[task].pending else { return }
        tasks[task].pending = nil
        guard let file = call.file, call.syscall.movesBytes, let serial = files[file].endpoint else { return }
        // A send that was cut off may have handed over any part of its bytes; a receive took none that the program ever saw.
        guard call.syscall.direction == .send else { return }
        makeOpaque(serial, from: call.entered.moment)
        note("unfinished-send", call.syscall.rawValue, at: call.entered.moment)
    }
}
