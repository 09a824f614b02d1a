import Foundation

/// A finished command.
struct Finished {
    /// Its exit code; the signal's number, negated, if a signal ended it.
    let status: Int32
    /// What it printed.
    let output: String
    /// What it complained about.
    let errors: String
}

/// A running command whose output goes to files in `directory`, so that it never waits for a reader.
struct Command {
    private let process = Process()
    private let files: [URL]

    /// Starts `arguments[0]`; `environment` is set over the inherited one.
    init(_ arguments: [String], environment: [String: String] = [:], input: String = "", in directory: URL) throws {
        let name = UUID().uuidString
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

    /// What it printed so far.
    func output() throws -> String { try String(contentsOf: files[1], encoding: .utf8) }

    /// Waits for its end, at most `seconds`; then it is killed, which shows as status -9.
    func finish(within seconds: Double = 60) throws -> Finished {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while process.isRunning && Date() < deadline { usleep(10_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        let texts = try files.map { try String(decoding: Data(contentsOf: $0), as: UTF8.self) }
        for file in files { try FileManager.default.removeItem(at: file) }
        let sign: Int32 = process.terminationReason == .exit ? 1 : -1
        return Finished(status: sign * process.terminationStatus, output: texts[1], errors: texts[2])
    }
}
