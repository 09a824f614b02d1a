import Foundation
import RunModel
import TestSupport
import Testing

@testable import Recorder

/// The preloaded library: `Tests/Programs/steps.c`, recorded under software counters and walked through by gdb in both directions.
@Suite struct SoftwareCountersTests {
    /// What gdb prints when it replays `node` and is told `commands`.
    private func debug(_ run: Recorded, _ node: String, _ commands: [String]) throws -> String {
        let rr = try RRInvocation.forReplay(of: run.sidecar(node), in: ProcessInfo.processInfo.environment)
        let setup = ["set confirm off", "set pagination off", "set width 0", "set style enabled off"]
        let result = try run.finish(
            [rr.executable] + rr.arguments(["replay", run.run + "/" + node + "/trace", "--", "-nx"]), environment: rr.environment,
            input: (setup + commands).joined(separator: "\n") + "\n")
        return result.output
    }

    private func record(_ run: Recorded, buffer: String, _ program: String, _ arguments: [String] = []) throws -> Finished {
        let options = ["--counters", "software", "--syscall-buffer", buffer, "--node", "n"]
        return try run.record([try Programs.compile(program, in: run.workshop)] + arguments, options: options)
    }

    @Test(arguments: ["off", "on"])
    func aReplayPrintsWhatTheRecordingPrinted(buffer: String) throws {
        try withRun { run in
            let recorded = try record(run, buffer: buffer, "steps")
            #expect(recorded.status == 7)
            #expect(recorded.output == "1: 1\n2: 5\n3: 14\n4: 30\n5: 55\ntotal 55\n")
            #expect(try run.replay("n").output == recorded.output)
        }
    }

    @Test(arguments: ["off", "on"])
    func theDebuggerGoesBackwards(buffer: String) throws {
        try withRun { run in
            _ = try record(run, buffer: buffer, "steps")
            let output = try debug(
                run, "n",
                [
                    "break finish", "continue", "reverse-next", "frame", "break square", "reverse-continue", "print number",
                    "reverse-finish", "frame", "reverse-continue", "print number", "continue", "continue", "print total",
                ])
            let seen = output.split(separator: "\n").filter { $0.contains("#0 ") || $0.contains(" = ") }.map(String.init)
            // From finish() back to its call in main; back into square(5), out of it backwards, into square(4); and forwards again.
            #expect(seen.contains { $0.contains("#0  main ()") })
            #expect(seen.contains { $0.contains("#0") && $0.contains("add (number=5)") })
            #expect(output.contains("$1 = 5") && output.contains("$2 = 4") && output.contains("$3 = 55"), "\(output)")
        }
    }

    @Test(arguments: ["off", "on"])
    func aWatchpointFindsEachChangeBackwards(buffer: String) throws {
        try withRun { run in
            _ = try record(run, buffer: buffer, "steps")
            let commands = ["break finish", "continue", "watch total"] + Array(repeating: "reverse-continue", count: 5)
            let output = try debug(run, "n", commands)
            let changes = output.split(separator: "\n").filter { $0.hasPrefix("Old value") || $0.hasPrefix("New value") }
            let values = [55, 30, 14, 5, 1, 0]
            let expected = zip(values, values.dropFirst()).flatMap { ["Old value = \($0)", "New value = \($1)"] }
            #expect(changes.map(String.init) == expected, "\(output)")
        }
    }

    @Test(arguments: ["off", "on"])
    func threadsReplay(buffer: String) throws {
        try withRun { run in
            let recorded = try record(run, buffer: buffer, "threads")
            #expect(recorded.status == 0)
            #expect(try run.replay("n").output == recorded.output)
        }
    }

    /// Without syscall buffer only: with it, rr 5.6 itself loses the restart of such a call (rr issue #3358).
    @Test func callsThatASignalInterruptsAndTheKernelRestartsReplay() throws {
        try withRun { run in
            let recorded = try record(run, buffer: "off", "threads", ["alarms"])
            #expect(recorded.status == 0)
            let replay = try run.replay("n")
            #expect(replay.output == recorded.output, "\(replay.errors.prefix(500))")
        }
    }

    @Test(arguments: ["x", "-1", "100", ""])
    func aWrongTickEndsRR(tick: String) throws {
        let library = try Lookup.library("software-counters", in: [:])
        try withRun { run in
            let result = try run.finish(["rr", "--version"], environment: ["LD_PRELOAD": library, "RIDEALONG_TICK": tick])
            #expect(result.status == 1)
            #expect(result.errors.contains("RIDEALONG_TICK"))
        }
    }

    @Test func aTraceReplaysUnderItsOwnTick() throws {
        try withRun { run in
            let rr = try RRInvocation.with(
                Sidecar.Counters(kind: .software, tick: 3), in: ProcessInfo.processInfo.environment)
            let trace = run.run + "/trace"
            let recording = [rr.executable] + rr.arguments(["record", "-n", "-o", trace, "/bin/true"])
            #expect(try run.finish(recording, environment: rr.environment).status == 0)
            let replaying = [rr.executable] + rr.arguments(["replay", "-a", trace])
            #expect(try run.finish(replaying, environment: rr.environment).status == 0)
            // rr compares the counts: under another tick the replay must not pass for a good one.
            let other = rr.environment.merging(["RIDEALONG_TICK": "4"]) { $1 }
            #expect(try run.finish(replaying, environment: other).status != 0)
        }
    }

    @Test func aBufferedTraceIsNotMarkedAsOneWithForcedTicks() throws {
        try withRun { run in
            _ = try record(run, buffer: "on", "steps")
            let dump = try run.finish(["rr", "dump", run.run + "/n/trace", "1"])
            #expect(dump.status == 0, "the header that was written anew can be read: \(dump.errors)")
        }
    }
}
