/// Which process each task belongs to, as a trace's task events tell one after the other.
public struct ThreadGroups: Sendable {
    private var groups: [Int32: Int32] = [:]

    /// Nobody is born yet.
    public init() {}

    /// Takes in what happened next.
    public mutating func note(_ event: TaskEvent) {
        guard case .clone(let parent, let flags, _) = event.kind else { return }
        groups[event.task] = flags & TaskEvent.threadFlag == 0 ? event.task : process(of: parent)
    }

    /// The process of `task`; who was never cloned is one.
    public func process(of task: Int32) -> Int32 { groups[task] ?? task }
}

extension [TaskEvent] {
    /// The processes of the tasks that were born up to `event`.
    public func threadGroups(upTo event: UInt64) -> ThreadGroups {
        var groups = ThreadGroups()
        for change in self where change.event <= event { groups.note(change) }
        return groups
    }
}
