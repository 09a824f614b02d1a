import Capture
import RunModel
import RunStore

extension RunIndex {
    /// What a replay has captured of the calls of `node`, if the node was read with it: its descriptors are known only so.
    ///
    /// - Throws: `CaptureError` if the file is gone.
    func capture(of node: NodeID) throws(CaptureError) -> CaptureFile? {
        guard let name = nodes[Int(node.index)].captureName else { return nil }
        return try CaptureFile(path: run.captureFile(name))
    }
}
