import Endpoints
import Foundation
import RRTrace
import RunModel
import TestSupport
import Testing

/// Simulated worlds, written as rr traces and read back: the reader and `Endpoints` together give what the simulator says.
@Suite struct SimulatedTraceTests {
    static let features: SimulationFeatures = [.resets, .pipes, .severalTasks, .sequenced]

    @Test(arguments: 1...UInt64(12)) func whatIsReadIsWhatHappened(seed: UInt64) throws {
        for (node, trace) in SimulatedTrace.all(of: .scenario(seed: seed, features: Self.features)).enumerated() {
            let reading = try withTemporaryDirectory { directory in
                try trace.writer.write(to: directory.appendingPathComponent("trace"))
                return try NodeReading(
                    TraceDirectory(path: directory.appendingPathComponent("trace").path), node: NodeID(0), inherited: [])
            }
            // Simulated programs are refused, and killed while they wait in a call.
            let known: Set = ["connect-failed", "unfinished-send"]
            let anomalies = reading.anomalies.all.map(\.name).filter { !known.contains($0) }
            #expect(anomalies.isEmpty, "seed \(seed), node \(node): \(anomalies)")
            let (found, expected) = (Self.story(reading.activity), Self.story(trace.expected))
            let difference = found.difference(from: expected)
            #expect(difference.isEmpty, "seed \(seed), node \(node): \(difference.prefix(6))")
        }
    }

    /// What can be compared, one line for each operation. A call to listen is not in the simulation.
    private static func story(_ activity: NodeActivity) -> [String] {
        activity.operations.filter { $0.kind != .listen }.map { operation in
            let end = activity.endpoints[Int(operation.endpoint)]
            let isAddressed = end.kind == .tcp && end.birth != .listen
            let addresses = isAddressed ? [end.local, end.remote].map { $0.map { "\($0)" } ?? "?" }.joined(separator: " to ") : ""
            let birth = if case .pair = end.birth { "pair" } else { "\(end.birth)" }
            let life = "\(end.established.map { "\($0)" } ?? "-") \(end.closed.map { "\($0)" } ?? "-")"
            let bytes = operation.bytes.map { $0.isEmpty ? "" : "\($0)" } ?? ""
            return "\(operation.at) \(operation.entered) \(operation.kind) \(bytes) = \(operation.result) task \(operation.task) of "
                + "\(operation.process) \(end.kind) \(birth) \(addresses) \(life)"
        }
    }
}
