/// What this machine's CPU can do.
public enum CPUFeatures {
    /// Whether the CPUID instruction can be made to fault, so that rr answers it instead of the CPU.
    public static let cpuidFaults =
        Proc.lines("/proc/cpuinfo")?.first { $0.hasPrefix("flags") }?.split(separator: " ").contains("cpuid_fault") ?? false
}
