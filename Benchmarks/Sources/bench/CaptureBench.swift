import Capture
import Foundation
import Indexer
import RRTrace
import Recorder
import Replay
import RunModel
import RunStore

/// What it takes to replay nodes that were recorded with the syscall buffer, and to capture their calls.
struct CaptureBench {
    /// Two servers of which the load was not recorded, each on a CPU of its own.
    private let servers: [RunDirectory.Node]
    /// A server and its load.
    private let pair: [RunDirectory.Node]
    private let ridealong: String
    private let environment = ProcessInfo.processInfo.environment
    private let clock = ContinuousClock()

    /// How many buffered calls a server has made, at least.
    private static let leastCalls = 50_000

    init(servers: String, pair: String, ridealong: String) throws {
        self.servers = try RunDirectory(path: servers).nodes()
        self.pair = try RunDirectory(path: pair).nodes()
        self.ridealong = ridealong
        for (run, nodes) in [(servers, self.servers), (pair, self.pair)] where nodes.count != 2 {
            throw BenchmarkError("\(run): two nodes expected, \(nodes.count) found")
        }
    }

    /// One round: all take turns. Figures by name, in seconds of the processors' time, if the name does not say otherwise.
    func measure() throws -> [String: Double] {
        let traces = servers.map(\.tracePath)
        let rr = try RRInvocation.forReplay(of: servers[0].sidecar, in: environment)
        var figures: [String: Double] = [:]
        let replay = { (trace: String) in
            try runQuietly([rr.executable] + rr.arguments(["replay", "-q", "-a", trace]), environment: rr.environment)
        }
        figures["replay"] = try childrenTime { try replay(traces[0]) }
        figures["replay of server and load"] = try childrenTime { for node in pair { try replay(node.tracePath) } }
        figures["index with capture of server and load"] = try childrenTime { try index(pair.map(\.tracePath), ridealong) }
        var wall = Duration.zero
        var calls = 0
        figures["capture"] = try childrenTime { wall = try clock.measure { calls = try capture(traces[0], rr) } }
        guard calls >= Self.leastCalls else { throw BenchmarkError("\(traces[0]): only \(calls) buffered calls") }
        figures["calls a second, by the clock"] = Double(calls) / (wall / .seconds(1))
        figures["index with capture"] = try childrenTime {
            figures["index of one, by the clock"] = try clock.measure { try index([traces[0]], ridealong) } / .seconds(1)
        }
        figures["index of two, by the clock"] = try clock.measure { try index(traces, ridealong) } / .seconds(1)
        return figures
    }

    /// Captures in a ring; how many calls of the syscall buffer that were.
    private func capture(_ trace: String, _ rr: RRInvocation) throws -> Int {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("ridealong-bench-\(UUID().uuidString)").path
        defer { unlink(path) }
        let header = try TraceDirectory(path: trace).header
        let pass = CapturePass(
            trace: trace, rr: try rr.withCaptureAgent(in: environment), bufferHeaderSize: header?.syscallBufferHeaderSize ?? 0)
        let file = try pass.run(into: path)
        guard file.mode == .ring else { throw BenchmarkError("\(trace): not captured by the ring") }
        return CapturedCalls(file).reduce(0) { $1.kind == .buffered ? $0 + 1 : $0 }
    }
}
