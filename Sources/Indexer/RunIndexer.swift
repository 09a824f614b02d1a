import Causality
import Dispatch
import Endpoints
import Foundation
import Matching
import RRTrace
import Replay
public import RunModel
public import RunStore
import Synchronization

/// Makes or updates the index of a run: reads the traces that are new or changed, joins all nodes, stores the result.
public struct RunIndexer: Sendable {
    /// The run.
    public let run: RunDirectory
    /// Traces that lie outside the run directory but belong to it.
    public let traces: [String]
    /// Called now and then, from several threads, with what is done with a node, and how many of its events that has reached.
    public let progress: Progress?

    /// What is done with a node.
    public enum Stage: Hashable, Sendable {
        /// Its trace is read.
        case reading
        /// It is replayed.
        case replaying
    }

    /// Hears how far things are.
    public typealias Progress = @Sendable (_ node: String, _ stage: Stage, _ events: UInt64) -> Void

    /// How rr replays a node with the capture agent, for what it says of its counters.
    public typealias Replaying = @Sendable (_ sidecar: Sidecar) throws -> RRInvocation
    /// How to replay nodes whose calls are hidden in the syscall buffer; `nil`: they stay hidden.
    public let replaying: Replaying?
    /// Whether also those are replayed of which the trace tells all but what they handed over.
    public let replaysAll: Bool
    /// What replays that run at the same time share.
    let budget = ReplayBudget()

    /// An indexer for `run` and further `traces`.
    public init(run: RunDirectory, traces: [String] = [], replaying: Replaying? = nil, replaysAll: Bool = false, progress: Progress? = nil)
    {
        self.run = run
        self.traces = traces
        self.replaying = replaying
        self.replaysAll = replaysAll
        self.progress = progress
    }

    /// What an update did.
    public struct Report: Sendable {
        /// Names of the nodes that were read in this update; the others had not changed.
        public var read: [String] = []
        /// Names of the nodes that are gone.
        public var removed: [String] = []
    }

