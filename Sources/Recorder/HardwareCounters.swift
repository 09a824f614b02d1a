import CLinux
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Whether this machine has the performance counter that rr needs: one that counts the retired branches of a thread.
public enum HardwareCounters: Hashable, Sendable {
    /// It is there and counts.
    case counting
    /// It can be opened but stands still, as on some virtual machines.
    case standingStill
    /// The kernel knows no such counter.
    case missing
    /// The kernel forbids it, with this error: `perf_event_paranoid`, or a container's seccomp filter.
    case denied(errno: Int32)

    /// How many branches the trial runs through; a counter that saw fewer does not count.
    private static let trialBranches: Int32 = 10_000

    /// Opens a counter as rr would, runs through some branches and reads it. Takes some 50 microseconds.
    public static func probe() -> HardwareCounters {
        let count = ridealong_count_branches(trialBranches)
        switch count {
        case Int(trialBranches)...: return .counting
        case 0...: return .standingStill
        case -Int(EACCES), -Int(EPERM): return .denied(errno: Int32(-count))
        default: return .missing
        }
    }

    /// What was found, as part of a sentence.
    public var finding: String {
        switch self {
        case .counting: "the CPU's branch counter works"
        case .standingStill: "the CPU's branch counter can be opened but does not count (a virtual machine?)"
        case .missing: "the kernel offers no branch counter (a virtual machine without a PMU?)"
        case .denied(let errno):
            "the kernel forbids performance counters (\(Errno(rawValue: errno))) by kernel.perf_event_paranoid or a seccomp profile"
        }
    }
}
