import Causality
import Foundation
import Indexer
import Matching
import RunModel
import RunStore

/// What matching and ordering cost, on made-up traffic: each size in a process of its own, so that each has its own peak of memory.
struct OrderingBench {
    /// Nodes whose costs are compared; the questions are asked of the middle one.
    static let sizes = [8, 64, 512]
    /// The part of `bench` that measures one size.
    static let single = "ordering-of"
    /// Operations of each run.
    static let operations = 5_000_000
    /// How often each question is asked; the best time of each question counts.
    private static let repetitions = 3
    /// How many questions of each kind.
    private static let questions = 100

    /// Measures all sizes; returns the figures by name: seconds, if the name does not say otherwise.
    static func measure(_ directory: String) throws -> [String: Double] {
        try sizes.reduce(into: [:]) { results, size in
            let output = try run([CommandLine.arguments[0], single, "\(size)", "\(operations)", directory])
            results.merge(try JSONDecoder().decode([String: Double].self, from: output)) { $1 }
        }
    }

    private static func run(_ command: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchmarkError("\(command) ended with \(process.terminationStatus)") }
        return output
    }

    /// One size: matches, orders, writes the index into `directory`, asks questions; prints what it took.
    static func one(nodes count: Int, operations: Int, _ directory: String) throws {
        let traffic = Traffic(nodes: count, operations: operations)
        let made = traffic.nodes.reduce(0) { $0 + $1.operations.count }
        let start = cpuTime()
        let matches = match(traffic.nodes)
        let matched = cpuTime()
        let graph = CausalGraph(nodes: traffic.nodes, channels: matches.channels, deliveries: matches.deliveries)
        let ordered = cpuTime()
        guard graph.dropped.isEmpty, matches.anomalies.isEmpty, matches.deliveries.count > made / 2 else {
            throw BenchmarkError("the traffic is not understood: \(matches.anomalies)")
        }
        let run = RunDirectory(path: directory)
        // try?: there is none the first time.
        try? FileManager.default.removeItem(atPath: run.indexDirectory)
        try FileManager.default.createDirectory(atPath: run.path, withIntermediateDirectories: true)
        try write(traffic.nodes, matches, graph, to: run)
        let written = cpuTime()
        let million = 1e6 / Double(made)
        let name = "\(count) nodes"
        var results = [
            "\(name), match": (matched - start) * million, "\(name), order": (ordered - matched) * million,
            "\(name), write": (written - ordered) * million, "\(name), a million operations": (written - start) * million,
            "\(name), MB": peak(), "\(name), edges": Double(graph.edges.count),
        ]
        if count == sizes[1] { results.merge(try ask(run, graph, operations: made)) { $1 } }
        FileHandle.standardOutput.write(try JSONEncoder().encode(results))
        // try?: there is none the first time.
        try? FileManager.default.removeItem(atPath: run.indexDirectory)
    }

    /// The processor's time that this process took so far, in seconds: what the work takes on a machine that has nothing else to do, as it
    /// is done by one thread.
    private static func cpuTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The peak of this process's memory, in MB.
    private static func peak() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) * 1024 / 1e6
    }

    private static func write(_ nodes: [NodeActivity], _ matches: Matches, _ graph: CausalGraph, to run: RunDirectory) throws {
        let rows = nodes.enumerated().map { index, activity in
            let name = String(format: "node%04d", index)
            var node = IndexedNode(name: name, tracePath: "/nowhere/\(name)", fingerprint: "")
            node.operations = activity.operations.count
            node.events = activity.operations.last?.at.event ?? 0
            return node
        }
        var joined = JoinedRun(
            channels: matches.channels, totals: matches.totals, opened: matches.opened, deliveries: matches.deliveries,
            placements: matches.placements, order: graph.order.sequence, messages: 0, anomalies: [])
        joined.chains = graph.recorded.chains.rows
        joined.relations = graph.relations
        try IndexWriter(run).commit(
            nodes: rows, fresh: Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($0, $1) }), joined: joined)
    }

    /// The slowest of many questions, each at its best, and what opening the index takes: seconds of the processor's time.
    private static func ask(_ run: RunDirectory, _ graph: CausalGraph, operations: Int) throws -> [String: Double] {
        let clock = ContinuousClock()
        var slowest: [String: Double] = [:]
        func time(_ name: String, _ body: () throws -> Void) rethrows {
            var best = Double.infinity
            var wall = Double.infinity
            for _ in 0..<repetitions {
                let start = cpuTime()
                wall = min(wall, try clock.measure(body) / .seconds(1))
                best = min(best, cpuTime() - start)
            }
            slowest[name] = max(slowest[name] ?? 0, best)
            slowest[name + ", mean", default: 0] += best / Double(questions)
            slowest[name + ", by the clock", default: 0] = max(slowest[name + ", by the clock"] ?? 0, wall)
        }
        let index = try RunIndex(run)
        for number in 0..<questions {
            // Early and late, near and far.
            let first = graph.order.operation(atRank: number * 7919 * 613 % graph.order.count) ?? OperationRef(node: NodeID(0), index: 0)
            let second = graph.order.operation(atRank: number * 104_729 * 31 % graph.order.count) ?? first
            let (a, b) = (graph.position(of: first), graph.position(of: second))
            var found: [Relation] = []
            try time("open") { _ = try RunIndex(run) }
            try time("happens-before") { found.append(try index.relation(index.place(of: a), index.place(of: b), .causal)) }
            try time("happens-before --recorded") { _ = try index.relation(Place(a), Place(b), .recorded) }
            try time("cut") {
                let cut = try index.past(of: Place(a), .recorded)
                _ = try index.ranks(
                    of: zip(0..., cut).compactMap { node, moment in moment.map { Position(node: NodeID(node), moment: $0) } })
            }
            guard found[0] == graph.causal.relation(graph.place(of: first), graph.place(of: second)) else {
                throw BenchmarkError("the index says \(found[0]), the graph does not")
            }
        }
        return slowest
    }
}
