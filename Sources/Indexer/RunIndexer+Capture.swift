import Capture
import Endpoints
import Foundation
import RRTrace
import Replay
import RunModel
import RunStore

/// Reading nodes of which a trace does not tell all.
extension RunIndexer {
    /// Reads a trace, with what a replay captures if its syscall buffer was on. Second: why nothing could be captured.
    func read(_ trace: TraceDirectory, as id: NodeID, _ node: inout IndexedNode) throws(TraceError) -> (NodeReading, problem: String?) {
        let inherited = node.sidecar?.inheritedFiles ?? []
        let name = node.name
        let progress = { (events: UInt64) -> Void in self.progress?(name, events) }
        let mayReplay = replaying != nil && trace.header != nil && node.state == .complete
        var reading = try NodeReading(trace, node: id, inherited: inherited, stopsAtFlush: mayReplay, progress: progress)
        node.fill(from: reading)
        guard reading.isBuffered, mayReplay else { return (reading, nil) }
        var file: CaptureFile?
        var problem: String?
        do {
            let capture = try capture(node, trace)
            (file, node.captureName) = (capture?.file, capture?.name)
        } catch {
            problem = "\(error)"
        }
        reading = try NodeReading(trace, node: id, inherited: inherited, capture: file, progress: progress)
        node.fill(from: reading)
        return (reading, problem)
    }

    /// What a replay captures of the calls of `node`, now or in an earlier update; `nil` if it is not to be replayed.
    private func capture(_ node: IndexedNode, _ trace: TraceDirectory) throws -> (name: String, file: CaptureFile)? {
        guard let replaying, let uuid = node.uuid, let header = trace.header else { return nil }
        let name = "\(uuid)-\(CaptureFile.agent).calls"
        let path = run.captureFile(name)
        // try?: one that is not there, or cannot be read, is made anew
        if let file = try? CaptureFile(path: path), file.state == .ended { return (name, file) }
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        let pass = CapturePass(
            trace: node.tracePath, rr: try replaying(node.replaySidecar), bufferHeaderSize: header.syscallBufferHeaderSize)
        return (name, try pass.run(into: path))
    }
}
