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

    /// CLONE_VM, a flag of `clone(2)`: parent and child share memory.
    public static let memoryFlag: UInt32 = 0x100
    /// CLONE_THREAD: the child is a thread of its parent's process.
    public static let threadFlag: UInt32 = 0x10000

    /// The number of the frame it belongs to; for `clone`, the parent's ENTERING frame.
    public let event: UInt64
    /// The task.
    public let task: Int32
    /// What happened.
    public let kind: Kind
}

extension [TaskEvent] {
    /// The program's beginning: what comes before is rr's own start-up. O(length).
    public var firstExec: TaskEvent? { first { if case .exec = $0.kind { true } else { false } } }
}

extension TraceDirectory {
    /// All task events in order, and what could not be read. O(length of the stream `tasks`), in time and memory.
    public func tasks() -> (events: [TaskEvent], anomalies: [TraceAnomaly]) {
        let (values, anomalies) = readAll("tasks") { (message) throws(Message.Damage) in try TaskEvent(message) }
        return (values, anomalies)
    }
}

extension TaskEvent {
    /// Reads a message of the stream `tasks`.
    init(_ message: borrowing Message) throws(Message.Damage) {
        let root = try message.root()
        event = message.number(root, bit: 0)
        task = message.number(root, bit: 64)
        let tag: UInt16 = message.number(root, bit: 192)
        switch tag {
        case 0:
            kind = .clone(
                parent: message.number(root, bit: 96), flags: message.number(root, bit: 128), ownTask: message.number(root, bit: 160))
        case 1:
            kind = .exec(file: try message.bytes(0, of: root), commandLine: try Self.commandLine(message, root))
        case 2: kind = .exit(status: message.number(root, bit: 96))
        case 3: kind = .detach
        default: kind = .unknown(tag: tag)
        }
    }

    /// The words of a command line. Together they cannot be longer than the message, unless they share its bytes.
    private static func commandLine(_ message: borrowing Message, _ root: Message.Structure) throws(Message.Damage) -> [[UInt8]] {
        guard let list = try message.list(1, of: root, .pointer) else { return [] }
        var budget = message.wordCount * 8
        var words: [[UInt8]] = []
        for index in 0..<list.count {
            let word = try message.list(at: list.start + index, in: list.segment, .byte)
            budget -= word?.count ?? 0
            guard budget >= 0 else { throw Message.Damage("a command line longer than the message") }
            words.append(message.bytes(word))
        }
        return words
    }
}
