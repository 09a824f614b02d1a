/// What a frame records. Raw values are the tags of rr's schema (`Frame.event`); a tag unknown to it is `.unknown`.
public enum FrameKind: UInt16, Sendable, CaseIterable {
    /// A trapped CPUID or RDTSC instruction.
    case instructionTrap
    /// rr patched a system call site.
    case patchSyscall
    /// A buffered call that blocked was taken out of the buffer.
    case syscallBufferAbortCommit
    /// The syscall buffer was emptied.
    case syscallBufferReset
    /// rr switched to another task.
    case schedule
    /// A mapping grew downwards.
    case growMap
    /// A signal arrived.
    case signal
    /// A signal was delivered without running a handler.
    case signalDelivery
    /// A signal handler was entered.
    case signalHandler
    /// A task is gone.
    case exit
    /// The records of a task's syscall buffer.
    case syscallBufferFlush
    /// One side of a system call that rr traced.
    case syscall
    /// rr patched something after a system call (loading a library).
    case patchAfterSyscall
    /// rr patched the vsyscall page's caller.
    case patchVsyscall
    /// rr patched a trapping instruction.
    case patchTrappingInstruction
    /// A kind this reader does not know.
    case unknown = 0xffff

    /// The name, in the manner of `rr dump` (which calls every kind of patch `PATCH_SYSCALL`).
    public var name: String {
        switch self {
        case .instructionTrap: "INSTRUCTION_TRAP"
        case .patchSyscall: "PATCH_SYSCALL"
        case .syscallBufferAbortCommit: "SYSCALLBUF_ABORT_COMMIT"
        case .syscallBufferReset: "SYSCALLBUF_RESET"
        case .schedule: "SCHED"
        case .growMap: "GROW_MAP"
        case .signal: "SIGNAL"
        case .signalDelivery: "SIGNAL_DELIVERY"
        case .signalHandler: "SIGNAL_HANDLER"
        case .exit: "EXIT"
        case .syscallBufferFlush: "SYSCALLBUF_FLUSH"
        case .syscall: "SYSCALL"
        case .patchAfterSyscall: "PATCH_AFTER_SYSCALL"
        case .patchVsyscall: "PATCH_VSYSCALL"
        case .patchTrappingInstruction: "PATCH_TRAPPING_INSTRUCTION"
        case .unknown: "UNKNOWN"
        }
    }
}

/// One side of a traced system call.
public struct SyscallFrame: Hashable, Sendable {
    /// Which side.
    public enum State: UInt16, Sendable {
        /// Stopped before the kernel, where a tracer of the recorded program may look.
        case enteringPtrace
        /// The call begins.
        case entering
        /// The call is done.
        case exiting
    }

    /// Whose numbers and argument registers the call uses: `.x86` for `int 0x80` in a 64-bit task.
    public let architecture: Architecture
    /// Which side of the call this frame is.
    public let state: State
    /// The number of the call as the kernel saw it; `restart_syscall` for a restarted one.
    public let number: Int32
    /// Whether rr could not even prepare the call (the tracee died meanwhile).
    public let failedDuringPreparation: Bool
}

/// The signal of a `signal`, `signalDelivery` or `signalHandler` frame.
public struct SignalFrame: Hashable, Sendable {
    /// What the task does about it.
    public enum Disposition: UInt16, Sendable {
        /// It dies.
        case fatal
        /// It runs a handler.
        case userHandler
        /// Nothing.
        case ignored
    }

    /// The signal's number.
    public let number: Int32
    /// `si_code`: who sent it (0 `SI_USER`: a `kill`).
    public let code: Int32
    /// `si_pid`: the sending process, for signals that have one; meaningless otherwise.
    public let sender: Int32
    /// Whether the program's own instruction caused it.
    public let deterministic: Bool
    /// What the task does about it; `nil` for a value this reader does not know.
    public let disposition: Disposition?
    /// The kernel's `siginfo_t`, in the recorder's native layout.
    public let information: [UInt8]
}
