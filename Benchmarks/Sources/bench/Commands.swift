import Foundation

/// Indexes `traces` as if for the first time, in a run of its own.
func index(_ traces: [String], _ ridealong: String) throws {
    let run = FileManager.default.temporaryDirectory.appendingPathComponent("ridealong-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
    defer { rmdir(run.path) }
    try runQuietly([ridealong, "index", "--run", run.path] + traces)
    try FileManager.default.removeItem(at: run.appendingPathComponent(".ridealong"))
}

/// Runs `command` with its output thrown away.
func runQuietly(_ command: [String], environment: [String: String] = [:]) throws {
    let process = try start(command, environment: environment, output: FileHandle.nullDevice)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw BenchmarkError("\(command) ended with \(process.terminationStatus)") }
}

/// Runs `command`; what it prints. What it complains about is thrown away.
func output(of command: [String]) throws -> String {
    let pipe = Pipe()
    let process = try start(command, output: pipe, errors: FileHandle.nullDevice)
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw BenchmarkError("\(command) ended with \(process.terminationStatus)") }
    return String(decoding: output, as: UTF8.self)
}

/// Starts `command`, with `environment` over the inherited one. It gets all signals: rr's syscall buffer does not work without.
func start(_ command: [String], environment: [String: String] = [:], output: Any?, errors: Any? = nil) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // Set by `env`, not for it: a library that is preloaded takes itself out of the environment of what it is loaded into.
    process.arguments = environment.map { "\($0)=\($1)" } + command
    process.standardOutput = output
    if let errors { process.standardError = errors }
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
    return process
}

/// The processors' time that children of this process took while `body` ran, in seconds. They must have ended by then.
func childrenTime(_ body: () throws -> Void) throws -> Double {
    let time = { () throws -> Double in
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage) == 0 else { throw BenchmarkError("getrusage failed") }
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
    let start = try time()
    try body()
    return try time() - start
}

/// Why nothing could be measured.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
