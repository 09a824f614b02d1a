import Foundation
import RunModel
import TestSupport
import Testing

@testable import Recorder

/// Signals while a program is being recorded.
@Suite struct RecordSignalTests {
    private static let sleeper = ["sh", "-c", "trap 'exit 33' USR1; : > $READY; while :; do sleep 0.05; done"]

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func aSignalSentToUsEndsTheProgramAndTheTraceIsComplete(signal: Int32) throws {
        try withRun { run in
            let result = try run.record(["sh", "-c", ": > $READY; exec sleep 60"]) { process in
                try run.ready()
                kill(process, signal)
            }
            #expect(result.status == -signal)
            #expect(run.exists("sh-1/trace/version") && !run.exists("sh-1/trace/incomplete"))
            #expect(try run.processes("sh-1").first?.status == "-\(signal)")
            #expect(try run.sidecar("sh-1").ended != nil)
            #expect(try run.replay("sh-1").status == 0)
        }
    }

    @Test func aSignalThatComesWhileRRStartsEndsTheProgramToo() throws {
        try withRun { run in
            for delay in 0..<20 {
                let result = try run.record(["sleep", "60"], options: ["--node", "n\(delay)"]) { process in
                    usleep(UInt32(delay) * 3000)
                    kill(process, SIGTERM)
                }
                #expect(result.status == -SIGTERM)
                #expect(!run.exists("n\(delay)/trace") || run.exists("n\(delay)/trace/version"), "after \(delay * 3) ms")
            }
        }
    }

    @Test func aSignalThatTheProgramHandlesIsHandled() throws {
        try withRun { run in
            let result = try run.record(Self.sleeper) { process in
                try run.ready()
                kill(process, SIGUSR1)
            }
            #expect(result.status == 33)
            #expect(run.exists("sh-1/trace/version"))
        }
    }

    @Test func aProgramStartedWithSignalsIgnoredOrBlockedKeepsThemSo() throws {
        try withRun { run in
            let program = ["grep", "-E", "Sig(Ign|Blk)", "/proc/self/status"]
            let recorder = [Executables.ridealong.path, "record", "--run", run.run]
            let result = try run.finish(["env", "--ignore-signal=HUP", "--block-signal=USR2"] + recorder + program)
            let masks = result.output.split(separator: "\n").compactMap { UInt64($0.split(separator: "\t")[1], radix: 16) }
            #expect(masks.count == 2)
            #expect(masks.first == 1 << (SIGUSR2 - 1), "blocked: \(result.output)")
            #expect(masks.last.map { $0 & 0x7fff == 1 << (SIGHUP - 1) } == true, "ignored: \(result.output)")
        }
    }

    @Test func ifWeAreKilledTheTraceIsCompletedAndTheProgramEnds() throws {
        try withRun { run in
            let result = try run.record(["sh", "-c", ": > $READY; exec sleep 60"]) { process in
                try run.ready()
                // The kernel sends SIGHUP and SIGCONT to a process group whose last link to the session is gone. SIGCONT in the middle
                // of an exec ends rr by an assertion (docs/recording.md): what is asked here is what becomes of a program that runs.
                try wait(for: "the program to sleep") { try Self.sleeps(recordedBy: process) }
                kill(process, SIGKILL)
            }
            #expect(result.status == -SIGKILL)
            try wait(for: "rr to complete the trace") { run.exists("sh-1/trace/version") }
            // rr sends SIGTERM, the kernel SIGHUP: one of them is first.
            let processes = try run.processes("sh-1")
            #expect(["-\(SIGTERM)", "-\(SIGHUP)"].contains(processes.first?.status), "\(processes)")
            #expect(try run.sidecar("sh-1").ended == nil)
        }
    }

    /// Whether the program that `recorder` records is `sleep`, asleep.
    private static func sleeps(recordedBy recorder: Int32) throws -> Bool {
        guard let rr = try childProcesses(of: recorder).first, let program = try childProcesses(of: rr).first else { return false }
        return try String(contentsOfFile: "/proc/\(program)/stat", encoding: .utf8).contains("(sleep) S ")
    }

    @Test func ifRRIsKilledWeEndLikeItAndTheSidecarIsThere() throws {
        try withRun { run in
            let result = try run.record(["sh", "-c", ": > $READY; exec sleep 60"]) { process in
                try run.ready()
                let children = try String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
                kill(try #require(children.split(separator: " ").first.flatMap { pid_t($0) }), SIGKILL)
            }
            #expect(result.status == -SIGKILL)
            #expect(run.exists("sh-1/trace/incomplete"))
            #expect(try run.sidecar("sh-1").ended != nil)
        }
    }

    /// `script` gives its command a terminal, and turns what it reads into keys.
    @Test(arguments: [("\u{3}", SIGINT), ("\u{1c}", SIGQUIT)])
    func aKeyAtTheTerminalReachesTheProgramOnce(key: String, signal: Int32) throws {
        try withRun { run in
            let keys = "while ! [ -e $READY ]; do sleep 0.05; done; printf '\(key)'; sleep 1"
            // exec: a shell that died of the key too would take the terminal away, which is one more signal.
            let command = "exec '\(Executables.ridealong.path)' record --run '\(run.run)' --node n sh -c 'tty; : > $READY; exec sleep 60'"
            let result = try run.finish(
                ["sh", "-c", "{ \(keys); } | script -qec \"$0\" /dev/null", command], environment: ["SHELL": "/bin/sh"])
            #expect(result.output.contains("/dev/pts/"), "the program has a terminal")
            #expect(result.status == (128 + signal))
            #expect(run.exists("n/trace/version"))
            let processes = try run.processes("n")
            #expect(processes.first?.status == "-\(signal)", "\(processes) \(result.output)")
            #expect(try run.sidecar("n").ended != nil)
        }
    }
}
