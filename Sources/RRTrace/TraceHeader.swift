/// What the recorder wrote about itself at the end of a recording (file `version`).
public struct TraceHeader: Hashable, Sendable {
    /// What a task's ticks count.
    public enum TicksSemantics: UInt16, Sendable {
        /// Retired conditional branches.
        case retiredConditionalBranches
        /// Taken branches.
        case takenBranches
    }

    /// `uname(2)` of the recorder, as text.
    public struct SystemName: Hashable, Sendable {
        /// Such as `Linux`.
        public let system: String
        /// The recorder's host name.
        public let node: String
        /// The kernel's release.
        public let release: String
        /// The kernel's version.
        public let version: String
        /// Such as `x86_64`.
        public let machine: String
        /// The NIS domain.
        public let domain: String
    }

    /// 16 random bytes that name the trace.
    public let uuid: [UInt8]
    /// Whether the recording ended as it should; `false` after an internal error of rr.
    public let ok: Bool
    /// The architecture of rr itself; `nil` for one this reader does not know.
    public let nativeArchitecture: Architecture?
    /// The first number of rr's own system calls.
    public let rrCallBase: Int32
    /// Size in bytes of the header of a syscall buffer.
    public let syscallBufferHeaderSize: Int
    /// The CPU the tracees were bound to; -1 for none.
    public let boundCPU: Int32
    /// Whether CPUID instructions were trapped.
    public let hasCPUIDFaulting: Bool
    /// What ticks count; `nil` for a kind this reader does not know.
    public let ticksSemantics: TicksSemantics?
    /// Whether rr's chaos mode was on; `nil` if the trace does not tell.
    public let chaosMode: Bool?
    /// Whether each buffered call was given a tick (rr 5.6 and later).
    public let bufferedSyscallForcedTick: Bool
    /// The recorder's system; `nil` before rr 5.8.
    public let systemName: SystemName?
    /// The oldest release of rr that writes such a header, such as `5.8`: the trace names no version itself.
    public let oldestRelease: String
}
