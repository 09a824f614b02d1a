public import Causality
public import RunModel
public import RunStore

/// One of the two relations, as an index on disk has it.
private struct StoredRelation: InfluenceSource {
    let ordering: Ordering
    let chains: Chains
    let reader: InfluenceReader

    func block(of line: Int, atOrBefore moment: Moment) throws(IndexError) -> InfluenceBlock? {
        try reader.block(of: line, atOrBefore: moment)
    }
    func block(_ number: Int, of line: Int) throws(IndexError) -> InfluenceBlock? { try reader.block(number, of: line) }
    func checkpoint(_ number: Int, of line: Int) throws(IndexError) -> [Reach]? { try reader.checkpoint(number, of: line) }
}

extension RunIndex {
    /// The chains of the run.
    public func chains() throws(IndexError) -> Chains { Chains(rows: try chainRows(), nodeCount: nodes.count) }

    /// How `a` lies to `b`, with a way between them: see `InfluenceSource.relation`. Reads some blocks of each line.
    public func relation(_ a: Place, _ b: Place, _ ordering: Ordering) throws(IndexError) -> Relation {
        let ranks = try ranks(of: [a.position, b.position])
        return try read(ordering) { relation throws(IndexError) in try relation.relation(a, b, ranks: (ranks[0], ranks[1])) }
    }

    /// How far every line has come in the past of `place`: see `InfluenceSource.past`. Reads some blocks of each line.
    public func past(of place: Place, _ ordering: Ordering) throws(IndexError) -> [Moment?] {
        try read(ordering) { relation throws(IndexError) in try relation.past(of: place) }
    }

    private func read<T>(_ ordering: Ordering, _ body: (StoredRelation) throws(IndexError) -> T) throws(IndexError) -> T {
        let chains = try chains()
        let stored = chains.isOnePerNode ? Ordering.recorded : ordering
        return try influences(stored, chains: chains.count) { try body(StoredRelation(ordering: ordering, chains: chains, reader: $0)) }
    }
}
