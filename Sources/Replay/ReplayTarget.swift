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

    /// Where rr has to stop for that.
    public enum Stop: Hashable, Sendable, Codable {
        /// After the event: the rule.
        case afterEvent
        /// Before the event, the return of a system call, and then run on to where the call comes back to the user's code. Needed where
        /// the next event of the process is a flush of its syscall buffer: rr cannot stop between the two, but calls lie between them.
        case beforeReturn
        /// At a call of the syscall buffer, which has no event: before `event`, the last one of the thread that rr can stop before, and
        /// then run on to where the thread makes the call that has its record `place` bytes behind the header of its buffer.
        case beforeCall(event: UInt64, place: UInt32)
        /// Where the process ends: nothing of it comes after the event but its death, and asked to stop between the two, rr would run
        /// to the end of the trace and leave in silence, with exit code 0.
        case end
    }

    /// The trace directory.
    public var trace: String
    /// The process to stand in, by its recorded id: the one that the event at `moment` belongs to.
    public var process: Int32
    /// The thread that made the call; `nil` for whichever runs next.
    public var task: Int32?
    /// The moment: the replay stands where its event is done, before any later code of the process.
    public var moment: Moment
    /// Which side of the call to stand on.
    public var landing: Landing
    /// Where rr has to stop for that.
    public var stop: Stop
    /// What a person is told on arrival: the position, and what happens there.
    public var headline: [String]

    /// The place after `moment` in `process` of `trace`.
    public init(
        trace: String, process: Int32, task: Int32? = nil, moment: Moment, landing: Landing = .returned, stop: Stop = .afterEvent,
        headline: [String] = []
    ) {
        self.trace = trace
        self.process = process
        self.task = task
        self.moment = moment
        self.landing = landing
        self.stop = stop
        self.headline = headline
    }
}
