import Causality
import RunModel
import Testing

/// All graphs of a few nodes, operations and edges, against a transitive closure computed the plain way.
@Suite struct ExhaustiveTests {
    /// A graph of `nodes` with `length` operations each, whose edges lead between any operations of different nodes.
    struct Small {
        let nodes: Int
        let length: Int
        let edges: [(from: Int, to: Int)]

        var count: Int { nodes * length }

        /// Operation `index` of a node is at event 2 * index + 2, so that there are moments before, between and after.
        var activities: [NodeActivity] {
            (0..<nodes).map { _ in
                NodeActivity(
                    operations: (0..<length).map { index in
                        let moment = Moment(event: UInt64(2 * index + 2))
                        return Operation(endpoint: 0, kind: .send, entered: moment, at: moment, process: 1, task: 1, earliest: 0, latest: 0)
                    })
            }
        }

        func reference(_ operation: Int) -> OperationRef {
            OperationRef(node: NodeID(operation / length), index: operation % length)
        }

        var graph: CausalGraph {
            let deliveries = edges.map {
                Delivery(channel: 0, forward: true, bytes: 0..<1, sent: reference($0.from), received: reference($0.to))
            }
            // A block for each edge: as many checkpoints as there can be.
            return CausalGraph(nodes: activities, channels: [], deliveries: deliveries, blockCapacity: 1)
        }

        /// `closure[a][b]`: `a` is `b`, or before it.
        var closure: [[Bool]] {
            var closure = (0..<count).map { a in (0..<count).map { b in a == b || (a + 1 == b && b % length != 0) } }
            for edge in edges { closure[edge.from][edge.to] = true }
            for middle in 0..<count {
                for a in 0..<count where closure[a][middle] {
                    for b in 0..<count where closure[middle][b] { closure[a][b] = true }
                }
            }
            return closure
        }

        func operations(of node: Int) -> Range<Int> { node * length..<(node + 1) * length }

        func event(_ operation: Int) -> UInt64 { UInt64(2 * (operation % length) + 2) }
    }

    /// All graphs of that size with at most `most` edges.
    static func all(nodes: Int, length: Int, most: Int) -> [Small] {
        let count = nodes * length
        let possible = (0..<count * count).map { ($0 / count, $0 % count) }.filter { $0.0 / length != $0.1 / length }
        var graphs: [Small] = []
        func extend(_ edges: [(Int, Int)], from first: Int) {
            graphs.append(Small(nodes: nodes, length: length, edges: edges.map { (from: $0.0, to: $0.1) }))
            guard edges.count < most else { return }
            for next in first..<possible.count { extend(edges + [possible[next]], from: next + 1) }
        }
        extend([], from: 0)
        return graphs
    }

    static let sizes = [(2, 3, 3), (3, 2, 3), (4, 1, 4)]

    @Test(arguments: sizes) func relationsAndCutsEqualTheClosure(nodes: Int, length: Int, most: Int) throws {
        for small in Self.all(nodes: nodes, length: length, most: most) {
            let closure = small.closure
            let isAcyclic = (0..<small.count).allSatisfy { a in (0..<a).allSatisfy { !closure[a][$0] || !closure[$0][a] } }
            let graph = small.graph
            #expect(graph.dropped.isEmpty == isAcyclic)
            try expectLinearExtension(graph, small)
            if isAcyclic {
                try #require(graph.edges.count == small.edges.count)
                try expectRelations(graph, small, closure)
            }
        }
    }

    private func expectLinearExtension(_ graph: CausalGraph, _ small: Small) throws {
        let ranks = try (0..<small.count).map { try #require(graph.order.rank(of: small.reference($0))) }
        #expect(Set(ranks) == Set(0..<small.count))
        for edge in graph.edges {
            #expect(try #require(graph.order.rank(of: edge.from)) < #require(graph.order.rank(of: edge.to)))
        }
        for (operation, rank) in ranks.enumerated() {
            #expect(graph.order.operation(atRank: rank) == small.reference(operation))
            if operation % small.length > 0 { #expect(ranks[operation - 1] < rank) }
        }
        #expect(graph.edges.count + graph.dropped.count == small.edges.count)
    }

    private func expectRelations(_ graph: CausalGraph, _ small: Small, _ closure: [[Bool]]) throws {
        let positions = (0..<small.nodes).flatMap { node in
            (1...UInt64(2 * small.length + 1)).map { Position(node: NodeID(node), moment: Moment(event: $0)) }
        }
        for b in positions {
            let cut = graph.recorded.past(of: Place(b))
            #expect(graph.firstEdgeInto(cut: cut) == nil)
            for a in positions {
                let isBefore = Self.isBefore(a, b, small, closure)
                switch graph.recorded.relation(Place(a), Place(b)) {
                case .same: #expect(a == b)
                case .before(let way):
                    #expect(isBefore)
                    expectWay(way, from: a, to: b, in: graph)
                case .after(let way):
                    #expect(Self.isBefore(b, a, small, closure))
                    expectWay(way, from: b, to: a, in: graph)
                case .concurrent: #expect(!isBefore && !Self.isBefore(b, a, small, closure))
                }
            }
            for node in 0..<small.nodes where NodeID(node) != b.node {
                let last = small.operations(of: node).last { operation in
                    Self.isBefore(Position(node: NodeID(node), moment: Moment(event: small.event(operation))), b, small, closure)
                }
                #expect(cut[node] == last.map { Moment(event: small.event($0)) })
            }
            #expect(cut[Int(b.node.index)] == b.moment)
        }
    }

    /// Whether some operation at or after `a` reaches one at or before `b`.
    private static func isBefore(_ a: Position, _ b: Position, _ small: Small, _ closure: [[Bool]]) -> Bool {
        if a.node == b.node { return a.moment < b.moment }
        return small.operations(of: Int(a.node.index)).contains { first in
            small.event(first) >= a.moment.event
                && small.operations(of: Int(b.node.index)).contains { small.event($0) <= b.moment.event && closure[first][$0] }
        }
    }

    /// Every step begins where the one before ended.
    private func expectWay(_ way: [Step], from a: Position, to b: Position, in graph: CausalGraph) {
        var here = a
        for step in way {
            switch step {
            case .process(let from, let to), .recorded(let from, let to):
                #expect(from == here && from.node == to.node && from.moment < to.moment)
                here = to
            case .influence(_, let from, let to):
                #expect(from == here && graph.edges.contains { graph.position(of: $0.from) == from && graph.position(of: $0.to) == to })
                here = to
            }
        }
        #expect(here == b)
    }
}
