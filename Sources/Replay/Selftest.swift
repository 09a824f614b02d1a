import Capture
import Foundation
import RRTrace
public import Recorder
import RunModel

/// Whether recording, replaying and capturing work on this machine: `ridealong selftest`.
///
/// Programs are recorded in both buffer modes, replayed, and their calls captured in all ways there are, which must agree with each other
/// and with the trace. rr compares the counters of a replay with those of the trace at every event: a replay with the agent that comes to
/// its end is the proof that the agent does not change them.
public struct Selftest {
    /// A program to record.
    private struct Program {
        var name: String
        var words: [String]
        /// The least number of calls that must be captured.
        var leastCalls: Int
    }

    private let environment: [String: String]
    private let directory: String
    private let rr: RRInvocation
    private let version: RRVersion

    /// How long a recording or a plain replay may take.
    private static let timeLimit = Duration.seconds(120)
    /// How long a capture may make no call.
    private static let patience = Duration.seconds(60)
    private static let textLimit = 300

    /// A test that makes its files in `directory`.
    public init(in directory: String, environment: [String: String]) throws(RecorderError) {
        self.environment = environment
        self.directory = directory
        let counters = try Counters.forRecording(.auto, hardware: .probe())
        rr = try RRInvocation.with(counters, in: environment)
        version = try RRVersion.of(rr.executable)
    }

    /// Runs all, and hands each answer to `report` as soon as it is there; whether all was as it must be. Takes some ten seconds.
    public func run(report: (Doctor.Check) -> Void) -> Bool {
        var isGood = true
        for program in programs {
            for isBuffered in [true, false] {
                for check in checks(of: program, isBuffered: isBuffered) {
                    report(check)
                    isGood = isGood && check.ok
                }
            }
        }
        return isGood
    }

    private var programs: [Program] {
        let own = Lookup.ownPath().map { [Program(name: "sends", words: [$0, "selftest-program", "3", "60"], leastCalls: 400)] } ?? []
        let shell = "for word in c a b; do echo $word; done | sort | while read word; do echo $word; done; exec true"
        return own + [
            Program(name: "shell", words: ["/bin/sh", "-c", shell], leastCalls: 20),
            Program(name: "true", words: ["/bin/true"], leastCalls: 5),
        ]
    }

    private func checks(of program: Program, isBuffered: Bool) -> [Doctor.Check] {
        let name = "\(program.name)-\(isBuffered ? "buffered" : "plain")"
        let trace = "\(directory)/\(name)"
        let recording = attempt("\(name)-record", ["record"] + (isBuffered ? [] : ["-n"]) + ["-o", trace] + program.words)
        guard recording.ok else { return [recording] }
        let replay = attempt("\(name)-replay", ["replay", "-q", "-a", trace])
        guard replay.ok else { return [recording, replay] }
        var comparisons: [CaptureComparison] = []
        let captures = CapturePass.Mode.allCases.map { way in
            capture("\(name)-\(way.rawValue)", trace, way, leastCalls: program.leastCalls, &comparisons)
        }
        return [recording, replay] + captures
    }

    /// Runs rr; how long it took.
    private func attempt(_ name: String, _ command: [String]) -> Doctor.Check {
        let start = ContinuousClock.now
        do {
            let run = try BoundedRun(
                rr.executable, rr.arguments(command), environment: rr.quietEnvironment(), limit: Self.timeLimit)
            if run.end == .exited(0) { return Doctor.Check(check: name, ok: true, finding: Self.seconds(since: start)) }
            let end = run.end.map { "\($0)" } ?? "not within \(Self.timeLimit)"
            return Doctor.Check(check: name, ok: false, finding: "rr ended: \(end); \(run.text.suffix(Self.textLimit))")
        } catch {
            return Doctor.Check(check: name, ok: false, finding: "\(error)")
        }
    }

    /// Captures in one way, and compares with the first.
    private func capture(
        _ name: String, _ path: String, _ way: CapturePass.Mode, leastCalls: Int, _ comparisons: inout [CaptureComparison]
    ) -> Doctor.Check {
        let start = ContinuousClock.now
        do {
            let trace = try TraceDirectory(path: path)
            let invocation = way == .remote ? rr : try rr.withCaptureAgent(in: environment)
            let pass = CapturePass(
                trace: path, rr: invocation, bufferHeaderSize: trace.syscallBufferHeaderSize ?? SyscallBufferRecords.oldestHeaderSize,
                mode: way,
                patience: Self.patience, version: version)
            let file = try pass.run(into: "\(path)-\(way.rawValue).calls")
            let comparison = try CaptureComparison(file, of: trace)
            let finding = "\(comparison.count) calls, \(file.mode.map { "\($0)" } ?? "unknown"), \(Self.seconds(since: start))"
            let problem = problem(of: comparison, file, leastCalls: leastCalls, first: comparisons.first)
            comparisons.append(comparison)
            return Doctor.Check(check: name, ok: problem == nil, finding: finding + (problem.map { ": \($0)" } ?? ""))
        } catch {
            return Doctor.Check(check: name, ok: false, finding: "\(error)")
        }
    }

    private func problem(of capture: CaptureComparison, _ file: CaptureFile, leastCalls: Int, first: CaptureComparison?) -> String? {
        if let damage = capture.check.damage { return "the file is damaged \(damage)" }
        guard capture.check.counts.isExact else { return "it differs from the trace: \(capture.check.counts) \(capture.check.missed)" }
        if file.fallback == .slotUnknown { return "rr's page has other instructions than the agent knows" }
        if capture.count < leastCalls { return "expected at least \(leastCalls)" }
        return first.flatMap { capture.difference(from: $0) }.map { "it differs from the first way, \($0)" }
    }

    private static func seconds(since start: ContinuousClock.Instant) -> String {
        let hundredths = (ContinuousClock.now - start) / .milliseconds(10)
        return "\((hundredths.rounded() / 100)) s"
    }
}