    /// Brings the index up to date.
    ///
    /// Traces are read in parallel, one per core. Memory: about 150 bytes for each operation of the run.
    ///
    /// - Throws: `IndexError` if the run directory cannot be read or the index not written; broken traces are no error.
    public func update() throws(IndexError) -> Report {
        let isEmpty = try run.nodes().isEmpty
        if isEmpty && traces.isEmpty && !run.isIndexed { throw .noTraces(run: run.path) }
        let writer = try IndexWriter(run)
        let stored = try writer.nodes()
        let onDisk = try collect(stored)
        let decided = try UserDecisions(of: run)
        let byName = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0) })
        let unchanged = { (node: RunDirectory.Node) -> IndexedNode? in
            guard let old = byName[node.name], old.fingerprint == node.fingerprint, old.tracePath == node.tracePath,
                old.state != .recording, !lacksCapture(old)
            else { return nil }
            return old
        }
        var report = Report()
        report.removed = stored.map(\.name).filter { name in !onDisk.contains { $0.name == name } }
        let changed = onDisk.indices.filter { unchanged(onDisk[$0]) == nil }
        report.read = changed.map { onDisk[$0].name }
        if changed.isEmpty && report.removed.isEmpty && !stored.isEmpty, try writer.decisions() == decided.stored { return report }

        var nodes = onDisk.map { unchanged($0) ?? IndexedNode(name: $0.name, tracePath: $0.tracePath, fingerprint: $0.fingerprint) }
        var activities = Array(repeating: NodeActivity(), count: nodes.count)
        for (index, reading) in zip(changed, read(changed.map { (onDisk[$0], NodeID($0)) })) {
            (nodes[index], activities[index]) = (reading.node, reading.activity)
            if let old = kept(byName[nodes[index].name], insteadOf: reading.node) {
                (nodes[index], activities[index]) = (old, try writer.activity(of: old))
            }
        }
        for index in nodes.indices where !changed.contains(index) { activities[index] = try writer.activity(of: nodes[index]) }
        HostScopes.assign(&nodes, &activities)

        let (decisions, void) = decided.resolve(nodes, activities)
        let contents = RunContents(run, nodes, activities)
        let matches = match(activities, decisions: decisions, contents: contents.contents)
        let graph = CausalGraph(nodes: activities, channels: matches.channels, deliveries: matches.deliveries)
        var joined = JoinedRun(
            channels: matches.channels, totals: matches.totals, opened: matches.opened, deliveries: matches.deliveries,
            placements: matches.placements, order: graph.order.sequence, messages: messageCount(activities, matches),
            anomalies: matches.anomalies + graph.anomalies + duplicates(nodes) + void + contents.anomalies)
        joined.chains = graph.recorded.chains.rows
        joined.relations = graph.relations
        joined.decisions = decided.stored
        try writer.commit(
            nodes: nodes, fresh: Dictionary(uniqueKeysWithValues: changed.map { ($0, activities[$0]) }), joined: joined)
        return report
    }

    /// The nodes of the run directory, the traces named now, and those named in earlier updates; by name, each name once.
    private func collect(_ stored: [IndexedNode]) throws(IndexError) -> [RunDirectory.Node] {
        var nodes = try run.nodes()
        var seen = Set(nodes.map(\.tracePath))
        // Also those that lie in the run directory, but not where `record` puts them.
        let earlier = stored.map(\.tracePath).filter { path in
            !seen.contains(path) && ["version", "incomplete"].contains { FileManager.default.fileExists(atPath: path + "/" + $0) }
        }
        for trace in traces + earlier {
            var node = try RunDirectory.node(at: trace)
            guard seen.insert(node.tracePath).inserted else { continue }
            let old = stored.first { $0.tracePath == node.tracePath }?.name
            node.name = old ?? unusedName(node.name, nodes)
            nodes.append(node)
        }
        return nodes.sorted { $0.name < $1.name }
    }

    /// A name in the alphabet of node names that no other node has.
    private func unusedName(_ wanted: String, _ nodes: [RunDirectory.Node]) -> String {
        let name = String(wanted.map { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) ? $0 : "_" })
        var unused = name
        var number = 2
        while nodes.contains(where: { $0.name == unused }) {
            unused = "\(name)-\(number)"
            number += 1
        }
        return unused
    }

    /// One trace, read.
    private struct Reading: Sendable {
        var node: IndexedNode
        var activity: NodeActivity
    }

    /// Reads traces in parallel, on threads of their own: reading waits for a second thread that inflates ahead.
    private func read(_ nodes: [(RunDirectory.Node, NodeID)]) -> [Reading] {
        let results = Mutex<[Reading?]>(Array(repeating: nil, count: nodes.count))
        let next = Atomic(0)
        let workers = min(nodes.count, ProcessInfo.processInfo.activeProcessorCount)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < nodes.count else { return }
                let reading = read(nodes[index].0, nodes[index].1)
                results.withLock { $0[index] = reading }
            }
        }
        return results.withLock { $0.compactMap(\.self) }
    }

    private func read(_ found: RunDirectory.Node, _ id: NodeID) -> Reading {
        var node = IndexedNode(name: found.name, tracePath: found.tracePath, fingerprint: found.fingerprint)
        node.sidecar = found.sidecar
        var extra: [Anomaly] = []
        let start = Position(node: id, moment: .beginning)
        if let problem = found.sidecarProblem { extra.append(Anomaly("unreadable-sidecar", subject: problem, first: start)) }
        do {
            let trace = try TraceDirectory(path: found.tracePath)
            node.fill(from: trace)
            let (reading, problem) = try read(trace, as: id, &node)
            if let problem { extra.append(problem) }
            if node.state == .interrupted {
                // All its positions are good; what came after them is lost.
                extra.append(
                    Anomaly("recording-interrupted", subject: "the trace ends at event \(node.events)", first: start))
            }
            if node.events == 0 { extra.append(Anomaly("no-events", subject: found.tracePath, first: start)) }
            node.anomalies += extra
            return Reading(node: node, activity: reading.activity)
        } catch {
            node.state = .failed
            node.anomalies = extra + [Anomaly("unreadable-trace", subject: "\(error)", first: start)]
            return Reading(node: node, activity: NodeActivity())
        }
    }

    /// How many messages `RunIndex.forEachMessage` will find.
    private func messageCount(_ nodes: [NodeActivity], _ matches: Matches) -> Int {
        var count = 0
        for (node, activity) in nodes.enumerated() {
            for (index, operation) in activity.operations.enumerated() where operation.result > 0 {
                let placement = matches.placements[node].of(index)
                let channel = Int(placement?.channel ?? matches.channelOf[node][Int(operation.endpoint)])
                guard channel >= 0 else { continue }
                if operation.kind == .send { count += 1 }
                guard operation.kind == .receive else { continue }
                let end = EndpointID(node: NodeID(node), serial: Int(operation.endpoint))
                let sent = matches.totals[channel].incoming(of: end, matches.channels[channel]).sent
                if operation.bytes(placed: placement).map({ $0.upperBound > sent }) ?? true { count += 1 }
            }
        }
        return count
    }

    /// One trace under two names would be two ends of everything.
    private func duplicates(_ nodes: [IndexedNode]) -> [Anomaly] {
        var seen: Set<String> = []
        return nodes.enumerated().compactMap { index, node in
            guard let uuid = node.uuid, !seen.insert(uuid).inserted else { return nil }
            return Anomaly("duplicate-trace", subject: node.name, first: Position(node: NodeID(index), moment: .beginning))
        }
    }
}

extension IndexedNode {
    /// What the trace's header tells.
    fileprivate mutating func fill(from trace: TraceDirectory) {
        state =
            switch trace.state {
            case .complete: .complete
            case .failed: .failed
            case .recording: .recording
            case .interrupted: .interrupted
            }
        uuid = trace.header.map { $0.uuid.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() }
        hostName = sidecar?.host ?? trace.header?.systemName?.node
    }

    /// What its frames tell.
    mutating func fill(from reading: NodeReading) {
        events = reading.events
        operations = reading.activity.operations.count
        time = reading.time
        isBuffered = reading.isBuffered
        processes = reading.processes
        counters = sidecar?.counters ?? reading.counters
        anomalies = reading.anomalies.all
    }
}
