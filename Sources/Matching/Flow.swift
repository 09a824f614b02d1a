import RunModel

/// One direction of a channel: the calls that gave, and the calls that took, whichever endpoints they were on.
///
/// The slow way: for directions in which calls overlap, more than one endpoint gives or takes, or messages are kept apart.
struct Flow {
    /// The calls of both sides, in the order of their events.
    let sends: [Call]
    let receives: [Call]
    /// Where they stand: bytes, or messages, from the beginning.
    private(set) var sent: Sequence
    private(set) var received: Sequence
    /// For receives of messages, the send of each, where it is certain, if the order is or not.
    private var origins: [Int: Int] = [:]
    let keepsMessages: Bool
    /// How far clocks may contradict.
    let slack: Int64
    /// All sends are of one node, so that the order of their events is one.
    private let isOneSender: Bool
    /// For each send, how much the sends before and up to it gave, by event.
    private let given: [UInt64]
    /// From then on the trace of an end that was open says nothing more.
    private let horizon: Int64

    init(_ histories: Histories, from givers: [Int], to takers: [Int], keepsMessages: Bool, slack: Int64, contents: Contents) {
        let sends = histories.calls(of: givers, sends: true)
        let receives = histories.calls(of: takers, sends: false)
        (self.sends, self.receives, self.keepsMessages, self.slack) = (sends, receives, keepsMessages, slack)
        isOneSender = Set(givers.map { histories.all[$0].id.node }).count <= 1
        horizon = min(histories.horizon(givers), histories.horizon(takers))
        let unit: (Call) -> UInt64 = keepsMessages ? { _ in 1 } : { $0.count }
        var total: UInt64 = 0
        given = sends.map { (call: Call) -> UInt64 in
            total &+= unit(call)
            return total
        }
        sent = Sequence(sends, unit: unit)
        received = Sequence(receives, unit: unit)
        if isCertain { return }
        var comparison = ContentComparison(contents)
        origins = OrderSearch.settle(&sent, &received) { send, given, receive, taken, count in
            let (send, receive) = (sends[send], receives[receive])
            guard notAfter(send.earliest, receive.latest, slack) else { return false }
            if !keepsMessages { return comparison.agree(send.ref, given, receive.ref, taken, count) }
            return send.fits(receive) && comparison.agree(send.ref, 0, receive.ref, 0, min(send.count, receive.count))
        }
    }

    /// Whether the order of all calls is known.
    var isCertain: Bool { sent.isCertain && received.isCertain }

    /// Whether no receive came before what it took.
    var isInTime: Bool {
        receives.indices.allSatisfy { index in
            let end = received.standings[index].start &+ (keepsMessages ? 1 : receives[index].count)
            let cause = given.partitionPoint { $0 >= end }
            return cause >= sends.count || notAfter(sends[cause].earliest, receives[index].latest, slack)
        }
    }

    /// The byte at which each call begins, in the order of the calls; messages begin where the message they are begins.
    func starts() -> (sends: [UInt64], receives: [UInt64]) {
        guard keepsMessages else { return (sent.standings.map(\.start), received.standings.map(\.start)) }
        var starts = [UInt64](repeating: 0, count: sends.count)
        var end: UInt64 = 0
        for index in sent.order {
            starts[index] = end
            end &+= sends[index].count
        }
        var taken = [UInt64](repeating: 0, count: receives.count)
        for (number, index) in received.order.enumerated() {
            if number < sent.order.count {
                taken[index] = starts[sent.order[number]]
            } else {
                taken[index] = end
                end &+= receives[index].count
            }
        }
        return (starts, taken)
    }

    /// Whether it is beyond doubt where these calls stand.
    func certainty(send: Int, receive: Int) -> Delivery.Certainty {
        let isBeyondHorizon = max(sends[send].latest, receives[receive].latest) > horizon
        let isPlaced = sent.standings[send].isCertain && received.standings[receive].isCertain
        if isPlaced || keepsMessages && origins[receive] == send, !isBeyondHorizon { return .certain }
        // Whatever the order, so much was given before the receive returned.
        let end = received.standings[receive].least &+ (keepsMessages ? 1 : receives[receive].count)
        let cause = given.partitionPoint { $0 >= end }
        guard !isBeyondHorizon, isOneSender, cause < sends.count else { return .uncertain(after: nil) }
        return .uncertain(after: sends[cause].ref)
    }
}

extension Histories {
    /// The calls with known bytes on some endpoints, in the order of their events: by time between nodes.
    func calls(of slots: [Int], sends wantsSends: Bool) -> [Call] {
        var numbers: [Int64: Int32] = [:]
        var calls: [Call] = []
        for slot in slots {
            let (node, id) = (node(slot), all[slot].id)
            for index in wantsSends ? sends[all[slot].sends] : receives[all[slot].receives] {
                let operation = node.operations[Int(index)]
                let thread = Int64(id.node.index) << 32 | Int64(UInt32(bitPattern: operation.task))
                let number = numbers[thread] ?? Int32(truncatingIfNeeded: numbers.count)
                numbers[thread] = number
                let count = operation.length
                calls.append(
                    Call(
                        ref: OperationRef(node: id.node, index: Int(index)), earliest: operation.earliest &+ node.clockOffset,
                        latest: operation.latest &+ node.clockOffset, count: count, task: number,
                        length: max(count, UInt64(clamping: operation.result)), mayBeLonger: operation.isFull && operation.kind == .receive)
                )
            }
        }
        guard slots.count > 1 else { return calls }
        return calls.sorted { a, b in
            if a.ref.node == b.ref.node { return a.ref.index < b.ref.index }
            let (one, other) = wantsSends ? (a.earliest, b.earliest) : (a.latest, b.latest)
            return (one, a.ref) < (other, b.ref)
        }
    }

    /// When the first of several nodes falls silent that have an end open at the end of their trace.
    func horizon(_ slots: [Int]) -> Int64 {
        guard Set(slots.map { all[$0].id.node }).count > 1 else { return .max }
        return slots.filter { all[$0].isCut }.map(end).min() ?? .max
    }

    /// When the trace of an endpoint's node is last heard of.
    func end(of slot: Int) -> Int64 {
        let node = node(slot)
        return node.operations.last.map { $0.latest &+ node.clockOffset } ?? .min
    }
}
