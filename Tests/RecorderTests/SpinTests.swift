import TestSupport
import Testing

@testable import Recorder

/// Threads that spin until another has done something, where no counter of the CPU ends their turns.
@Suite struct SpinTests {
    static let warning = "runs for seconds without a system call"

    @Test(arguments: ["off", "on"])
    func slicesLetThreadsThatSpinTakeTurns(buffer: String) throws {
        try withRun { run in
            let program = try Programs.compile("spinning", in: run.workshop)
            let options = ["--counters", "software", "--syscall-buffer", buffer, "--slice-ms", "5"]
            // Without slices, rr's last resort needs 3 s for each turn: ten minutes. Who records has a limit of one.
            let result = try run.record([program, "100"], options: options)
            #expect(result.status == 0 && result.output == "done\n" && result.errors == "")
            let replay = try run.replay("spinning-1")
            #expect(replay.status == 0 && replay.output == "done\n")
        }
    }

    @Test func whoIsHeldUpIsTold() throws {
        try withRun { run in
            let program = try Programs.compile("spinning", in: run.workshop)
            let result = try run.record([program, "2"], options: ["--counters", "software"])
            #expect(result.status == 0 && result.output == "done\n")
            let lines = result.errors.split(separator: "\n")
            #expect(lines.count == 1 && lines.allSatisfy { $0.contains(Self.warning) && $0.contains("--slice-ms") })
        }
    }

    @Test func whoComputesWhileNobodyWaitsForTheirTurnIsLeftAlone() throws {
        try withRun { run in
            // Several seconds of computing; the others wait for time, and for the end of that.
            let script = "sleep 60 & awk 'BEGIN { for (i = 0; i < 200000000; i++); }'; kill $!"
            let result = try run.record(["sh", "-c", script], options: ["--counters", "software"])
            #expect(result.status == 0 && result.errors == "")
        }
    }

    @Test func onlyWhoRunsWhileAnotherCouldHoldsItUp() {
        #expect(SpinWatch.holder([(1, "S"), (2, "R"), (3, "t")]) == 2)
        for others: [(thread: Int32, state: Character?)] in [
            [], [(2, "R")], [(1, "S"), (2, "R")], [(1, "t"), (2, "S")], [(1, "t"), (2, nil)],
        ] {
            #expect(SpinWatch.holder(others) == nil)
        }
    }

    @Test func whoWaitsDoesNotSpin() throws {
        try withRun { run in
            let result = try run.record(["sh", "-c", "sleep 4 & wait"], options: ["--counters", "software"])
            #expect(result.status == 0 && result.errors == "")
        }
    }
}
