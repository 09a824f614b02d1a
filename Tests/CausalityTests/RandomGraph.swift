import Causality
import RunModel
import TestSupport

/// A random small run: nodes with several processes, deliveries and links between them, none of which closes a cycle. And the truth about
/// it, from a transitive closure computed the plain way.
struct RandomGraph {
    /// Something that happens: at an event of its own, in a process of a node.
    struct Happening {
        let node: Int
        let index: Int
        let process: Int32

        /// Between any two there is an event at which nothing happens.
        var moment: Moment { Moment(event: UInt64(2 * index + 2)) }
        var place: Place { Place(Position(node: NodeID(node), moment: moment), process: process) }
    }

    let nodes: [NodeActivity]
    let deliveries: [Delivery]
    let happenings: [Happening]
    /// By `Ordering`: `closure[a][b]`, that `a` is `b` or before it.
    private var closures: [Ordering: [[Bool]]] = [:]

    /// - Parameter size: how much may happen.
    init(seed: UInt64, size: Int = 24) {
        var random = SeededGenerator(seed: seed)
        let nodeCount = Int.random(in: 1...4, using: &random)
        let processes = Int32.random(in: 1...3, using: &random)
        var happenings: [Happening] = []
        var counts = [Int](repeating: 0, count: nodeCount)
        for _ in 0..<Int.random(in: 1...size, using: &random) {
            let node = Int.random(in: 0..<nodeCount, using: &random)
            happenings.append(Happening(node: node, index: counts[node], process: .random(in: 1...processes, using: &random)))
            counts[node] += 1
        }
        var nodes = counts.map { _ in NodeActivity() }
        for happening in happenings {
            nodes[happening.node].operations.append(
                Operation(
                    endpoint: 0, kind: .send, entered: happening.moment, at: happening.moment, process: happening.process,
                    task: happening.process, earliest: 0, latest: 0))
        }
        var pairs: [(from: Int, to: Int)] = []
        var deliveries: [Delivery] = []
        for _ in 0..<Int.random(in: 0...size * 2 / 3, using: &random) where happenings.count > 1 {
            // What is made later in the list happens later.
            let to = Int.random(in: 1..<happenings.count, using: &random)
            let from = Int.random(in: 0..<to, using: &random)
            let (giver, taker) = (happenings[from], happenings[to])
            pairs.append((from, to))
            if giver.node == taker.node && Bool.random(using: &random) {
                nodes[giver.node].links.append(
                    Link(
                        kind: Link.Kind.allCases.randomElement(using: &random) ?? .fork, from: giver.moment, fromProcess: giver.process,
                        to: taker.moment, toProcess: taker.process))
            } else {
                let (sent, received) = (
                    OperationRef(node: NodeID(giver.node), index: giver.index), OperationRef(node: NodeID(taker.node), index: taker.index)
                )
                deliveries.append(Delivery(channel: 0, forward: true, bytes: 0..<1, sent: sent, received: received))
            }
        }
        for node in nodes.indices {
            nodes[node].links.sort { $0.to < $1.to }
            if Int.random(in: 0..<4, using: &random) == 0 { nodes[node].memoryOwner = [3: 2] }
        }
        self.nodes = nodes
        self.deliveries = deliveries
        self.happenings = happenings
        for ordering in Ordering.allCases { closures[ordering] = closure(ordering, pairs) }
    }

    private func closure(_ ordering: Ordering, _ pairs: [(from: Int, to: Int)]) -> [[Bool]] {
        var closure = happenings.indices.map { a in
            happenings.indices.map { b in a == b || (isOneLine(happenings[a].place, happenings[b].place, ordering) && a < b) }
        }
        for pair in pairs { closure[pair.from][pair.to] = true }
        for middle in happenings.indices {
            for a in happenings.indices where closure[a][middle] {
                for b in happenings.indices where closure[middle][b] { closure[a][b] = true }
            }
        }
        return closure
    }

    func isOneLine(_ a: Place, _ b: Place, _ ordering: Ordering) -> Bool {
        let owner = { (place: Place) in
            place.process.map { nodes[Int(place.position.node.index)].memoryOwner[$0] ?? $0 }
        }
        return a.position.node == b.position.node && (ordering == .recorded || owner(a) == owner(b))
    }

    /// Whether something at or after `a` reaches something at or before `b`.
    func isBefore(_ a: Place, _ b: Place, _ ordering: Ordering) -> Bool {
        if isOneLine(a, b, ordering) { return a.position.moment < b.position.moment }
        guard let closure = closures[ordering] else { return false }
        let first = happenings.indices.filter { isOneLine(happenings[$0].place, a, ordering) && happenings[$0].moment >= a.position.moment }
        let last = happenings.indices.filter { isOneLine(happenings[$0].place, b, ordering) && happenings[$0].moment <= b.position.moment }
        return first.contains { start in last.contains { closure[start][$0] } }
    }

    /// All that can be asked about: every process at its own events, and at those between.
    var places: [Place] {
        happenings.flatMap { happening in
            [
                happening.place,
                Place(
                    Position(node: NodeID(happening.node), moment: Moment(event: happening.moment.event + 1)), process: happening.process),
            ]
        }
    }
}
