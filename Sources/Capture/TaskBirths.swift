package import RRTrace

/// The tasks of a trace by their serials: a replay gives them other ids, but makes them in the recorded order.
///
/// A thread that is not the first one, and executes, takes the first one's id. The trace has that as the clone of a thread with the
/// process's own id; in a replay nobody is born.
package struct TaskBirths: Sendable {
    /// The birth of a task, or its change to another id.
    package struct Birth: Hashable, Sendable {
        /// The frame it belongs to.
        package let event: UInt64
        /// Its recorded id.
        package let task: Int32
        /// Its number in the order of creation.
        package let serial: UInt32
        /// The recorded id of its process.
        package let process: Int32
    }

    /// All tasks but the first, in the order of their births.
    package let births: [Birth]

    /// The births that a trace's task events tell of.
    package init(_ events: [TaskEvent]) {
        var births: [Birth] = []
        var serials: [Int32: UInt32] = [:]
        var groups: [Int32: Int32] = [:]
        var next: UInt32 = 1
        for event in events {
            guard case .clone(let parent, let flags, _) = event.kind else { continue }
            let group = flags & TaskEvent.threadFlag == 0 ? event.task : groups[parent] ?? parent
            let isRenamed = flags & TaskEvent.threadFlag != 0 && group == event.task
            let serial = isRenamed ? serials[parent] ?? 0 : next
            if !isRenamed { next &+= 1 }
            (serials[event.task], groups[event.task]) = (serial, group)
            births.append(Birth(event: event.event, task: event.task, serial: serial, process: group))
        }
        self.births = births
    }
}
