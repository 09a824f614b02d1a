import Capture
import RunModel

/// The bytes of a run's nodes, of which only so many are open at once: a process may not have any number of files, nor any amount of
/// memory.
///
/// Memory: some 2 MB for each of the last `mostOpen` nodes that were read from, and, for those that ever were, where their scattered bytes
/// are.
final class OpenNodes {
    private let make: (NodeID) throws -> NodeBytes
    private var known: [NodeID: NodeBytes] = [:]
    /// Those whose traces are open, the one used last at the end.
    private var open: [NodeID] = []
    private static let mostOpen = 128

    /// Nodes that `make` makes when they are first asked for.
    init(_ make: @escaping (NodeID) throws -> NodeBytes) { self.make = make }

    /// The bytes of a node.
    func node(_ id: NodeID) throws -> NodeBytes {
        if open.last != id {
            open.removeAll { $0 == id }
            open.append(id)
            if open.count > Self.mostOpen { known[open.removeFirst()]?.close() }
        }
        if let bytes = known[id] { return bytes }
        let bytes = try make(id)
        known[id] = bytes
        return bytes
    }

    /// The nodes whose capture was asked for, and is gone.
    var gone: [(node: NodeID, error: CaptureError)] {
        known.sorted { $0.key < $1.key }.compactMap { node, bytes in bytes.goneCapture.map { (node, $0) } }
    }
}
