import RunModel

#if canImport(Glibc)
    import Glibc
#endif

/// What the sidecar says about the place where a node ran. Each fact is left out where the kernel does not tell.
enum HostFacts {
    /// The host's name.
    static func name() -> String? {
        var names = utsname()
        guard uname(&names) == 0 else { return nil }
        return withUnsafeBytes(of: names.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The inodes of the namespaces that matter to addresses, clocks, process ids and paths.
    static func namespaces() -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        for name in ["net", "time", "pid", "mnt"] {
            var status = stat()
            if stat("/proc/self/ns/\(name)", &status) == 0 { result[name] = UInt64(status.st_ino) }
        }
        return result
    }

    /// What the time namespace adds to each clock, in nanoseconds. Lines: `monotonic SECONDS NANOSECONDS`.
    static func timeOffsets() -> [String: Int64]? {
        guard let lines = Proc.lines("/proc/self/timens_offsets") else { return nil }
        var result: [String: Int64] = [:]
        for line in lines {
            let words = line.split(separator: " ")
            guard words.count == 3, let seconds = Int64(words[1]), let nanoseconds = Int64(words[2]) else { continue }
            result[String(words[0])] = seconds &* 1_000_000_000 &+ nanoseconds
        }
        return result
    }

    /// CLOCK_MONOTONIC and CLOCK_REALTIME, read in the middle of each other.
    static func clocks() -> Sidecar.ClockPair {
        let before = nanoseconds(CLOCK_MONOTONIC)
        let realtime = nanoseconds(CLOCK_REALTIME)
        return Sidecar.ClockPair(monotonic: before + (nanoseconds(CLOCK_MONOTONIC) - before) / 2, realtime: realtime)
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The kernel's table of connections, which shows address translation; `nil` where it is not readable (it needs privileges).
    static func conntrack() -> [String]? {
        Proc.lines("/proc/net/nf_conntrack")?.map(String.init)
    }

    /// The id of the container we are in: container engines name control groups, or mount files, by 64 hexadecimal digits.
    static func container() -> String? {
        let groups = Proc.lines("/proc/self/cgroup") ?? []
        // Inside a control group namespace only the mounts tell; ids of image layers must not be taken for the container's.
        let mounts = (Proc.lines("/proc/self/mountinfo") ?? []).filter { $0.contains("containers/") && $0.contains("/hostname") }
        for line in groups + mounts {
            let words = line.split { !$0.isHexDigit }
            if let id = words.first(where: { $0.count == 64 }) { return String(id) }
        }
        return nil
    }

    /// The rank that a launcher of parallel programs gave us: OpenMPI, PMIx, PMI (MPICH), Slurm.
    static func launcher(in environment: [String: String]) -> Sidecar.Launcher? {
        for variable in ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"] {
            if let rank = environment[variable].flatMap({ Int($0) }), rank >= 0 { return Sidecar.Launcher(variable: variable, rank: rank) }
        }
        return nil
    }
}
