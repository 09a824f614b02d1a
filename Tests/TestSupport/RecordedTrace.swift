public import Foundation

/// A real recording that tests only read, made once for all of them.
public struct RecordedTrace: Sendable {
    /// The trace directory.
    public let path: String

    /// Where the recordings of this test program lie, until it ends.
    private static let runDirectory: URL = {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("ridealong-recordings-\(getpid())")
        atexit { try? FileManager.default.removeItem(at: RecordedTrace.runDirectory) }
        return directory
    }()

    /// Where the trace of the node `name` is, or will be.
    public static func path(of name: String) -> URL { runDirectory.appendingPathComponent("\(name)/trace") }

    /// Records `command` as the node `name`, with further `options` of `ridealong record`; runs `meanwhile` while the program runs.
    public static func make(
        _ name: String, syscallBuffer: Bool, options further: [String] = [], _ command: [String],
        meanwhile: (Command) throws -> Void = { _ in }
    ) throws -> RecordedTrace {
        try FileManager.default.createDirectory(at: runDirectory, withIntermediateDirectories: true)
        let options = ["--run", runDirectory.path, "--node", name, "--syscall-buffer", syscallBuffer ? "on" : "off"] + further + ["--"]
        let recorder = try Command([Executables.ridealong.path, "record"] + options + command, in: runDirectory)
        do {
            try meanwhile(recorder)
        } catch {
            recorder.send(SIGTERM)
            _ = try recorder.finish()
            throw error
        }
        let finished = try recorder.finish()
        let path = path(of: name).path
        guard FileManager.default.fileExists(atPath: path + "/events") else {
            throw Failure("no trace of \(command) (was `make preload` run?): \(finished.errors)")
        }
        return RecordedTrace(path: path)
    }

    /// Runs `command`, which must succeed, and returns what it printed.
    @discardableResult
    public static func output(of command: [String]) throws -> String {
        try FileManager.default.createDirectory(at: runDirectory, withIntermediateDirectories: true)
        return try Command(["/usr/bin/env"] + command, in: runDirectory).succeed().output
    }
}
