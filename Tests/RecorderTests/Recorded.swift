import Foundation
import RunModel
import TestSupport

@testable import Recorder

/// A run directory of a test, and what is asked of it.
struct Recorded {
    /// The run's directory.
    let run: String
    /// A directory beside it, for the files of commands.
    let workshop: URL
    /// A file that recorded programs make when they have come up; its path is in their environment as READY.
    var readyFile: String { workshop.appendingPathComponent("ready").path }

    /// Runs `command` to its end, with READY in its environment; `meanwhile` is called with its process id once it runs.
    func finish(
        _ command: [String], environment: [String: String] = [:], input: String = "", meanwhile: (Int32) throws -> Void = { _ in }
    ) throws -> Finished {
        let path = command[0].contains("/") ? command[0] : try Programs.installed(command[0])
        let running = try Command(
            [path] + command.dropFirst(), environment: environment.merging(["READY": readyFile]) { $1 }, input: input, in: workshop)
        defer { running.send(SIGKILL) }
        try meanwhile(running.pid)
        return try running.finish()
    }

    /// `ridealong record`, with `words` after its own options.
    func record(
        _ words: [String], options: [String] = [], environment: [String: String] = [:], input: String = "",
        meanwhile: (Int32) throws -> Void = { _ in }
    ) throws -> Finished {
        let command = [Executables.ridealong.path, "record", "--run", run] + options + words
        return try finish(command, environment: environment, input: input, meanwhile: meanwhile)
    }

    /// Waits until a recorded program has made its file.
    func ready() throws { try wait(for: "the program to come up") { FileManager.default.fileExists(atPath: readyFile) } }

    /// The names of the run's nodes.
    var nodes: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: run).filter { exists($0 + "/node.json") }.sorted() }
    }

    /// Whether `path`, in the run's directory, is there.
    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: run + "/" + path) }

    /// The sidecar of `node`.
    func sidecar(_ node: String) throws -> Sidecar {
        try JSONDecoder().decode(Sidecar.self, from: Data(contentsOf: URL(fileURLWithPath: run + "/" + node + "/node.json")))
    }

    /// What `rr ps` says about `node`: for each process its exit status and its command.
    func processes(_ node: String) throws -> [(status: String, command: String)] {
        try finish(["rr", "ps", run + "/" + node + "/trace"]).output.split(separator: "\n").dropFirst().map { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return (columns[2], columns[3])
        }
    }

    /// What a replay of `node` to its end prints.
    func replay(_ node: String) throws -> Finished {
        let rr = try RRInvocation.forReplay(of: sidecar(node), in: ProcessInfo.processInfo.environment)
        return try finish([rr.executable] + rr.arguments(["replay", "-a", run + "/" + node + "/trace"]), environment: rr.environment)
    }
}

/// Calls `body` with an empty run.
func withRun<Result>(_ body: (Recorded) throws -> Result) throws -> Result {
    try withTemporaryDirectory { directory in
        let run = Recorded(run: directory.path + "/run", workshop: directory.appendingPathComponent("workshop"))
        for path in [run.run, run.workshop.path] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        return try body(run)
    }
}
