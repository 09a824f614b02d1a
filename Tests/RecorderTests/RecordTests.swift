import Foundation
import RunModel
import TestSupport
import Testing

@testable import Recorder

@Suite struct RecordTests {
    @Test(arguments: [0, 1, 7, 255])
    func theExitCodeIsTheProgramsOwn(code: Int32) throws {
        try withRun { run in
            let result = try run.record(["sh", "-c", "exit \(code)"])
            #expect(result.status == code)
            #expect(try run.processes("sh-1").map(\.status) == ["\(code)"])
        }
    }

    @Test(arguments: [SIGSEGV, SIGKILL, SIGTERM, SIGPIPE, SIGABRT])
    func theSignalThatTheProgramDiesOfIsRaisedAgain(signal: Int32) throws {
        try withRun { run in
            let result = try run.record(["sh", "-c", "kill -\(signal) $$"])
            #expect(result.status == -signal)
            #expect(run.exists("sh-1/trace/version"))
            #expect(try run.processes("sh-1").map(\.status) == ["-\(signal)"])
            #expect(try !FileManager.default.contentsOfDirectory(atPath: run.run).contains { $0.hasPrefix("core") })
        }
    }

    @Test(arguments: ["off", "on"])
    func whatTheProgramReadsAndWritesIsUntouched(buffer: String) throws {
        try withRun { run in
            let script = "tr a-z A-Z; echo complaint >&2"
            let result = try run.record(["sh", "-c", script], options: ["--syscall-buffer", buffer], input: "hello\nworld\n")
            #expect(result.output == "HELLO\nWORLD\n")
            #expect(result.errors == "complaint\n")
            #expect(try run.sidecar("sh-1").syscallBuffer == (buffer == "on"))
            let replay = try run.replay("sh-1")
            #expect(replay.status == 0)
            #expect(replay.output == "HELLO\nWORLD\n")
        }
    }

    /// Whether another user than root may have dummy events, but not those of context switches.
    private static let isParanoid = getuid() == 0 && Proc.line("/proc/sys/kernel/perf_event_paranoid") == "2"

    @Test(.enabled(if: isParanoid, "root can try it where kernel.perf_event_paranoid is 2"), arguments: ["auto", "on"])
    func withoutTheRightToItsEventTheBufferIsOffAndThatIsSaid(buffer: String) throws {
        try withRun { run in
            chmod(run.run, 0o777)
            let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
            let recorder = [Executables.ridealong.path, "record", "--run", run.run, "--syscall-buffer", buffer]
            let result = try run.finish(nobody + recorder + ["true"])
            #expect(result.status == (buffer == "on" ? EX_UNAVAILABLE : 0))
            #expect(result.errors.hasPrefix("ridealong: recording without the syscall buffer") == (buffer == "auto"))
            #expect(result.errors.contains("kernel.perf_event_paranoid=1") && result.errors.contains("--syscall-buffer off"))
            guard buffer == "auto" else { return }
            let sidecar = try run.sidecar("true-1")
            #expect(sidecar.syscallBuffer == false)
            let replay = try run.replay("true-1")
            #expect(replay.status == 0)
        }
    }

    @Test func bufferedIsTheDefault() throws {
        try withRun { run in
            let result = try run.record(["true"])
            let sidecar = try run.sidecar("true-1")
            #expect(result.status == 0 && sidecar.syscallBuffer == true)
        }
    }

    @Test func optionsOfTheProgramReachTheProgram() throws {
        try withRun { run in
            let words = ["printf", "%s|", "--port", "7000", "--run", "x", "--help", "--", "-n", ""]
            let result = try run.record(words)
            #expect(result.output == "--port|7000|--run|x|--help|--|-n||")
            #expect(try run.sidecar("printf-1").command == words)
        }
    }

    @Test func bytesThatAreNoTextReachTheProgram() throws {
        try withRun { run in
            let script = #"exec "$0" record --run "$1" sh -c 'printf %s "$1$VARIABLE" | od -An -tx1' sh $'\xff\xfe a'"#
            let result = try run.finish(
                ["bash", "-c", "export VARIABLE=$'\\x80'; " + script, Executables.ridealong.path, run.run])
            #expect(result.output == " ff fe 20 61 80\n")
        }
    }

    @Test func optionsOfRRReachRR() throws {
        try withRun { run in
            let result = try run.record(["--", "--env", "COLOUR=blue", "sh", "-c", "echo $COLOUR"])
            #expect(result.output == "blue\n")
            let refused = try run.record(["--", "-o", "elsewhere", "true"])
            #expect(refused.status == 69 && refused.errors.contains("--run and --node"))
        }
    }

