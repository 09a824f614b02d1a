public import Foundation

/// A real recording, made once for all tests of a run of the test program, and removed at its end.
public struct RecordedTrace: Sendable {
    /// Why there is no recording.
    public struct Failure: Error, CustomStringConvertible {
        /// What happened.
        public let description: String
    }

    /// The trace directory.
    public let path: String
    /// How `ridealong record` ended: the program's exit code; its signal, negated.
    public let status: Int32

    /// Where the recordings of this test program lie.
    private static let runDirectory: URL = {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("ridealong-recordings-\(getpid())")
        atexit { try? FileManager.default.removeItem(at: RecordedTrace.runDirectory) }
        return directory
    }()

    /// Where the trace of the node `name` is, or will be.
    public static func path(of name: String) -> URL { runDirectory.appendingPathComponent("\(name)/trace") }

    /// Records `command` as the node `name`; runs `meanwhile` while the program runs, which is given the recorder's process id.
    public static func make(
        _ name: String, syscallBuffer: Bool, _ command: [String], meanwhile: (Int32) throws -> Void = { _ in }
    ) throws -> RecordedTrace {
        try FileManager.default.createDirectory(at: runDirectory, withIntermediateDirectories: true)
        let options = ["--run", runDirectory.path, "--node", name, "--syscall-buffer", syscallBuffer ? "on" : "off", "--"]
        let log = runDirectory.appendingPathComponent("\(name).log")
        let process = try start([Executables.ridealong.path, "record"] + options + command, output: log)
        do {
            try meanwhile(process.processIdentifier)
        } catch {
            process.terminate()
            process.waitUntilExit()
            throw error
        }
        process.waitUntilExit()
        let path = path(of: name).path
        guard FileManager.default.fileExists(atPath: path + "/events") else {
            throw Failure(description: "no trace of \(command) (was 'make preload' run?): \(try String(contentsOf: log, encoding: .utf8))")
        }
        return RecordedTrace(path: path, status: (process.terminationReason == .exit ? 1 : -1) * process.terminationStatus)
    }

    /// Runs `command` to its end, unrecorded, and returns what it printed.
    @discardableResult
    public static func output(of command: [String], environment: [String: String] = [:]) throws -> String {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("ridealong-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let process = try start(command, output: file, environment: environment)
        process.waitUntilExit()
        let text = try String(decoding: Data(contentsOf: file), as: UTF8.self)
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw Failure(description: "\(command.joined(separator: " ")) ended with \(process.terminationStatus): \(text)")
        }
        return text
    }

    /// Starts `command`, found by `env`, with all signals let through: Swift's threads block most of them, a program inherits that, and rr
    /// needs some.
    private static func start(_ command: [String], output: URL, environment: [String: String] = [:]) throws -> Process {
        try Data().write(to: output)
        let file = try FileHandle(forWritingTo: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
        return process
    }
}
