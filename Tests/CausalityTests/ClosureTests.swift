import Causality
import RunModel
import Testing

/// Both relations on random graphs, against a transitive closure computed the plain way.
@Suite struct ClosureTests {
    static let seeds: ClosedRange<UInt64> = 1...40

    @Test(arguments: Ordering.allCases, [1, 3, 100]) func relationsAndConesEqualTheClosure(ordering: Ordering, capacity: Int) throws {
        for seed in Self.seeds {
            let random = RandomGraph(seed: seed)
            let graph = CausalGraph(nodes: random.nodes, channels: [], deliveries: random.deliveries, blockCapacity: capacity)
            #expect(graph.dropped.isEmpty)
            let places = random.places
            for b in places {
                for a in places { expectRelation(graph.relation(ordering), a, b, random, "seed \(seed)") }
                try expectPast(graph.relation(ordering), of: b, random, "seed \(seed)")
                try expectFuture(graph.relation(ordering), of: b, random, "seed \(seed)")
            }
        }
    }

    @Test func theOrderContainsBothRelationsAndIsTheSameEachTime() throws {
        for seed in Self.seeds {
            let random = RandomGraph(seed: seed)
            let graph = CausalGraph(nodes: random.nodes, channels: [], deliveries: random.deliveries)
            let again = CausalGraph(nodes: random.nodes, channels: [], deliveries: random.deliveries.reversed())
            #expect(graph.order.sequence == again.order.sequence, "seed \(seed)")
            let ranks = random.happenings.map { graph.rank(of: $0.place.position) ?? -1 }
            #expect(Set(ranks) == Set(0..<random.happenings.count))
            for (a, first) in random.happenings.enumerated() {
                for (b, second) in random.happenings.enumerated() {
                    let causal = random.isBefore(first.place, second.place, .causal)
                    let recorded = random.isBefore(first.place, second.place, .recorded)
                    #expect(!causal || recorded)
                    #expect(!recorded || ranks[a] < ranks[b], "seed \(seed)")
                }
            }
        }
    }

    @Test func pastsAreConsistentCuts() {
        for seed in Self.seeds {
            let random = RandomGraph(seed: seed)
            let graph = CausalGraph(nodes: random.nodes, channels: [], deliveries: random.deliveries, blockCapacity: 2)
            for place in random.places { #expect(graph.firstEdgeInto(cut: graph.recorded.past(of: place)) == nil, "seed \(seed)") }
        }
    }

    /// An expectation of its own for each of millions of comparisons would take most of the time.
    private func expect(_ condition: Bool, _ seed: Comment, line: Int = #line) {
        if !condition { Issue.record(seed, sourceLocation: SourceLocation(fileID: #fileID, filePath: #filePath, line: line, column: 1)) }
    }

    private func expectRelation(_ graph: RelationGraph, _ a: Place, _ b: Place, _ random: RandomGraph, _ seed: Comment) {
        let (isBefore, isAfter) = (random.isBefore(a, b, graph.ordering), random.isBefore(b, a, graph.ordering))
        switch graph.relation(a, b) {
        case .same: expect(a.position == b.position, seed)
        case .before(let way):
            expect(isBefore, seed)
            expectWay(way, from: a, to: b, random, graph.ordering, seed)
        case .after(let way):
            expect(isAfter, seed)
            expectWay(way, from: b, to: a, random, graph.ordering, seed)
        case .concurrent: expect(!isBefore && !isAfter, seed)
        }
    }

    /// Every step begins where the one before ended, and is a delivery, a link, or a stretch of one line.
    private func expectWay(_ way: [Step], from a: Place, to b: Place, _ random: RandomGraph, _ ordering: Ordering, _ seed: Comment) {
        var here = a.position
        for step in way {
            switch step {
            case .process(let from, let to), .recorded(let from, let to):
                expect(from == here && from.node == to.node && from.moment < to.moment, seed)
                if case .recorded = step { expect(ordering == .recorded, seed) }
                here = to
            case .influence(let influence, let from, let to):
                expect(from == here, seed)
                let isLink = random.nodes[Int(from.node.index)].links.contains {
                    from.node == to.node && $0.from == from.moment && $0.to == to.moment && Influence.Kind($0.kind) == influence.kind
                }
                let isDelivery = random.deliveries.contains {
                    position($0.sent, random) == from && position($0.received, random) == to && influence.kind == .delivery
                }
                expect(isLink || isDelivery, seed)
                here = to
            }
        }
        expect(here == b.position, seed)
    }

    private func position(_ operation: OperationRef, _ random: RandomGraph) -> Position {
        Position(node: operation.node, moment: random.nodes[Int(operation.node.index)].operations[Int(operation.index)].at)
    }

    private func expectPast(_ graph: RelationGraph, of b: Place, _ random: RandomGraph, _ seed: Comment) throws {
        let past = graph.past(of: b)
        for place in random.happenings.map(\.place) {
            let end = try #require(Self.line(of: place, graph).map { past[$0] })
            expect((end.map { place.position.moment <= $0 } ?? false) == (random.isBefore(place, b, graph.ordering) || place == b), seed)
        }
    }

    private func expectFuture(_ graph: RelationGraph, of a: Place, _ random: RandomGraph, _ seed: Comment) throws {
        let future = graph.future(of: a)
        for place in random.happenings.map(\.place) {
            let start = try #require(Self.line(of: place, graph).map { future[$0] })
            expect((start.map { place.position.moment >= $0 } ?? false) == (random.isBefore(a, place, graph.ordering) || place == a), seed)
        }
    }

    private static func line(of place: Place, _ graph: RelationGraph) -> Int? {
        if graph.ordering == .recorded { return Int(place.position.node.index) }
        return place.process.flatMap { graph.chains.chain(of: $0, in: place.position.node) }.map { Int($0) }
    }
}
