public import Foundation

/// A finished command.
public struct Finished: Sendable {
    /// Its exit code; the signal's number, negated, if a signal ended it.
    public let status: Int32
    /// What it printed.
    public let output: String
    /// What it complained about.
    public let errors: String
}

/// A failure of the tests' own machinery.
public struct Failure: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String
    /// A failure that this text explains.
    public init(_ description: String) { self.description = description }
}

/// A running command whose output goes to files in `directory`, so that it never waits for a reader.
public struct Command: Sendable {
    private let process = Process()
    private let arguments: [String]
    private let files: [URL]

    /// Starts `arguments[0]`; `environment` is set over the inherited one.
    public init(_ arguments: [String], environment: [String: String] = [:], input: String = "", in directory: URL) throws {
        let name = UUID().uuidString
        self.arguments = arguments
        files = ["in", "out", "err"].map { directory.appendingPathComponent("\(name).\($0)") }
        try Data(input.utf8).write(to: files[0])
        for file in files.dropFirst() { try Data().write(to: file) }
        process.executableURL = URL(fileURLWithPath: arguments[0])
        process.arguments = Array(arguments.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try Self.withAllSignals { try process.run() }
    }

    /// Lets all signals through while `body` runs. Swift's own threads block most of them, and a program inherits that: rr would not
    /// see that a call with a syscall buffer blocks (SIGPWR), nor anybody's SIGTERM.
    private static func withAllSignals(_ body: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    /// Its process id.
    public var pid: Int32 { process.processIdentifier }

    /// Whether it has not ended yet.
    public var isRunning: Bool { process.isRunning }

    /// What it printed so far.
    public func output() throws -> String { try String(contentsOf: files[1], encoding: .utf8) }

    /// What it complained about so far.
    public func errors() throws -> String { try String(contentsOf: files[2], encoding: .utf8) }

    /// Sends it a signal.
    public func send(_ signal: Int32) { if process.isRunning { kill(pid, signal) } }

    /// The process ids of its children: rr, under `ridealong record`.
    public func children() throws -> [Int32] { try childProcesses(of: pid) }

    /// Waits for its end, at most `seconds`; then it is killed, which shows as status -9.
    public func finish(within seconds: Double = 60) throws -> Finished {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while process.isRunning && Date() < deadline { usleep(10_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        let texts = try files.map { try String(decoding: Data(contentsOf: $0), as: UTF8.self) }
        for file in files { try FileManager.default.removeItem(at: file) }
        let sign: Int32 = process.terminationReason == .exit ? 1 : -1
        return Finished(status: sign * process.terminationStatus, output: texts[1], errors: texts[2])
    }

    /// Waits for its end, which must come within `seconds` and be a good one (exit code 0).
    @discardableResult
    public func succeed(within seconds: Double = 60) throws -> Finished {
        let finished = try finish(within: seconds)
        guard finished.status == 0 else {
            throw Failure("`\(arguments.joined(separator: " "))` ended with \(finished.status): \(finished.errors)\(finished.output)")
        }
        return finished
    }
}

/// Waits until `condition` holds, at most `seconds`; `what` says what for.
public func wait(for what: String, within seconds: Double = 30, until condition: () throws -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while try !condition() {
        guard Date() < deadline else { throw Failure("waited \(seconds) s in vain for \(what)") }
        usleep(10_000)
    }
}

/// The process ids of the children of the first thread of a process.
public func childProcesses(of pid: Int32) throws -> [Int32] {
    try String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8).split(separator: " ").compactMap { Int32($0) }
}
