public import RunModel

/// One line of the calls of a node: a system call, a signal, or an end.
public struct Call: Sendable {
    /// What it is.
    public enum Kind: String, Sendable {
        /// A system call.
        case call
        /// A call that went through rr's syscall buffer, and that no replay has captured: only its name and result are known, and perhaps
        /// what it wrote.
        case buffered
        /// A signal that was delivered.
        case signal
        /// The end of a task.
        case exit
    }

    /// Whether a call is told of in one line, as nearly all are.
    public enum Part: Sendable {
        /// All of it.
        case whole
        /// It was entered; its return is told of later, because too much happens in between.
        case beginning
        /// It returned; that it was entered has been told.
        case end
        /// It never returned.
        case unfinished
    }

    /// What it is.
    public var kind: Kind
    /// The name of the call or of the signal; for an end `exit`.
    public var name: String
    /// Whether there is more about it in another line.
    public var part = Part.whole
    /// Where the line stands: calls that give (send, connect, close, …) where they were entered, calls that take where they returned.
    public var at: Moment
    /// Where it was entered; equal to `at` for signals and ends.
    public var entered: Moment
    /// Where it returned; `nil` for one that did not.
    public var returned: Moment?
    /// When `at` was: nanoseconds of the host's CLOCK_MONOTONIC.
    public var time: Int64
    /// How long it took, in nanoseconds: from the stamp of its entry to that of its return.
    public var duration: Int64?
    /// The process (thread group id).
    public var process: Int32
    /// The thread.
    public var task: Int32
    /// The arguments, decoded; for a signal what is known about it, for an end how it came.
    public var arguments: [String] = []
    /// What the call returned, as the kernel says it; `nil` if it did not.
    public var result: Int64?
    /// What it returned, for people.
    public var outcome = "?"

    /// A line of this kind that stands at `at`, where what it tells of also began.
    public init(_ kind: Kind, _ name: String, at: Moment, time: Int64, process: Int32, task: Int32) {
        (self.kind, self.name, self.at, entered, self.time, self.process, self.task) = (kind, name, at, at, time, process, task)
    }

    /// The error's name, for a call that failed.
    public var error: String? { result.flatMap { $0 < 0 && $0 >= -4095 ? ErrorNames.name(Int(-$0)) : nil } }

    /// The position to show: where the line stands, or where a call that never returned was entered.
    public var position: Moment { part == .unfinished ? entered : at }

    /// The line, as strace would write it.
    public var text: String {
        switch (kind, part) {
        case (.signal, _): return "--- \(name) \(arguments.joined(separator: ", ")) ---"
        case (.exit, _): return "+++ \(arguments.joined(separator: ", ")) +++"
        case (.buffered, _): return "\(name)(\(arguments.isEmpty ? "?" : arguments.joined(separator: ", "))) = \(outcome)  [buffered]"
        case (.call, .whole): return "\(name)(\(arguments.joined(separator: ", "))) = \(outcome)"
        case (.call, .beginning): return "\(name)(\(arguments.joined(separator: ", ")) <unfinished ...>"
        case (.call, .end): return "<... \(name) resumed>) = \(outcome)"
        case (.call, .unfinished): return "\(name)(\(arguments.joined(separator: ", ")) <unfinished ...>) = ?"
        }
    }
}