    @Test func nothingOfOursReachesTheProgramsEnvironment() throws {
        try withRun { run in
            let library = "/lib/x86_64-linux-gnu/libm.so.6"
            try #require(FileManager.default.fileExists(atPath: library))
            let result = try run.record(["env"], environment: ["LD_PRELOAD": library, "RIDEALONG_COUNTERS_DEBUG": ""])
            let ours = result.output.split(separator: "\n").filter { $0.contains("RIDEALONG_") || $0.contains("libridealong") }
            #expect(ours == [])
            #expect(result.output.contains(library), "the user's own preload must stay")
        }
    }

    @Test func theSidecarTellsWhatTheTraceDoesNot() throws {
        try withRun { run in
            let ranked = ["PMI_RANK": "3", "SSLKEYLOGFILE": "/keys"]
            _ = try run.record(["sh", "-c", "true"], options: ["--node", "worker", "--counters", "software"], environment: ranked)
            let sidecar = try run.sidecar("worker-3")
            #expect(sidecar.node == "worker-3")
            #expect(sidecar.format == Sidecar.currentFormat)
            #expect(sidecar.launcher == Sidecar.Launcher(variable: "PMI_RANK", rank: 3))
            #expect(sidecar.sslKeyLogFile == "/keys")
            #expect(sidecar.command == ["sh", "-c", "true"])
            #expect(sidecar.counters == Sidecar.Counters(kind: .software, tick: 50, microarchitecture: "Intel Skylake"))
            #expect(sidecar.host == HostFacts.name() && sidecar.namespaces == HostFacts.namespaces())
            #expect(try RRVersion.of(Lookup.rr(in: ["PATH": "/usr/bin"])).description == sidecar.rrVersion)
            #expect(sidecar.workingDirectory == FileManager.default.currentDirectoryPath)
            let (started, ended) = (try #require(sidecar.started), try #require(sidecar.ended))
            #expect(started.monotonic < ended.monotonic)
            #expect(try #require(sidecar.inheritedFiles).map(\.number).starts(with: [0, 1, 2]))
        }
    }

    @Test func theTwoEndsOfAPipeBetweenTwoRecordingsHaveOneName() throws {
        try withRun { run in
            let script = #""$0" record --run "$1" --node a echo hello | "$0" record --run "$1" --node b cat"#
            let result = try run.finish(["bash", "-c", script, Executables.ridealong.path, run.run])
            #expect(result.output == "hello\n")
            let writing = try #require(run.sidecar("a").inheritedFiles?.first { $0.number == 1 })
            let reading = try #require(run.sidecar("b").inheritedFiles?.first { $0.number == 0 })
            #expect(writing.link.hasPrefix("pipe:[") && writing.link == reading.link)
        }
    }

    @Test func recordingsThatRaceForANameAllGetOne() throws {
        try withRun { run in
            let command = [Executables.ridealong.path, "record", "--run", run.run, "true"]
            let recordings = try (1...4).map { _ in try Command(command, in: run.workshop) }
            for recording in recordings { try recording.succeed() }
            #expect(try run.nodes == ["true-1", "true-2", "true-3", "true-4"])
            for node in try run.nodes { #expect(run.exists(node + "/trace/version")) }
        }
    }

    @Test func aProgramOfAnyNameCanBeRecorded() throws {
        try withRun { run in
            let program = run.run + "/we ird;n\u{e4}me$(x)\n-1"
            try FileManager.default.createSymbolicLink(atPath: program, withDestinationPath: "/bin/true")
            #expect(try run.record([program]).status == 0)
            #expect(try run.nodes == ["we_ird_n__me__x__-1-1"])
            #expect(try run.sidecar("we_ird_n__me__x__-1-1").command == [program])
        }
    }

    @Test(arguments: [
        (["no-such-program"], [:], "no program no-such-program", 69), (["/etc/passwd"], [:], "not executable", 69),
        (["--node", "a/b", "true"], [:], "cannot be a node's name", 69), (["--counters", "hardwaer", "true"], [:], "hardware", 64),
        (["true"], ["RIDEALONG_RR": "/no/rr"], "install it", 69), (["true"], ["RIDEALONG_LIBDIR": "/nowhere"], "make build", 69),
        ([], [:], "Name a command", 64), (["--nod", "x", "true"], [:], "Unknown option --nod", 64),
    ])
    func whatCannotBeRecordedSaysWhatToDo(words: [String], environment: [String: String], message: String, code: Int32) throws {
        try withRun { run in
            let needsSoftware = environment["RIDEALONG_LIBDIR"] != nil
            let options = needsSoftware ? ["--counters", "software"] : []
            let result = try run.record(words, options: options, environment: environment)
            #expect(result.status == code)
            #expect(result.errors.contains(message))
            #expect(try run.nodes == [], "nothing is left behind")
        }
    }

    @Test func whenRRRefusesItsOwnMessageAndCodeAreShown() throws {
        try withRun { run in
            let result = try run.record(["--", "--no-such-option", "true"])
            #expect(result.status == 1)
            #expect(result.errors.contains("Invalid option --no-such-option"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: run.run) == [], "nothing is left behind")
        }
    }
}
