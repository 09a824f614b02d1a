import ArgumentParser
import Foundation
import Indexer
import Recorder
import RunModel
import RunStore
import Synchronization

/// `ridealong index`.
struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Read the traces of a run and work out who said what to whom.",
        discussion: """
            Reads every trace in the run directory (RUN/NODE/trace), and any TRACE directories named, such as \
            those of a plain `rr record`. Only traces that are new or changed are read again. The result is \
            written to RUN/.ridealong, which can be deleted at any time; traces are never changed.

            Of a node that was recorded with rr's syscall buffer, a trace does not tell all; such a node is \
            replayed once, as `rr replay -a` does, and what its trace lacks is taken from there. Replays run side \
            by side, as long as together they take at most half of the memory that is free. Without the syscall buffer, \
            a trace lacks only what calls handed over: bytes that were sent, and addresses. Where these matter, \
            such as for datagrams that say nowhere else where they go, --capture all replays those nodes, too.

            Prints how many nodes, events, operations, channels and messages there are, and every anomaly: \
            something that could not be read, understood or decided, with its count. docs/anomalies.md explains \
            them.
            """)

    @OptionGroup var options: RunOptions

    /// Whether nodes are replayed.
    enum CaptureChoice: String, ExpressibleByArgument, CaseIterable { case auto, all, off }

    @Option(
        help: """
            Which nodes to replay: those that were recorded with rr's syscall buffer, as without a replay most of their calls are hidden \
            (auto); all, as no trace tells what was sent, and to which address; or none (off).
            """)
    var capture = CaptureChoice.auto

    @Argument(help: "Further traces that belong to the run.")
    var traces: [String] = []

    func run() throws {
        let meter = ProgressMeter()
        let environment = ProcessInfo.processInfo.environment
        let replaying: RunIndexer.Replaying = { sidecar in
            try RRInvocation.forReplay(of: sidecar, in: environment).withCaptureAgent(in: environment).withReplayCPU(in: environment)
        }
        let progress: RunIndexer.Progress = { meter.show($0, $1, $2) }
        let indexer = RunIndexer(
            run: options.directory, traces: traces, replaying: capture == .off ? nil : replaying,
            replaysAll: capture == .all, progress: meter.isTerminal ? progress : nil)
        let report = try indexer.update()
        meter.clear()
        let index = try options.open()
        guard !index.nodes.isEmpty else { throw IndexError.noTraces(run: options.directory.path) }
        let summary = try Summary(index, report)
        var out = Output()
        if options.json {
            out.listing("index")
            try out.object(summary)
            for row in anomalies(index) { try out.object(row) }
        } else {
            for line in summary.lines { out.line(line) }
            let rows = anomalies(index)
            if !rows.isEmpty {
                out.line("")
                Table.print(
                    [.init("COUNT", isNumber: true), .init("ANOMALY"), .init("FIRST"), .init("ABOUT")],
                    rows.map { [String($0.count), $0.anomaly, $0.first ?? $0.node ?? "", $0.subject] }, to: &out)
            }
        }
    }

    private func anomalies(_ index: RunIndex) -> [AnomalyRow] {
        let own = index.nodes.flatMap { node in node.anomalies.map { AnomalyRow($0, node: node.name, index) } }
        return own + index.anomalies.map { AnomalyRow($0, node: nil, index) }
    }
}

/// The counts of an index.
private struct Summary: Encodable {
    var nodes = 0
    var read: [String]
    var removed: [String]
    var events: UInt64 = 0
    var operations = 0
    var channels = 0
    var outside = 0
    var messages = 0

    init(_ index: RunIndex, _ report: RunIndexer.Report) throws {
        nodes = index.nodes.count
        read = report.read
        removed = report.removed
        events = index.nodes.reduce(0) { $0 &+ $1.events }
        operations = index.nodes.reduce(0) { $0 + $1.operations }
        let all = try index.channels()
        channels = all.count
        outside = all.count { $0.channel.evidence == .alone }
        messages = try index.messageCount()
    }

    var lines: [String] {
        let changes = [(read.count, "read"), (removed.count, "removed")].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let what = changes.isEmpty ? "nothing changed" : changes.joined(separator: ", ")
        return [
            "\(nodes) nodes (\(what)), \(events) events, \(operations) operations",
            "\(channels) channels (\(outside) with the outside), \(messages) messages",
        ]
    }
}

/// One anomaly as listings show it.
struct AnomalyRow: Encodable {
    let anomaly: String
    let subject: String
    let count: Int
    let node: String?
    let first: String?

    init(_ anomaly: Anomaly, node: String?, _ index: RunIndex) {
        self.anomaly = anomaly.name
        subject = anomaly.subject
        count = anomaly.count
        self.node = node
        first = anomaly.first.flatMap { $0.moment == .beginning ? nil : index.text($0) }
    }
}

/// A line on the terminal that says how far reading and replaying are, once they have taken a second.
private final class ProgressMeter: Sendable {
    private struct State {
        var events: [RunIndexer.Stage: [String: UInt64]] = [:]
        var shown: Date?

        func text(_ verb: String, _ stage: RunIndexer.Stage) -> String? {
            events[stage].map { "\(verb) \($0.count) nodes: \($0.values.reduce(0, &+)) events" }
        }
    }

    private let state = Mutex(State())
    private let start = Date()
    let isTerminal = isatty(STDERR_FILENO) == 1
    /// Seconds between two versions of the line.
    private static let interval = 0.1

    func show(_ node: String, _ stage: RunIndexer.Stage, _ events: UInt64) {
        let now = Date()
        state.withLock { state in
            state.events[stage, default: [:]][node] = events
            guard now.timeIntervalSince(start) > 1, now.timeIntervalSince(state.shown ?? start) > Self.interval else { return }
            state.shown = now
            let texts = [state.text("reading", .reading), state.text("replaying", .replaying)].compactMap { $0 }
            StandardError.write("\r\u{1b}[K\(texts.joined(separator: ", "))")
        }
    }

    func clear() {
        state.withLock { state in
            if state.shown != nil { StandardError.write("\r\u{1b}[K") }
        }
    }
}
