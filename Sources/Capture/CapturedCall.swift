/// A system call as the capture agent saw it in a replay, just before it was made: see docs/capture-format.md.
public struct CapturedCall: Hashable, Sendable {
    /// How it was seen.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// In the syscall buffer.
        case buffered
        /// At a breakpoint that rr set on its instruction.
        case traced
        /// Where rr emulates it.
        case emulated
        /// In the syscall buffer, where rr itself stopped: the call left the buffer and has frames of its own.
        case leaving
    }

    /// What the call hands over in memory.
    public struct Section: Hashable, Sendable {
        /// What it is.
        public enum Kind: UInt16, Sendable, CaseIterable {
            /// The bytes that are to be sent, or the first of them. A traced call may send fewer: its result tells.
            case payload = 1
            /// A socket address.
            case address
            /// Ancillary data.
            case control
            /// The value of a socket option.
            case option
            /// An `epoll_event`.
            case epollEvent
        }

        /// What it is; `nil` for a kind this reader does not know.
        public let kind: Kind?
        /// Of `sendmmsg`: which message it belongs to.
        public let message: Int
        /// How much the program offered; more than `count` if the agent kept, or could read, only the beginning.
        public let offered: UInt64
        /// Where its bytes are in the file.
        public let offset: UInt64
        /// How many they are.
        public let count: Int
    }

    /// How it was seen.
    public let kind: Kind
    /// Whether it was written down inside the tracee, without a stop.
    public let inRing: Bool
    /// Its number on x86-64.
    public let number: UInt16
    /// The task, counted in the order of creation from 0.
    public let task: UInt32
    /// In the syscall buffer: where its record begins, behind the buffer's header.
    public let place: UInt32
    /// What it returned, if it is `buffered`; else only the trace knows.
    public let result: Int64
    /// The instruction pointer at the stop.
    public let instructionPointer: UInt64
    /// Its six arguments. In the syscall buffer rr has put its own memory in the place of the program's for what is received.
    public let arguments: [UInt64]
    /// In the syscall buffer: the second argument as the program gave it.
    public let programArgument: UInt64
    /// What it hands over, in the order of the arguments.
    public let sections: [Section]

    /// The address of the instruction after a call's own, which its frame has, for a stop at `pointer`: a breakpoint is one byte before the
    /// end of its instruction, and those of the syscall buffer's slot as well.
    static func next(_ kind: Kind, _ pointer: UInt64) -> UInt64 { pointer &+ (kind == .emulated ? 0 : 1) }

    /// The first section of `kind`, of message `message`.
    public func section(_ kind: Section.Kind, message: Int = 0) -> Section? {
        sections.first { $0.kind == kind && $0.message == message }
    }
}
