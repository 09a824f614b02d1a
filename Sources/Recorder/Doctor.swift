import RunModel
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// What this machine can do, and why not: `ridealong doctor`.
public struct Doctor {
    /// One answer.
    public struct Check: Hashable, Sendable, Codable {
        /// What was looked at: short and stable.
        public var check: String
        /// Whether it is as it should be.
        public var ok: Bool
        /// What was found.
        public var finding: String
        /// What would make it better, if anything.
        public var remedy: String?

        /// An answer.
        public init(check: String, ok: Bool, finding: String, remedy: String? = nil) {
            self.check = check
            self.ok = ok
            self.finding = finding
            self.remedy = remedy
        }
    }

    let environment: [String: String]
    let run: String
    private let hardware = HardwareCounters.probe()

    /// Less free space than this in the run's directory is a problem, in bytes: a busy hour of recording.
    private static let enoughSpace: UInt64 = 1 << 30

    /// A doctor for recordings into the run directory `run`.
    public init(run: String, environment: [String: String]) {
        self.run = run
        self.environment = environment
    }

    /// Looks at everything, and hands each answer to `report` as soon as it is there. Takes a second or two.
    ///
    /// - Returns: whether a program can be recorded and replayed here, which was tried.
    public func examine(report: (Check) -> Void) -> Bool {
        let rr = checkRR()
        report(rr)
        report(checkCounters())
        report(checkEvents())
        report(checkPtrace())
        report(checkDebugger())
        report(checkDisk())
        guard rr.ok else { return false }
        do throws(RecorderError) {
            let proof = try Proof(environment: environment, counters: try Counters.forRecording(.auto, hardware: hardware))
            defer { proof.removeFiles() }
            report(proof.checkLibrary())
            report(proof.checkCPU())
            let plain = proof.checkMode(buffered: false)
            plain.forEach(report)
            proof.checkMode(buffered: true).forEach(report)
            return plain.allSatisfy(\.ok)
        } catch {
            report(Check(check: "record", ok: false, finding: "\(error)"))
            return false
        }
    }

    /// What this machine is, for a report: rr, the CPU, the counters, the kernel's settings.
    public func describe() -> [Check] {
        var names = utsname()
        uname(&names)
        let kernel = withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let machine = withUnsafeBytes(of: &names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let lines = Proc.lines("/proc/cpuinfo") ?? []
        let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last ?? "unknown"
        var name = [UInt8](repeating: 0, count: 64)
        let length = confstr(Int32(_CS_GNU_LIBC_VERSION), &name, name.count)
        let library = String(decoding: name.prefix(max(0, min(length, name.count) - 1)), as: UTF8.self)
        let finding =
            "\(machine), kernel \(kernel), \(library),\(model), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) CPUs, "
            + "CPUID faulting \(CPUFeatures.cpuidFaults ? "yes" : "no")"
        return [Check(check: "machine", ok: true, finding: finding), checkRR(), checkCounters(), checkEvents()]
    }

    private func checkRR() -> Check {
        do throws(RecorderError) {
            let path = try Lookup.rr(in: environment)
            let version = try RRVersion.of(path)
            let finding = "\(path), version \(version)"
            if version < RRVersion.tried.lowerBound {
                return Check(check: "rr", ok: false, finding: finding, remedy: "install rr \(RRVersion.tried.lowerBound) or later")
            }
            let isNew = version > RRVersion.tried.upperBound
            return Check(check: "rr", ok: true, finding: finding + (isNew ? ", newer than what Ridealong was tried with" : ""))
        } catch {
            return Check(check: "rr", ok: false, finding: "\(error)")
        }
    }

    private func checkCounters() -> Check {
        switch hardware {
        case .counting: Check(check: "counters", ok: true, finding: "hardware: \(hardware.finding)")
        case .denied:
            Check(
                check: "counters", ok: false, finding: "software, because \(hardware.finding)",
                remedy: "if the CPU has a branch counter, `sudo sysctl kernel.perf_event_paranoid=1` gives rr access to it")
        case .missing, .standingStill:
            Check(
                check: "counters", ok: true, finding: "software, because \(hardware.finding)",
                remedy: "see docs/software-counters.md for what they cannot do; bare metal, or a virtual machine with a PMU, can do it all")
        }
    }

    private func checkEvents() -> Check {
        let paranoid = Proc.line("/proc/sys/kernel/perf_event_paranoid") ?? "unknown"
        let finding = "kernel.perf_event_paranoid is \(paranoid), user \(geteuid())"
        do throws(RecorderError) {
            try SoftwareEvents.checkDummy()
            try SoftwareEvents.checkContextSwitches()
            return Check(check: "perf-events", ok: true, finding: finding)
        } catch .eventsForbidden(let what, let error, let remedy) {
            let forbidden = "\(finding), which forbids the events that \(what) needs (\(error))"
            return Check(check: "perf-events", ok: false, finding: forbidden, remedy: remedy)
        } catch {
            return Check(check: "perf-events", ok: false, finding: "\(finding): \(error)")
        }
    }

    /// Yama's levels: 0 and 1 let a parent trace its child; 2 asks for a capability; 3 forbids all.
    private func checkPtrace() -> Check {
        let scope = Proc.line("/proc/sys/kernel/yama/ptrace_scope").flatMap { Int($0) } ?? 0
        let isAllowed = scope <= 1 || (scope == 2 && geteuid() == 0)
        return Check(
            check: "ptrace", ok: isAllowed, finding: "kernel.yama.ptrace_scope is \(scope)",
            remedy: isAllowed ? nil : "run `sudo sysctl kernel.yama.ptrace_scope=1` (3 lasts until the next boot)")
    }

    private func checkDebugger() -> Check {
        guard let path = Lookup.program("gdb", in: environment) else {
            return Check(check: "gdb", ok: false, finding: "gdb is not on PATH", remedy: "install it (apt install gdb)")
        }
        do throws(Errno) {
            let text = try BoundedRun(path, ["--nx", "--version"], limit: .seconds(10)).text
            return Check(check: "gdb", ok: true, finding: "\(path), \(text.prefix { $0 != "\n" })")
        } catch {
            let finding = "\(path) does not start (\(error))"
            return Check(check: "gdb", ok: false, finding: finding, remedy: "reinstall it (apt install --reinstall gdb)")
        }
    }

    private func checkDisk() -> Check {
        var space = statvfs()
        guard statvfs(run, &space) == 0 else {
            let error = Errno(rawValue: errno)
            return Check(check: "disk", ok: false, finding: "\(run): \(error)", remedy: "make the directory, or choose one with --run")
        }
        guard access(run, W_OK) == 0 else {
            return Check(check: "disk", ok: false, finding: "\(run) is not writable", remedy: "choose another directory with --run")
        }
        let (free, overflows) = UInt64(space.f_bavail).multipliedReportingOverflow(by: UInt64(space.f_frsize))
        let isEnough = overflows || free >= Self.enoughSpace
        return Check(
            check: "disk", ok: isEnough, finding: "\(free >> 20) MiB are free in \(run)",
            remedy: isEnough ? nil : "make room, or choose a directory on another disk with --run")
    }
}
