/// News of a node that `ridealong up` starts.
public struct NodeChange: Hashable, Sendable {
    /// What has happened.
    public enum News: Hashable, Sendable {
        /// It is not started yet, because this does not hold.
        case waiting(UpSpec.Condition)
        /// Its recorder has been started, as this process.
        case starting(process: Int32)
        /// Its program runs, as this process.
        case running(process: Int32)
        /// It has printed this line.
        case printed(String)
        /// It has been sent this signal so that it ends.
        case stopping(signal: Int32)
        /// It did not end in time: rr has been told to end it. The trace will be complete.
        case ending
        /// It has not ended for all that: rr is killed, and the trace will end in the middle.
        case killing
        /// It has ended with this exit code.
        case exited(code: Int32, trace: TraceState)
        /// It has died of this signal.
        case died(signal: Int32, trace: TraceState)
        /// The run is over, and it was never started.
        case notStarted
    }

    /// What a node that has ended leaves behind.
    public enum TraceState: String, Hashable, Sendable {
        /// A trace that is whole.
        case complete
        /// A trace that ends where rr was killed.
        case incomplete
        /// None: the program was never started.
        case none
    }

    /// The node's name.
    public let node: String
    /// What has happened to it.
    public let news: News
}
