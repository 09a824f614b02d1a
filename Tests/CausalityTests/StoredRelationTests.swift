import Causality
import Foundation
import Indexer
import RunModel
import RunStore
import TestSupport
import Testing

/// Relations that were written into an index and read from there again.
@Suite struct StoredRelationTests {
    /// The index of a graph, in a directory of its own.
    static func withIndex(_ random: RandomGraph, _ graph: CausalGraph, _ body: (RunIndex) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(path: directory.path)
            let nodes = random.nodes.enumerated().map { number, activity in
                var node = IndexedNode(name: "node\(number)", tracePath: directory.path + "/none", fingerprint: "")
                node.operations = activity.operations.count
                return node
            }
            var joined = JoinedRun(
                channels: [], totals: [], opened: [], deliveries: [], placements: nodes.map { _ in [] }, order: graph.order.sequence,
                messages: 0, anomalies: [])
            joined.chains = graph.recorded.chains.rows
            joined.relations = graph.relations
            try IndexWriter(run).commit(
                nodes: nodes, fresh: Dictionary(uniqueKeysWithValues: random.nodes.enumerated().map { ($0, $1) }), joined: joined)
            try body(RunIndex(run))
        }
    }

    @Test(arguments: Ordering.allCases, 1...8 as ClosedRange<UInt64>) func anIndexAnswersAsMemoryDoes(ordering: Ordering, seed: UInt64)
        throws
    {
        let random = RandomGraph(seed: seed, size: 60)
        let graph = CausalGraph(nodes: random.nodes, channels: [], deliveries: random.deliveries, blockCapacity: 2)
        try Self.withIndex(random, graph) { index in
            #expect(try index.chainRows() == graph.recorded.chains.rows)
            let places = random.happenings.map(\.place)
            for b in places {
                #expect(try index.past(of: b, ordering) == graph.relation(ordering).past(of: b), "seed \(seed)")
                #expect(try index.ranks(of: [b.position]) == [(graph.rank(of: b.position) ?? -1) + 1])
                for a in places where try index.relation(a, b, ordering) != graph.relation(ordering).relation(a, b) {
                    Issue.record("seed \(seed): \(a) to \(b)")
                }
            }
        }
    }

    @Test func manyCheckpointsAreTakenAndUsed() throws {
        // Two that talk to each other for long: the past of the end is found from a checkpoint near it.
        let clock = Clock()
        let builders = [ActivityBuilder(clock), ActivityBuilder(clock)]
        var deliveries: [Delivery] = []
        let ends = builders.map { $0.connect() }
        for turn in 0..<400 {
            let (giver, taker) = (turn % 2, 1 - turn % 2)
            builders[giver].send(ends[giver], 1)
            builders[taker].receive(ends[taker], 1)
            deliveries.append(
                Delivery(
                    channel: 0, forward: true, bytes: 0..<1,
                    sent: OperationRef(node: NodeID(giver), index: builders[giver].node.operations.count - 1),
                    received: OperationRef(node: NodeID(taker), index: builders[taker].node.operations.count - 1)))
        }
        let graph = CausalGraph(nodes: builders.map(\.node), channels: [], deliveries: deliveries, blockCapacity: 8)
        let checkpoints = (0..<2).flatMap { line in (0..<25).filter { graph.recorded.checkpoint($0, of: line) != nil } }
        #expect(checkpoints.count >= 20)
        let (first, last) = (OperationRef(node: NodeID(0), index: 1), OperationRef(node: NodeID(1), index: 400))
        guard case .before(let way) = graph.causal.relation(graph.place(of: first), graph.place(of: last)) else {
            Issue.record("the first message comes before the last")
            return
        }
        // The way goes over the first message, not over hundreds of them.
        #expect(way.count < 60)
        #expect(graph.happensBefore(first, last) && !graph.happensBefore(last, first))
    }
}
