public import RunModel

/// Why an end has the partner that it has, or none.
public struct Explanation: Sendable {
    /// An endpoint that might have been the partner.
    public struct Candidate: Sendable {
        /// The endpoint.
        public var endpoint: EndpointID
        /// What speaks against it; `nil`: nothing does.
        public var contradiction: Contradiction?
    }

    /// The endpoints of the right kind and place, those that nothing speaks against first, then by how near in time they were opened; at
    /// most `mostCandidates`.
    public var candidates: [Candidate] = []
    /// How many more there are.
    public var others = 0

    /// So many candidates are told of.
    public static let mostCandidates = 20
}

/// What speaks against two endpoints being the ends of one connection.
public enum Contradiction: String, Sendable {
    /// The user said that they are not.
    case user
    /// Their addresses do not mirror each other.
    case addresses
    /// The accept returned before the connect was entered.
    case acceptedBeforeConnect
    /// The accept returned after the connecting end had got an answer.
    case acceptedAfterAnswer
    /// One received more than the other sent, or a message longer than the one sent.
    case receivedMore
    /// One saw the end of the stream before it had received all that the other sent, or before the other ended it.
    case endTooEarly
    /// One received something before the other sent it.
    case receivedBeforeSent
}

/// What might have been the partner of an end of a connection, and what speaks against each. Pipes and datagram sockets have none: what
/// they are ends of does not follow from comparing them.
///
/// O(operations): meant for one question at a time.
public func explain(_ nodes: [NodeActivity], _ endpoint: EndpointID, decisions: Decisions = Decisions()) -> Explanation {
    var histories = Histories(nodes)
    histories.forbid(decisions)
    guard let slot = histories.slot(endpoint) else { return Explanation() }
    let own = histories.all[slot]
    let candidates = histories.all.indices.filter { histories.isComparable(slot, $0) }
    let judged = candidates.map { other -> (Explanation.Candidate, Int64) in
        let connects = own.birth == .connect || histories.all[other].birth == .accept
        let (from, to) = connects ? (slot, other) : (other, slot)
        let gap = histories.all[from].openEarliest.distance(reportingTo: histories.all[to].openLatest)
        return (.init(endpoint: histories.all[other].id, contradiction: histories.whyNot(connecting: from, accepting: to)), gap)
    }
    let sorted = judged.sorted { a, b in
        let (one, other) = (a.0.contradiction == nil ? 0 : 1, b.0.contradiction == nil ? 0 : 1)
        return (one, a.1, a.0.endpoint) < (other, b.1, b.0.endpoint)
    }
    return Explanation(
        candidates: sorted.prefix(Explanation.mostCandidates).map(\.0), others: max(0, sorted.count - Explanation.mostCandidates))
}

extension Int64 {
    /// How far `other` is away, at most `Int64.max`.
    fileprivate func distance(reportingTo other: Int64) -> Int64 {
        let (difference, overflow) = other.subtractingReportingOverflow(self)
        return overflow || difference == .min ? .max : abs(difference)
    }
}

extension Histories {
    /// Whether two endpoints are of the same kind, at opposite ends, on hosts that can reach each other by what they are.
    fileprivate func isComparable(_ slot: Int, _ other: Int) -> Bool {
        let (own, its) = (all[slot], all[other])
        guard slot != other, own.kind == its.kind, [.tcp, .unixStream, .unixSequenced].contains(own.kind) else { return false }
        guard own.kind == .tcp || own.host == its.host else { return false }
        return switch (own.birth, its.birth) {
        case (.connect, .accept), (.accept, .connect): true
        case (.inherited, .listen), (.listen, _), (_, .listen): false
        case (.inherited, _), (_, .inherited), (.passed, _), (_, .passed): true
        default: false
        }
    }

    /// What speaks against two endpoints first.
    fileprivate func whyNot(connecting: Int, accepting: Int) -> Contradiction? {
        if all[connecting].kind == .tcp && !couldBeAddressed(connecting, accepting) { return .addresses }
        if let found = contradiction(connecting: connecting, accepting: accepting) { return found }
        let isLate = !notAfter(all[accepting].openLatest, all[connecting].answered, slack(connecting, accepting))
        return isLate ? .acceptedAfterAnswer : nil
    }
}
