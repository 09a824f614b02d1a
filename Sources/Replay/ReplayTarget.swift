public import RunModel

/// A place to stand in a replay: everything that `rr replay` and gdb have to be told to get there.
public struct ReplayTarget: Hashable, Sendable {
    /// Which side of the system call the user wants to see, for an event that is one.
    public enum Landing: String, Hashable, Sendable, Codable {
        /// Before the call: nothing has been sent.
        case entered
        /// After the call: its results are in the program's memory.
        case returned
    }

    /// The trace directory.
    public var trace: String
    /// The process to stand in: the one that the event at `moment` belongs to.
    public var process: NodeProcess
    /// The thread that made the call; `nil` for whichever runs next.
    public var task: Int32?
    /// The moment: the replay stops when its event is done, and before any later code of the process.
    public var moment: Moment
    /// Which side of the call to stand on.
    public var landing: Landing
    /// What a person is told on arrival: the position, and what happens there.
    public var headline: [String]

    /// The place after `moment` in `process` of `trace`.
    public init(
        trace: String, process: NodeProcess, task: Int32? = nil, moment: Moment, landing: Landing = .returned, headline: [String] = []
    ) {
        self.trace = trace
        self.process = process
        self.task = task
        self.moment = moment
        self.landing = landing
        self.headline = headline
    }

    /// Whether the process does nothing but die after the moment. rr cannot stop at an event then: it would run to the end of the
    /// trace and leave in silence, with exit code 0. It can stop where the process ends, which is the same place.
    var isLast: Bool { process.ended.map { moment.event + 1 >= $0 } ?? false }
}
