/// The numbers and names of system calls, by architecture.
public struct SyscallTable: Sendable {
    private let names: [String?]
    private let calls: [Syscall?]

    /// The old `select` and `mmap` take their arguments from memory, which a trace does not hold; the old `fstat` has a layout of its own.
    private static let x86 = SyscallTable(SyscallNames.x86, withoutCase: ["select", "mmap", "fstat"])
    // swift-format-ignore: AlwaysUseLowerCamelCase
    private static let x86_64 = SyscallTable(SyscallNames.x86_64)
    private static let aarch64 = SyscallTable(SyscallNames.aarch64)

    /// The table of `architecture`.
    public static func table(_ architecture: Architecture) -> SyscallTable {
        switch architecture {
        case .x86: x86
        case .x86_64: x86_64
        case .aarch64: aarch64
        }
    }

    /// The name of call `number`, as in the kernel's headers; `nil` if they have none. O(1).
    public func name(_ number: Int32) -> String? {
        number >= 0 && number < names.count ? names[Int(number)] : nil
    }

    /// Call `number`, if it is one that this module has a case for. O(1).
    public func call(_ number: Int32) -> Syscall? {
        number >= 0 && number < calls.count ? calls[Int(number)] : nil
    }

    /// A name for call `number` of `architecture` to show to people, whatever the number; rr's own calls begin at `rrCallBase`.
    public static func name(_ number: Int32, _ architecture: Architecture, rrCallBase: Int32 = 1000) -> String {
        if let name = table(architecture).name(number) { return name }
        let own = Int64(number) - Int64(rrCallBase)
        return own >= 0 && own < rrCallNames.count ? "rrcall_" + rrCallNames[Int(own)] : "syscall_\(number)"
    }

    private static let rrCallNames = [
        "init_preload", "init_buffers", "notify_syscall_hook_exit", "notify_control_msg", "reload_auxv", "mprotect_record",
        "notify_stap_semaphore_added", "notify_stap_semaphore_removed", "check_presence", "detach_teleport", "arm_time_slice",
        "freeze_tid", "rdtsc",
    ]

    /// Reads a list of `SyscallNames`; the calls named `withoutCase` are no cases of `Syscall`.
    private init(_ list: String, withoutCase: Set<String> = []) {
        var names: [String?] = []
        for word in list.split(whereSeparator: \.isWhitespace) {
            if let number = Int(word) {
                while names.count < number { names.append(nil) }
            } else {
                names.append(String(word))
            }
        }
        self.names = names
        calls = names.map { name in name.flatMap { withoutCase.contains($0) ? nil : Syscall(kernelName: $0) } }
    }
}
