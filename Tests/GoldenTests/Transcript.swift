import Foundation
import TestSupport

/// What the program printed for some commands, as a terminal would show it.
struct Transcript {
    private(set) var text = ""
    /// Where the commands are run.
    let directory: URL
    /// Set over the environment of the tests.
    var environment = ["COLUMNS": ""]

    init(in directory: URL) { self.directory = directory }

    /// Runs `ridealong ARGUMENTS` and adds the command, what it printed, and its exit code if that is not 0.
    @discardableResult
    mutating func run(_ arguments: [String]) throws -> Finished {
        let inherited = ProcessInfo.processInfo.environment
        let variables = ["RIDEALONG_RUN": "", "RIDEALONG_LIBDIR": inherited["RIDEALONG_LIBDIR"] ?? ""].merging(environment) { $1 }
        // A shell, so that the program starts in `directory`: all words are the tests' own.
        let words = ([Executables.ridealong.path] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let command = "cd '\(directory.path)' && unset RIDEALONG_RUN && exec \(words)"
        let finished = try Command(["/bin/sh", "-c", command], environment: variables, in: FileManager.default.temporaryDirectory).finish()
        text += "$ ridealong \(arguments.joined(separator: " "))\n" + finished.output + finished.errors
        if finished.status != 0 { text += "[exit code \(finished.status)]\n" }
        text += "\n"
        return finished
    }
}
