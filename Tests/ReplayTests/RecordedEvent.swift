import TestSupport

/// An event of a trace as `rr dump` prints it.
struct RecordedEvent {
    /// Its number.
    let number: UInt64
    /// What it is: `SYSCALL: recvfrom`, `EXIT`.
    let name: String
    /// Whether it is the return from a system call.
    let isReturn: Bool
    /// The thread.
    let task: Int32

    /// From a line such as ``real_time:963.4 global_time:132, event:`SYSCALL: recvfrom' (state:EXITING_SYSCALL) tid:7625, ticks:150``.
    init?(line: Substring) {
        let pattern = /global_time:(\d+), event:`([^']*)'(.*) tid:(\d+)/
        guard let match = line.firstMatch(of: pattern), let number = UInt64(match.1), let task = Int32(match.4) else { return nil }
        self.number = number
        self.task = task
        name = String(match.2)
        isReturn = match.3.contains("EXITING")
    }
}

extension Scenario {
    /// All events of `node`.
    func events(_ node: String) throws -> [RecordedEvent] {
        try rr(["dump", trace(node)]).output.split(separator: "\n").compactMap { RecordedEvent(line: $0) }
    }

    /// The returns (or entries) of system call `name` in `node`.
    func calls(_ name: String, returns: Bool, in node: String) throws -> [RecordedEvent] {
        try events(node).filter { $0.name == "SYSCALL: \(name)" && $0.isReturn == returns }
    }
}
