import Matching
import RunModel
import RunStore

/// What the traces of a run, and the captures of their replays, tell of the bytes that calls moved: `match` looks into it where lengths and
/// times leave something open.
final class RunContents {
    private let activities: [NodeActivity]
    private let nodes: OpenNodes
    /// Nodes whose bytes could not be read, and why not.
    private(set) var troubles: [NodeID: any Error] = [:]

    init(_ run: RunDirectory, _ nodes: [IndexedNode], _ activities: [NodeActivity]) {
        self.activities = activities
        self.nodes = OpenNodes { id in
            let node = nodes[Int(id.index)]
            return try NodeBytes(trace: node.tracePath, capture: node.captureName.map { run.captureFile($0) }) {
                Set(activities[Int(id.index)].operations.lazy.filter { $0.payload == .frame }.map(\.at.event))
            }
        }
    }

    /// The same, as `match` takes it.
    var contents: Contents {
        Contents(
            isKnown: { self.operation($0).payload != .unknown },
            bytes: { self.bytes($0, offset: $1, count: $2) })
    }

    /// What could not be read.
    var anomalies: [Anomaly] {
        troubles.sorted { $0.key < $1.key }.map { node, error in
            Anomaly("unreadable-bytes", subject: "\(error)", first: Position(node: node, moment: .beginning))
        }
    }

    private func operation(_ ref: OperationRef) -> RunModel.Operation { activities[Int(ref.node.index)].operations[Int(ref.index)] }

    private func bytes(_ ref: OperationRef, offset: UInt64, count: Int) -> [UInt8]? {
        guard troubles[ref.node] == nil else { return nil }
        let operation = operation(ref)
        let length: UInt64 =
            switch operation.payload {
            case .unknown: 0
            case .trace(_, let count), .captured(_, let count): UInt64(count)
            case .frame: UInt64(clamping: operation.result)
            }
        guard offset < length else { return nil }
        do {
            return try nodes.node(ref.node).read(
                operation.payload, at: operation.at.event, offset: offset, count: min(length - offset, UInt64(max(0, count))))
        } catch {
            troubles[ref.node] = error
            return nil
        }
    }
}
