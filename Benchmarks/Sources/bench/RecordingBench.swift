import Foundation
import Recorder
import RunModel

/// What recording costs a redis server, in the requests a second that a client sees which is not recorded.
struct RecordingBench {
    private let directory: String
    private let ridealong: String
    private let rr: RRInvocation

    /// How often `ridealong record` and plain rr, and the two modes of `ridealong record`, are compared.
    private static let pairs = 10
    private static let modePairs = 3
    /// Requests of each kind, set and get, with and without the syscall buffer.
    private static let bufferedRequests = 12_500
    private static let tracedRequests = 2500
    /// How long a server may take to answer, in tenths of a second.
    private static let patience = 200

    init(_ directory: String, ridealong: String) throws {
        self.directory = directory
        self.ridealong = ridealong
        let environment = ProcessInfo.processInfo.environment
        rr = try RRInvocation.with(Counters.forRecording(.auto, hardware: .probe()), in: environment)
    }

    /// Measures all, and prints what came of it; returns the figures by name.
    func measure() throws -> [String: Double] {
        let settings = ["--bind-to-cpu=0"]
        let own = { (mode: String, run: String) in
            [ridealong, "record", "--run", run, "--node", "redis", "--syscall-buffer", mode, "--"] + settings
        }
        let plain = { (run: String) in
            rr.environment.map { "\($0)=\($1)" } + [rr.executable] + rr.arguments(["record", "-o", run + "/trace"] + settings)
        }
        let ridealongToPlain = try ratios(
            Self.pairs, Self.bufferedRequests, Self.bufferedRequests, { own("on", $0) }, plain)
        let bufferedToTraced = try ratios(
            Self.modePairs, Self.bufferedRequests, Self.tracedRequests, { own("on", $0) }, { own("off", $0) })
        Self.show("ridealong record / rr record", ridealongToPlain)
        Self.show("buffered / not buffered", bufferedToTraced)
        return [
            "requests a second, ridealong record / rr record": Self.median(ridealongToPlain),
            "requests a second, buffered / not buffered": Self.median(bufferedToTraced),
        ]
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    private static func show(_ name: String, _ ratios: [Double]) {
        let sorted = ratios.sorted()
        print(
            "  requests a second, \(name): \(ratios.count) pairs,",
            String(format: "median %.3f, from %.3f to %.3f", median(ratios), sorted.first ?? .nan, sorted.last ?? .nan))
    }

    /// The speed under one recorder divided by that under another, `count` times; the order of the two changes each time.
    private func ratios(
        _ count: Int, _ requests: Int, _ otherRequests: Int, _ recorder: (String) -> [String], _ other: (String) -> [String]
    ) throws -> [Double] {
        try (0..<count).map { round in
            if round % 2 == 0 {
                let speed = try speed(recorder, requests)
                return try speed / self.speed(other, otherRequests)
            }
            let otherSpeed = try speed(other, otherRequests)
            return try speed(recorder, requests) / otherSpeed
        }
    }

    /// Requests a second of a server under `recorder`.
    private func speed(_ recorder: (String) -> [String], _ requests: Int) throws -> Double {
        // try?: there is none the first time.
        try? FileManager.default.removeItem(atPath: directory)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let port = "\(Int.random(in: 20_000..<32_000))"
        let server = try start(
            recorder(directory) + ["redis-server", "--port", port, "--save", "", "--appendonly", "no"], output: FileHandle.nullDevice)
        var tries = Self.patience
        // try?: it does not answer yet.
        while (try? output(of: ["redis-cli", "-e", "-p", port, "ping"])) != "PONG\n" {
            tries -= 1
            guard tries > 0, server.isRunning else { throw BenchmarkError("the server under \(recorder(directory)) does not answer") }
            usleep(100_000)
        }
        let report = try output(of: ["redis-benchmark", "-p", port, "-n", "\(requests)", "-c", "10", "-t", "set,get", "--csv"])
        // It ends before it has answered. try?: that is an error for it.
        _ = try? output(of: ["redis-cli", "-p", port, "shutdown", "nosave"])
        server.waitUntilExit()
        // "SET","28000.00",…
        let speeds = report.split(separator: "\n").compactMap { line in
            line.split(separator: ",").dropFirst().first.flatMap { Double($0.filter { $0 != "\"" }) }
        }
        guard speeds.count == 2 else { throw BenchmarkError("redis-benchmark said \(report)") }
        // As many of the one kind as of the other.
        return 2 / speeds.reduce(0) { $0 + 1 / $1 }
    }
}
