/// The birth, the programs and the end of a task, in the order in which they were recorded (stream `tasks`).
///
/// The first task of a trace has no `clone`; its first event is an `exec`.
public struct TaskEvent: Hashable, Sendable {
    /// What happened.
    public enum Kind: Hashable, Sendable {
        /// The task was made by `parent`; `flags` are those of `clone(2)`; `ownTask` is its tid as it sees itself.
        case clone(parent: Int32, flags: UInt32, ownTask: Int32)
        /// It began to run the program `file`.
        case exec(file: [UInt8], commandLine: [[UInt8]])
        /// It ended, with this wait status.
        case exit(status: Int32)
        /// rr let go of it.
        case detach
        /// A kind this reader does not know.
        case unknown(tag: UInt16)
    }

    /// The number of the frame it belongs to; for `clone`, the parent's ENTERING frame.
    public let event: UInt64
    /// The task.
    public let task: Int32
    /// What happened.
    public let kind: Kind
}
