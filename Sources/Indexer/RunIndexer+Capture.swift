import Capture
import Endpoints
import Foundation
import RRTrace
import Replay
import RunModel
import RunStore

/// Reading nodes of which a trace does not tell all.
extension RunIndexer {
    /// Reads a trace, with what a replay captures if its syscall buffer was on, or if all are to be replayed. Second: why nothing could be
    /// captured.
    func read(_ trace: TraceDirectory, as id: NodeID, _ node: inout IndexedNode) throws(TraceError) -> (NodeReading, problem: Anomaly?) {
        let inherited = node.sidecar?.inheritedFiles ?? []
        let name = node.name
        let progress = { (events: UInt64) -> Void in self.progress?(name, .reading, events) }
        let mayReplay = replaying != nil && trace.header != nil && node.state == .complete
        var reading = NodeReading()
        if !(mayReplay && replaysAll) {
            reading = try NodeReading(trace, node: id, inherited: inherited, stopsAtFlush: mayReplay, progress: progress)
            node.fill(from: reading)
            guard reading.isBuffered, mayReplay else { return (reading, nil) }
        }
        var file: CaptureFile?
        var problem: Anomaly?
        do {
            let capture = try capture(node, trace)
            (file, node.captureName) = (capture?.file, capture?.name)
            if let note = capture?.note {
                problem = Anomaly("captured-otherwise", subject: note, first: Position(node: id, moment: .beginning))
            }
        } catch {
            let place = (error as? ReplayError)?.event.map { Moment(event: $0) } ?? .beginning
            problem = Anomaly(Self.notCaptured, subject: "\(error)", first: Position(node: id, moment: place))
        }
        reading = try NodeReading(trace, node: id, inherited: inherited, capture: file, progress: progress)
        node.fill(from: reading)
        return (reading, problem)
    }

    /// What a replay captures of the calls of `node`, now or in an earlier update; `nil` if it is not to be replayed.
    private func capture(_ node: IndexedNode, _ trace: TraceDirectory) throws -> (name: String, file: CaptureFile, note: String?)? {
        guard let replaying, let name = captureName(of: node), let header = trace.header else { return nil }
        if let file = stored(name) { return (name, file, Self.note(on: file)) }
        let path = run.captureFile(name)
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        let pass = CapturePass(
            trace: node.tracePath, rr: try replaying(node.replaySidecar), bufferHeaderSize: header.syscallBufferHeaderSize,
            budget: budget)
        // Who does not want to hear it need not pay for it: to know its event, the trace is read beside the replay.
        let progress = progress.map { hear in { (event: UInt64) in hear(node.name, .replaying, event) } }
        let (file, note) = try pass.runInBestWay(into: path, progress: progress)
        return (name, file, note ?? Self.note(on: file))
    }

    /// What is to be said of a capture that was not made by the ring.
    private static func note(on file: CaptureFile) -> String? {
        switch file.mode {
        case .int3: "by int3 instead of the ring"
        case .remote: "by rr's debug server instead of the agent"
        case .ring, .undecided, nil: nil
        }
    }

    /// Whether a node must be read again although its trace has not changed: what a replay of it captures is not there, or not any more,
    /// or is broken. One that could not be replayed is not tried each time.
    func lacksCapture(_ node: IndexedNode) -> Bool {
        guard replaying != nil, node.isBuffered || replaysAll, node.state == .complete, let name = captureName(of: node) else {
            return false
        }
        if node.captureName == nil { return !node.anomalies.contains { $0.name == Self.notCaptured } }
        return node.captureName != name || stored(name) == nil
    }

    /// `old`, if that knows more: what a replay of the same trace told stays true when there can be no replay any more, because the disk is
    /// full, say, or the machine another one.
    func kept(_ old: IndexedNode?, insteadOf new: IndexedNode) -> IndexedNode? {
        guard var old, old.captureName != nil, (old.fingerprint, old.tracePath) == (new.fingerprint, new.tracePath),
            let problem = new.anomalies.first(where: { $0.name == Self.notCaptured })
        else { return nil }
        old.anomalies.removeAll { $0.name == Self.notCaptured }
        old.anomalies.append(problem)
        return old
    }

    /// The anomaly of a node that could not be replayed.
    static let notCaptured = "not-captured"

    /// What the file for a node is called: another agent may capture more.
    private func captureName(of node: IndexedNode) -> String? { node.uuid.map { "\($0)-\(CaptureFile.agent).calls" } }

    /// The capture called `name`, if there is a good one.
    private func stored(_ name: String) -> CaptureFile? {
        // try?: a broken one is no trouble here, it is made anew
        guard let capture = try? StoredCapture(path: run.captureFile(name)), case .file(let file) = capture else { return nil }
        return file
    }
}
