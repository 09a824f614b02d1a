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
    /// The second follows the first in the same process, or one that shares its memory.
    case process(Position, Position)
    /// The second merely follows the first in the recording of their node: it says nothing about cause and effect.
    case recorded(Position, Position)
    /// One influenced the other.
    case influence(Influence, from: Position, to: Position)
}

extension InfluenceSource {
    /// How `a` lies to `b`, with a way between them. Any moment of a node will do, not only operations.
    ///
    /// In the causal relation the process of both must be given: a process that is not known is concurrent with all but itself.
    ///
    /// Reads some blocks of each line; O(influences) where there are no checkpoints.
    ///
    /// - Parameter ranks: the ranks of both, if known: what has the higher one does not come before the other, and is not looked for.
    public func relation(_ a: Place, _ b: Place, ranks: (Int, Int)? = nil) throws(Failure) -> Relation {
        if a.position == b.position { return .same }
        if ranks.map({ $0 <= $1 }) ?? true, let way = try way(from: a, to: b) { return .before(way) }
        if ranks.map({ $0 >= $1 }) ?? true, let way = try way(from: b, to: a) { return .after(way) }
        return .concurrent
    }

    /// How far every line (node, or chain) has come in the past of `place`: its last moment that can have influenced `place`, `nil` for
    /// none; for the line of `place` its own moment. In the recorded order, this is the least consistent cut with `place` in it.
    ///
    /// Reads some blocks of each line; O(influences) where there are no checkpoints.
    public func past(of place: Place) throws(Failure) -> [Moment?] {
        guard let line = line(of: place) else { return [Moment?](repeating: nil, count: lineCount) }
        var walk = Walk<Failure>(self, from: line, place.position.moment)
        _ = try walk.run()
        var past = walk.latest.map { $0 == .beginning ? nil : $0 }
        past[line] = place.position.moment
        return past
    }

    private func way(from a: Place, to b: Place) throws(Failure) -> [Step]? {
        let (first, second) = (a.position, b.position)
        guard let start = line(of: a), let end = line(of: b) else {
            let isOne = ordering == .causal && first.node == second.node && a.process != nil && a.process == b.process
            return isOne && first.moment < second.moment ? [.process(first, second)] : nil
        }
        if start == end { return first.moment < second.moment ? [step(first, chain(of: a), second, chain(of: b))] : nil }
        return try way(from: (start, first.moment), to: (end, second.moment)).map { steps(from: a, along: $0, to: b) }
    }

    private func chain(of place: Place) -> Int32? { place.process.flatMap { chains.chain(of: $0, in: place.position.node) } }

    private func step(_ a: Position, _ aChain: Int32?, _ b: Position, _ bChain: Int32?) -> Step {
        aChain == bChain && aChain != nil ? .process(a, b) : .recorded(a, b)
    }

    private func steps(from a: Place, along way: [Influence], to b: Place) -> [Step] {
        var steps: [Step] = []
        var (here, hereChain) = (a.position, chain(of: a))
        for influence in way {
            let from = Position(node: chains.nodes[Int(influence.fromChain)], moment: influence.from)
            let to = Position(node: chains.nodes[Int(influence.toChain)], moment: influence.to)
            if here != from { steps.append(step(here, hereChain, from, influence.fromChain)) }
            steps.append(.influence(influence, from: from, to: to))
            (here, hereChain) = (to, influence.toChain)
        }
        if here != b.position { steps.append(step(here, hereChain, b.position, chain(of: b))) }
        return steps
    }
}
