import Testing

@testable import Recorder

@Suite struct RROptionsTests {
    @Test(arguments: [
        (["redis-server", "--port", "7000"], [], ["redis-server", "--port", "7000"]),
        (["sh", "--", "-c", "x"], [], ["sh", "--", "-c", "x"]),
        (["--", "sh", "-c", "x"], [], ["sh", "-c", "x"]),
        (["--", "--chaos", "sh", "-h"], ["--chaos"], ["sh", "-h"]),
        (["--", "-c", "5000", "--env", "A=B", "sh"], ["-c", "5000", "--env", "A=B"], ["sh"]),
        (["--", "-c5000", "--env=A=B", "sh"], ["-c5000", "--env=A=B"], ["sh"]),
        (["--", "-h", "--", "-strange-program", "-x"], ["-h"], ["-strange-program", "-x"]),
        (["--", "-h"], ["-h"], []),
        (["--", "-c"], ["-c"], []),
        (["--", "--"], [], []),
        ([], [], []),
    ])
    func optionsStandBetweenTheDashesAndTheCommand(words: [String], options: [String], command: [String]) throws {
        let split = try RROptions(words)
        #expect(split.options == options)
        #expect(split.command == command)
    }

    @Test(arguments: ["-o", "-ofile", "--output-trace-dir=x", "--output-trace-dir", "-n", "--no-syscall-buffer"])
    func whatRidealongSaysItselfIsRefused(option: String) {
        #expect(throws: RecorderError.self) { try RROptions(["--", option, "x", "true"]) }
    }

    @Test(arguments: [["-A", "Zen 2"], ["-AZen 2"], ["-A=Zen 2"], ["--microarch", "Zen 2"], ["--microarch=Zen 2"]])
    func theCPUThatRRIsToldOfIsKnown(option: [String]) throws {
        #expect(try RROptions(["--", "-h"] + option + ["true"]).microarchitecture == "Zen 2")
        #expect(try RROptions(["--", "-h", "true"] + option).microarchitecture == nil)
    }
}
