import Capture
import Foundation
import Indexer
import RRTrace
import Recorder
import Replay
import RunModel
import RunStore

/// What it takes to replay nodes that were recorded with the syscall buffer, and to capture their calls: in a run of two such nodes, each on
/// a CPU of its own.
struct CaptureBench {
    private let nodes: [RunDirectory.Node]
    private let ridealong: String
    private let environment = ProcessInfo.processInfo.environment
    private let clock = ContinuousClock()

    /// How many requests each node has answered, at least.
    private static let leastCalls = 50_000

    init(_ run: String, ridealong: String) throws {
        nodes = try RunDirectory(path: run).nodes()
        self.ridealong = ridealong
        guard nodes.count == 2 else { throw BenchmarkError("\(run): two nodes expected, \(nodes.count) found") }
    }

    /// One round: all take turns. Figures by name, in seconds of the processors' time, if the name does not say otherwise.
    func measure() throws -> [String: Double] {
        let traces = nodes.map(\.tracePath)
        let rr = try RRInvocation.forReplay(of: nodes[0].sidecar, in: environment)
        var figures: [String: Double] = [:]
        figures["replay"] = try childrenTime {
            try runQuietly([rr.executable] + rr.arguments(["replay", "-q", "-a", traces[0]]), environment: rr.environment)
        }
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
