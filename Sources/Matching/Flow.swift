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
    let keepsMessages: Bool
    /// How far clocks may contradict.
    let slack: Int64
    /// All sends are of one node, so that the order of their events is one.
    private let isOneSender: Bool
    /// For each send, how much the sends before and up to it gave, by event.
    private let given: [UInt64]
    /// From then on the trace of an end that was open says nothing more.
    private let horizon: Int64

    init(_ histories: Histories, from givers: [Int], to takers: [Int], keepsMessages: Bool, slack: Int64) {
        let sends = histories.calls(of: givers, sends: true)
        let receives = histories.calls(of: takers, sends: false)
        (self.sends, self.receives, self.keepsMessages, self.slack) = (sends, receives, keepsMessages, slack)
        isOneSender = Set(givers.map { histories.all[$0].id.node }).count <= 1
        horizon = min(histories.horizon(givers), histories.horizon(takers))
        let unit: (Call) -> UInt64 = keepsMessages ? { _ in 1 } : { $0.count }
        var total: UInt64 = 0
        let given = sends.map { (call: Call) -> UInt64 in
            total &+= unit(call)
            return total
        }
        self.given = given
        /// Bytes cannot be taken before so many were given, whatever the order.
        let isInTime = { (receive: Call, end: UInt64) -> Bool in
            let index = given.partitionPoint { $0 >= end }
            return index >= sends.count || notAfter(sends[index].earliest, receive.latest, slack)
        }
        let free = Sequence(sends, unit: unit) { _, _ in true }
        received = Sequence(receives, unit: unit) { index, start in
            guard isInTime(receives[index], start &+ unit(receives[index])) else { return false }
            guard keepsMessages, let send = free.certain(at: start) else { return true }
            return sends[send].fits(receives[index])
        }
        let taken = received
        sent =
            free.isCertain || !keepsMessages
            ? free
            : Sequence(sends, unit: unit) { index, start in
                taken.certain(at: start).map { sends[index].fits(receives[$0]) } ?? true
            }
        if keepsMessages && !isCertain { chooseOrder() }
    }

    /// Where the order of messages is open, takes one in which they fit.
    private mutating func chooseOrder() {
        let joint = JointOrder(sends, receives) { send, receive in
            sends[send].fits(receives[receive]) && notAfter(sends[send].earliest, receives[receive].latest, slack)
        }
        guard let joint else { return }
        sent.choose(joint.sends)
        received.choose(joint.receives)
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
        if sent.standings[send].isCertain && received.standings[receive].isCertain && !isBeyondHorizon { return .certain }
        // Whatever the order, so much was given before the receive returned.
        let end = received.standings[receive].least &+ (keepsMessages ? 1 : receives[receive].count)
        let cause = given.partitionPoint { $0 >= end }
        guard !isBeyondHorizon, isOneSender, cause < sends.count else { return .uncertain(after: nil) }
        return .uncertain(after: sends[cause].ref)
    }
}

extension Sequence {
    /// Whether all calls have a certain place.
    var isCertain: Bool { standings.allSatisfy(\.isCertain) }

    /// The call that certainly begins at `start`. O(log calls).
    func certain(at start: UInt64) -> Int? {
        let place = order.partitionPoint { standings[$0].start >= start }
        guard place < order.count else { return nil }
        let standing = standings[order[place]]
        return standing.isCertain && standing.start == start ? order[place] : nil
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
