import Calls
import RunModel
import RunStore
import TestSupport
import Testing

@Suite("Merging the calls of nodes")
struct MergeTests {
    /// A node with calls at these events, of which some are operations with a rank; its clock may be off.
    private struct Node {
        var calls: [(event: UInt64, time: Int64)] = []
        var operations: [(event: UInt64, rank: Int)] = []
        var clockOffset: Int64 = 0
    }

    /// The merged order, as `NODE@EVENT`.
    private func merged(_ nodes: [Node]) throws -> [PlacedCall] {
        let merge = try CallMerge(
            nodes.enumerated().map { index, node in
                var calls = node.calls.makeIterator()
                var operations = node.operations.makeIterator()
                let times = Dictionary(node.calls.map { ($0.event, $0.time) }) { first, _ in first }
                return CallMerge.Source(node: NodeID(index), clockOffset: node.clockOffset) {
                    calls.next().map { Call(.call, "read", at: Moment(event: $0.event), time: $0.time, process: 1, task: 1) }
                } operation: {
                    operations.next().map { (Moment(event: $0.event), times[$0.event] ?? 0, $0.rank) }
                }
            })
        var order: [PlacedCall] = []
        while let call = try merge.next() { order.append(call) }
        return order
    }

    private func text(_ calls: [PlacedCall]) -> String { calls.map { "\($0.node.index)@\($0.call.at)" }.joined(separator: " ") }

    @Test("calls without ranks are in the order of time")
    func times() throws {
        let order = try merged([Node(calls: [(1, 10), (2, 30)]), Node(calls: [(1, 5), (2, 20), (3, 40)], clockOffset: 1)])
        #expect(text(order) == "1@1 0@1 1@2 0@2 1@3" && order.allSatisfy { $0.rank == 0 })
    }

    @Test("ranks outweigh clocks, for the operations and for what lies between them")
    func ranks() throws {
        // Node 1's clock is slow: it receives (rank 2) before node 0 sends (rank 1).
        let sender = Node(calls: [(1, 100), (2, 110), (3, 120)], operations: [(2, 1)])
        let receiver = Node(calls: [(1, 50), (2, 60), (3, 61)], operations: [(2, 2)])
        let order = try merged([sender, receiver])
        #expect(text(order) == "1@1 0@1 0@2 1@2 1@3 0@3")
        #expect(order.map(\.rank) == [0, 0, 1, 2, 2, 1])
    }

    @Test("operations that have no line hold nothing back for ever")
    func silent() throws {
        let first = Node(calls: [(5, 50)], operations: [(1, 1), (9, 4)])
        let second = Node(calls: [(3, 10)], operations: [(2, 2), (3, 3)])
        #expect(try text(merged([first, second, Node(operations: [(1, 5)])])) == "1@3 0@5")
    }

    @Test("the order extends the ranks and the nodes' own order, whatever the clocks", arguments: 0..<50)
    func random(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var nodes = (0..<5).map { _ in
            var time: Int64 = .random(in: 0...100, using: &random)
            let calls: [(event: UInt64, time: Int64)] = (1...40).map { event in
                time += .random(in: 0...9, using: &random)
                return (UInt64(event), time)
            }
            return Node(
                calls: calls.filter { _ in Int.random(in: 0..<4, using: &random) > 0 }, clockOffset: .random(in: -50...50, using: &random))
        }
        // Ranks are dealt to the nodes at random; each node's own rise with its events.
        var events = nodes.map { _ in UInt64(0) }
        for rank in 1...60 {
            let node = Int.random(in: 0..<nodes.count, using: &random)
            events[node] += .random(in: 1...3, using: &random)
            nodes[node].operations.append((events[node], rank))
        }
        let order = try merged(nodes)
        #expect(order.count == nodes.reduce(0) { $0 + $1.calls.count }, "seed \(seed)")
        for (index, node) in nodes.enumerated() {
            #expect(order.filter { $0.node == NodeID(index) }.map(\.call.at.event) == node.calls.map(\.event), "seed \(seed)")
        }
        var last = 0
        for placed in order {
            let node = nodes[Int(placed.node.index)]
            #expect(placed.rank == node.operations.last { $0.event <= placed.call.at.event }?.rank ?? 0, "seed \(seed)")
            // The operations themselves are in the order of their ranks.
            guard node.operations.contains(where: { $0.event == placed.call.at.event }) else { continue }
            #expect(placed.rank > last, "seed \(seed)")
            last = placed.rank
        }
    }
}
