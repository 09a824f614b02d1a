#if canImport(Glibc)
    import Glibc
#endif

/// How much memory there is, and who has it, as the kernel tells.
package enum Memory {
    /// What is taken to be free if the kernel does not tell.
    private static let unknownFree: UInt64 = 1 << 30

    /// The memory of this machine that is free, or can be made so, in bytes.
    package static func free() -> UInt64 { sum("/proc/meminfo", of: ["MemAvailable:"]) ?? unknownFree }

    /// The memory that a process and all that descend from it have for themselves, in bytes: not their programs' code. What they share
    /// after a fork counts for each.
    package static func ofTree(_ root: Int32) -> UInt64 {
        Set(Proc.tasks(under: root).map(\.process) + [root]).reduce(0) { total, process in
            total &+ (sum("/proc/\(process)/status", of: ["RssAnon:", "RssShmem:"]) ?? 0)
        }
    }

    /// The sum of some lines of a file, which are in kB; `nil` if there are none.
    private static func sum(_ path: String, of names: [String]) -> UInt64? {
        let lines = Proc.lines(path)?.filter { line in names.contains { line.hasPrefix($0) } } ?? []
        let counts = lines.compactMap { $0.split { !$0.isNumber }.first.flatMap { UInt64($0) } }
        return counts.isEmpty ? nil : counts.reduce(0) { $0 &+ $1 &* 1024 }
    }
}
