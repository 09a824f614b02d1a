import RunModel

/// Descriptors that went over connections to other processes (SCM_RIGHTS): which endpoints are the same open file.
struct Passings {
    /// For each endpoint that others name, too, those others: by slot, in the order in which they came about.
    private(set) var others: [Int: [Int]] = [:]
    /// Messages whose descriptors could not be told: where each was received, and how many it had.
    private(set) var unknown: [(at: Position, count: Int)] = []

    /// Brings together what was sent and what was received by connections whose ends are `partner` of each other.
    init(_ histories: Histories, partner: (Int) -> Int?) {
        var sent: [Int: [Passing]] = [:]
        for (number, node) in histories.nodes.enumerated() {
            for passing in node.passings where passing.isSend && node.endpoints.indices.contains(Int(passing.carrier)) {
                sent[histories.base[number] + Int(passing.carrier), default: []].append(passing)
            }
        }
        var first: [Int: Int] = [:]
        for (number, node) in histories.nodes.enumerated() {
            for passing in node.passings where !passing.isSend && node.endpoints.indices.contains(Int(passing.carrier)) {
                let carrier = histories.base[number] + Int(passing.carrier)
                let giver = partner(carrier)
                let isInOrder = giver.map { !histories.all[$0].sendsOverlap && !histories.all[carrier].receivesOverlap } ?? false
                // A receive ends behind a message with descriptors, so there is no second one in it. Who lacks room for all gets the first.
                guard let giver, isInOrder, let match = sent[giver].flatMap({ Self.last($0, in: passing.place) }),
                    match.endpoints.count >= passing.endpoints.count
                else {
                    unknown.append((Position(node: NodeID(number), moment: passing.at), passing.endpoints.count))
                    continue
                }
                for (one, other) in zip(match.endpoints, passing.endpoints) where one >= 0 && other >= 0 {
                    guard let one = histories.slot(EndpointID(node: histories.all[giver].id.node, serial: Int(one))),
                        let other = histories.slot(EndpointID(node: NodeID(number), serial: Int(other))),
                        histories.all[other].birth == .passed
                    else { continue }
                    first[other] = one
                }
            }
        }
        for (other, next) in first.sorted(by: { $0.key < $1.key }) {
            // What came by a message may have been passed on.
            var (slot, steps) = (next, 0)
            while let further = first[slot], steps < first.count { (slot, steps) = (further, steps + 1) }
            if first[slot] == nil && histories.all[slot].kind.isStream { others[slot, default: []].append(other) }
        }
    }

    /// The last of these messages, which were sent one after the other, that begins in `place`. O(log n).
    private static func last(_ sent: [Passing], in place: Range<UInt64>) -> Passing? {
        let behind = sent.partitionPoint { $0.place.lowerBound >= place.upperBound }
        return behind > 0 && place.contains(sent[behind - 1].place.lowerBound) ? sent[behind - 1] : nil
    }
}

extension Endpoint.Kind {
    /// Whether bytes go through it one after the other.
    fileprivate var isStream: Bool { self != .unknown && !keepsMessages }
}
