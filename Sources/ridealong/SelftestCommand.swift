import ArgumentParser
import CLinux
import Foundation
import Recorder
import Replay

/// `ridealong selftest`.
struct SelftestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selftest",
        abstract: "Prove on this machine that recording, replaying and capturing work.",
        discussion: """
            Records some small programs with rr's syscall buffer and without, replays them, captures their calls in all three ways \
            (docs/capture-format.md), and compares. The report says what this machine is; it holds nothing of your programs or files. \
            If anything is a problem, or if your machine has a CPU with hardware counters, please send it to us.

            Exits with 0 if all is as it must be, else with 1.
            """)

    @Flag(help: "Print one JSON object per line instead of text.")
    var json = false

    @Flag(help: "Keep the traces and captures, and say where they are.")
    var keep = false

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("ridealong-selftest-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        try CheckText.print("selftest", json: json) { report in
            Doctor(run: directory.path, environment: environment).describe().forEach(report)
            let isGood = try Selftest(in: directory.path, environment: environment).run(report: report)
            if keep {
                StandardError.write("ridealong: the files are in \(directory.path)\n")
            } else {
                try FileManager.default.removeItem(at: directory)
            }
            return isGood
        }
    }
}

/// The program that the self-test records is this one, called with a word that no command has.
enum SelftestProgram {
    /// Runs it, if that is what this process is for; returns if not.
    static func runIfAsked() {
        let words = CommandLine.arguments
        guard words.count >= 4, words[1] == RIDEALONG_SELFTEST_WORD else { return }
        exit(ridealong_selftest_program(words[2], words[3], words.count > 4 ? Int32(words[4]) ?? 0 : 0))
    }
}
