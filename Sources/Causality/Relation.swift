public import RunModel

/// How two positions lie to each other.
public enum Relation: Hashable, Sendable {
    /// They are the same.
    case same
    /// The first comes before the second; the way from it to there.
    case before([Step])
    /// The first comes after the second; the way from there to it.
    case after([Step])
    /// Neither could have influenced the other.
    case concurrent
}

/// A step on the way from one position to a later one.
public enum Step: Hashable, Sendable {
    /// The second merely follows the first in the recording of its node.
    case follows(Position, Position)
    /// Something went from one node to the other.
    case edge(Edge)
}

extension CausalGraph {
    /// How `a` lies to `b`, with the way between them that has the fewest edges among those the search meets first.
    ///
    /// O(operations and edges between their ranks), with one number for each node. Any moment of a node will do, not only operations.
    public func relation(_ a: Position, _ b: Position) -> Relation {
        if a == b { return .same }
        if let way = way(from: a, to: b) { return .before(way) }
        if let way = way(from: b, to: a) { return .after(way) }
        return .concurrent
    }

    /// The least consistent cut that contains `position`: for each node the moment of its last operation that could have
    /// influenced it, `nil` for none; for the position's own node, its moment.
    ///
    /// O(operations and edges before it).
    public func past(of position: Position) -> [Moment?] {
        var walk = BackwardWalk(self, from: position, downTo: 0)
        while walk.step() {}
        var cut: [Moment?] = nodes.indices.map { walk.last[$0] < 0 ? nil : nodes[$0].operations[walk.last[$0]].at }
        if cut.indices.contains(Int(position.node.index)) { cut[Int(position.node.index)] = position.moment }
        return cut
    }

    /// The first edge that leads into `cut` from outside it; `nil` if the cut is consistent. O(edges).
    public func firstEdgeInto(cut: [Moment?]) -> Edge? {
        let ends = nodes.indices.map { node in
            node < cut.count ? cut[node].flatMap { nodes[node].lastOperation(atOrBefore: $0) } ?? -1 : -1
        }
        return edges.first { Int($0.to.index) <= ends[Int($0.to.node.index)] && Int($0.from.index) > ends[Int($0.from.node.index)] }
    }

    /// The way from `a` to `b`, if `a` comes before `b`.
    private func way(from a: Position, to b: Position) -> [Step]? {
        guard nodes.indices.contains(Int(a.node.index)), nodes.indices.contains(Int(b.node.index)) else { return nil }
        if a.node == b.node { return a.moment < b.moment ? [.follows(a, b)] : nil }
        let source = Int(a.node.index)
        let first = nodes[source].firstOperation(atOrAfter: a.moment)
        guard let floor = order.rank(of: OperationRef(node: a.node, index: first)) else { return nil }
        var walk = BackwardWalk(self, from: b, downTo: floor)
        while walk.last[source] < first { if !walk.step() { return nil } }
        return steps(from: a, along: walk.path(to: source), to: b)
    }

    private func steps(from a: Position, along path: [Edge], to b: Position) -> [Step] {
        var steps: [Step] = []
        var here = a
        for edge in path {
            let start = position(of: edge.from)
            if here != start { steps.append(.follows(here, start)) }
            steps.append(.edge(edge))
            here = position(of: edge.to)
        }
        if here != b { steps.append(.follows(here, b)) }
        return steps
    }
}

/// Finds what comes before a position, going back along chains and edges, nearest first.
///
/// A node's operations are looked at once each, in stretches: a new edge into the node from further on adds one.
private struct BackwardWalk {
    /// For each node the last operation found to come before; -1 for none.
    private(set) var last: [Int]
    private let graph: CausalGraph
    /// Nothing of a lower rank is of interest.
    private let floor: Int
    /// For each node the last operation whose edges were followed.
    private var followed: [Int]
    /// The stretches found, each with the edge that led to it (-1: the start) and the stretch it led from.
    private var found: [(edge: Int, parent: Int, node: Int, end: Int)] = []
    private var next = 0

    init(_ graph: CausalGraph, from position: Position, downTo floor: Int) {
        self.graph = graph
        self.floor = floor
        last = [Int](repeating: -1, count: graph.nodes.count)
        followed = last
        let node = Int(position.node.index)
        guard graph.nodes.indices.contains(node), let index = graph.nodes[node].lastOperation(atOrBefore: position.moment) else { return }
        last[node] = index
        found.append((-1, -1, node, index))
    }

    /// Follows the edges into one more stretch; false when there is none left.
    mutating func step() -> Bool {
        guard next < found.count else { return false }
        let (current, node, end) = (next, found[next].node, found[next].end)
        next += 1
        guard followed[node] < end else { return true }
        var edge = graph.table.into(node, end).upperBound
        let first = graph.table.into(node, followed[node] + 1).lowerBound
        while edge > first {
            edge -= 1
            if floor > 0 && (graph.order.rank(of: graph.edges[edge].to) ?? 0) < floor { break }
            let (source, index) = (Int(graph.edges[edge].from.node.index), Int(graph.edges[edge].from.index))
            if last[source] < index {
                last[source] = index
                found.append((edge, current, source, index))
            }
        }
        followed[node] = end
        return true
    }

    /// The edges from `node`'s last found operation to the start of the walk.
    func path(to node: Int) -> [Edge] {
        var path: [Edge] = []
        var entry = found.lastIndex { $0.node == node } ?? 0
        while found.indices.contains(entry), found[entry].edge >= 0 {
            path.append(graph.edges[found[entry].edge])
            entry = found[entry].parent
        }
        return path
    }
}
