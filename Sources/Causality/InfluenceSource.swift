public import RunModel

/// A place to ask about: a position, and the process that it is of, if that is known.
public struct Place: Hashable, Sendable {
    /// The node and the moment in it.
    public var position: Position
    /// The process (thread group id). The recorded order can do without.
    public var process: Int32?

    /// The moment of `process` at `position`.
    public init(_ position: Position, process: Int32? = nil) {
        self.position = position
        self.process = process
    }
}

/// Where one of the two relations is read from, block by block: memory, or an index on disk.
///
/// A relation is made of *lines*, within which everything is ordered (the nodes for the recorded order, the chains for the causal one), and
/// of influences from line to line.
public protocol InfluenceSource<Failure> {
    /// What can go wrong in reading.
    associatedtype Failure: Error

    /// Which relation it is.
    var ordering: Ordering { get }
    /// The chains of the run.
    var chains: Chains { get }
    /// The block of `line` with the last influence at or before `moment`; `nil` if there is none.
    func block(of line: Int, atOrBefore moment: Moment) throws(Failure) -> InfluenceBlock?
    /// Block `number` of `line`; `nil` if there is none.
    func block(_ number: Int, of line: Int) throws(Failure) -> InfluenceBlock?
    /// The checkpoint of block `number` of `line`, if there is one.
    func checkpoint(_ number: Int, of line: Int) throws(Failure) -> [Reach]?
}

extension InfluenceSource {
    /// How many lines the relation has.
    public var lineCount: Int { chains.lineCount(ordering) }

    /// The line that `place` is on; `nil` if nothing leads to it or from it, or (causal) its process is not known.
    func line(of place: Place) -> Int? {
        switch ordering {
        case .recorded:
            let node = Int(place.position.node.index)
            return node >= 0 && node < chains.nodeCount ? node : nil
        case .causal: return place.process.flatMap { chains.chain(of: $0, in: place.position.node) }.map { Int($0) }
        }
    }
}
