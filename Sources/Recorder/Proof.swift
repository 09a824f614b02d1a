import Foundation
import RunModel
import SystemPackage

/// Trying it: `/bin/true`, recorded and replayed in a temporary directory.
struct Proof {
    /// The recorded program. It does next to nothing, through all the stages of a recording.
    private static let program = "/bin/true"
    /// How long each recording and replay may take; they need a fraction of a second.
    private static let timeLimit = Duration.seconds(20)
    /// How much of what rr says goes into a finding.
    private static let findingLimit = 300

    private let environment: [String: String]
    private let counters: Sidecar.Counters
    private let rr: RRInvocation
    private let directory: String

    /// A proof with `counters`, in a new temporary directory.
    init(environment: [String: String], counters: Sidecar.Counters) throws(RecorderError) {
        self.environment = environment
        self.counters = counters
        rr = try RRInvocation.with(counters, in: environment)
        let pattern = (environment["TMPDIR"] ?? "/tmp") + "/ridealong-doctor-XXXXXX"
        var template = CStrings.bytes(pattern)
        guard mkdtemp(&template) != nil else { throw .cannotWrite(path: pattern, error: Errno(rawValue: errno)) }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes what the proof has made.
    func removeFiles() {
        do {
            try FileManager.default.removeItem(atPath: directory)
        } catch {
            FileHandle.standardError.write(Data("ridealong: \(directory) could not be removed (\(error)): delete it\n".utf8))
        }
    }

    /// Whether the library of software counters is there and gets loaded into rr: ld.so passes over one that it cannot load.
    func checkLibrary() -> Doctor.Check {
        let proof = directory + "/proof"
        do throws(RecorderError) {
            let path = try Lookup.library(Counters.libraryName, in: environment)
            let variables = ["LD_PRELOAD": path, "RIDEALONG_COUNTERS_PROOF": proof]
            let capture = try run(["--version"], environment: variables)
            if Proc.line(proof) == "tick \(Counters.defaultTick)" {
                return Doctor.Check(check: "software-counters", ok: true, finding: "\(path) is loaded into rr and set up")
            }
            return Doctor.Check(
                check: "software-counters", ok: false, finding: "\(path) is not loaded into rr: \(summary(capture))",
                remedy: "build it again (make build) for this machine; rr must be a dynamically linked program without special privileges")
        } catch {
            return Doctor.Check(check: "software-counters", ok: false, finding: "\(error)")
        }
    }

    /// Whether rr knows the CPU, which it must where the hardware counts; under software counters it is told of another.
    func checkCPU() -> Doctor.Check {
        let model = Proc.lines("/proc/cpuinfo")?.first { $0.hasPrefix("model name") }?.split(separator: ":").last ?? "unknown"
        let name = model.trimmingCharacters(in: .whitespaces)
        do throws(RecorderError) {
            let capture = try run(["-S", "record", "-n", "-o", directory + "/cpu", Self.program], environment: rr.environment)
            if capture.end == .exited(0) { return Doctor.Check(check: "cpu", ok: true, finding: "rr knows this CPU (\(name))") }
            let finding = "rr does not record on this CPU (\(name)): \(summary(capture))"
            switch counters.kind {
            case .software:
                return Doctor.Check(check: "cpu", ok: true, finding: finding + "; with software counters this does not matter")
            case .hardware:
                return Doctor.Check(
                    check: "cpu", ok: false, finding: finding,
                    remedy: "install a newer rr, name a CPU like it (record -- -A \"Intel Skylake\"), or use --counters software")
            }
        } catch {
            return Doctor.Check(check: "cpu", ok: false, finding: "\(error)")
        }
    }

    /// Records and replays, with the syscall buffer or without.
    func checkMode(buffered: Bool) -> [Doctor.Check] {
        let trace = directory + (buffered ? "/buffered" : "/plain")
        let suffix = buffered ? "-buffered" : ""
        let mode = buffered ? "with the syscall buffer" : "without syscall buffer"
        let recording = ["record"] + (buffered ? [] : ["-n"]) + ["-o", trace, Self.program]
        let recorded = attempt("record" + suffix, recording, done: "\(Self.program) was recorded \(mode)")
        guard recorded.ok else { return [recorded] }
        return [recorded, attempt("replay" + suffix, ["replay", "-a", trace], done: "and replayed")]
    }

    private func attempt(_ name: String, _ command: [String], done: String) -> Doctor.Check {
        do throws(RecorderError) {
            let capture = try run(rr.arguments(command), environment: rr.environment)
            if capture.end == .exited(0) { return Doctor.Check(check: name, ok: true, finding: done) }
            return Doctor.Check(
                check: name, ok: false, finding: summary(capture),
                remedy: "see the other problems; if there are none, see https://github.com/rr-debugger/rr/wiki/Will-rr-work-on-my-system")
        } catch {
            return Doctor.Check(check: name, ok: false, finding: "\(error)")
        }
    }

    private func run(_ arguments: [String], environment: [String: String]) throws(RecorderError) -> BoundedRun {
        do throws(Errno) {
            return try BoundedRun(rr.executable, arguments, environment: environment, limit: Self.timeLimit)
        } catch {
            throw .cannotStart(path: rr.executable, error: error)
        }
    }

    /// How rr ended, and the first line that it said.
    private func summary(_ capture: BoundedRun) -> String {
        let line = capture.text.split(separator: "\n").first { !$0.allSatisfy(\.isWhitespace) } ?? "no message"
        let end =
            switch capture.end {
            case .exited(let code): "rr exited with \(code)"
            case .signalled(let signal): "rr died of signal \(signal)"
            case nil: "rr did not end within \(Self.timeLimit)"
            }
        return "\(end): \(line.prefix(Self.findingLimit))"
    }
}
