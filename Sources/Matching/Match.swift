public import RunModel

/// Joins the endpoints of all nodes into channels, and their bytes into deliveries.
///
/// Rules, strongest first: ends born together; TCP connections by their addresses; Unix connections, and TCP
/// connections without addresses, by times and lengths where these leave one answer. Nothing is guessed: what stays
/// open is joined to nothing and counted among the anomalies. See `docs/ordering.md`.
///
/// O(operations + connections * (open connections at the time)); memory: one index for each send and receive, and the result.
public func match(_ nodes: [NodeActivity]) -> Matches {
    let histories = Histories(nodes)
    var joiner = Joiner(histories)
    joiner.joinAll()
    var assembly = Assembly(histories, joiner)
    assembly.build()
    return assembly.matches
}

/// Makes channels and deliveries out of joined endpoints.
private struct Assembly {
    private let histories: Histories
    private let joiner: Joiner
    private var tally: AnomalyTally
    var matches = Matches()

    init(_ histories: Histories, _ joiner: Joiner) {
        self.histories = histories
        self.joiner = joiner
        tally = joiner.tally
        matches.channelOf = histories.nodes.map { [Int32](repeating: -1, count: $0.endpoints.count) }
    }

    mutating func build() {
        for slot in openers() { add(slot) }
        for number in histories.nodes.indices { countOverlaps(number) }
        matches.anomalies = tally.all
    }

    /// The slots that stand for a channel each, in the order of the channels.
    private func openers() -> [Int] {
        let slots = histories.all.indices.filter { slot in
            guard let partner = joiner.partner[slot] else { return isChannel(slot) }
            switch histories.all[slot].birth {
            case .connect: return true
            case .pair: return slot < partner.slot
            case .accept, .inherited, .listen, .open, .made, .passed: return false
            }
        }
        return slots.sorted {
            let (a, b) = (histories.all[$0], histories.all[$1])
            return (a.id.node, a.opened, a.id.serial) < (b.id.node, b.opened, b.id.serial)
        }
    }

    /// Whether an endpoint without partner is one end of a channel at all.
    private func isChannel(_ slot: Int) -> Bool {
        switch histories.all[slot].birth {
        case .listen: false
        case .accept, .pair: true
        case .connect, .inherited, .open, .made, .passed: histories.all[slot].isEstablished
        }
    }

    private mutating func add(_ slot: Int) {
        let index = Int32(truncatingIfNeeded: matches.channels.count)
        let history = histories.all[slot]
        let partner = joiner.partner[slot]
        let here = Channel.End.endpoint(history.id)
        let there = partner.map { Channel.End.endpoint(histories.all[$0.slot].id) } ?? .outside(histories.endpoint(slot).remote)
        let accepted = partner == nil && history.birth == .accept
        matches.channels.append(
            Channel(kind: history.kind, a: accepted ? there : here, b: accepted ? here : there, evidence: partner?.evidence ?? .alone))
        for slot in [slot, partner?.slot].compactMap({ $0 }) {
            let id = histories.all[slot].id
            matches.channelOf[Int(id.node.index)][Int(id.serial)] = index
        }
        var totals = ChannelTotals()
        let (a, b) = accepted ? (nil, slot) : (slot, partner?.slot)
        totals.forward = deliver(from: a, to: b, channel: index, forward: true)
        if a != b { totals.backward = deliver(from: b, to: a, channel: index, forward: false) }
        matches.totals.append(totals)
    }

    private mutating func deliver(from giver: Int?, to taker: Int?, channel: Int32, forward: Bool) -> StreamTotals {
        var delivered: UInt64 = 0
        if let giver, let taker {
            delivered = histories.appendDeliveries(
                from: giver, to: taker, channel: channel, forward: forward, into: &matches.deliveries)
        }
        let totals = histories.totals(from: giver, to: taker, delivered: delivered)
        if totals.notSent > 0, let taker {
            tally.add(Anomaly("bytes-not-sent", first: histories.opening(taker)))
        }
        return totals
    }

    /// Counts operations of different tasks on one endpoint and direction that overlap in time: which of them moved its
    /// bytes first, the order of events does not tell.
    private mutating func countOverlaps(_ number: Int) {
        let node = histories.nodes[number]
        /// For each endpoint and direction the task whose operation ended last so far, and when.
        var last = [(task: Int32, latest: Int64)](repeating: (0, .min), count: node.endpoints.count * 2)
        for operation in node.operations where operation.kind == .send || operation.kind == .receive {
            guard node.endpoints.indices.contains(Int(operation.endpoint)), operation.result > 0 else { continue }
            let lane = Int(operation.endpoint) * 2 + (operation.kind == .send ? 1 : 0)
            if operation.earliest < last[lane].latest && operation.task != last[lane].task {
                tally.add(Anomaly("order-ambiguous", first: Position(node: NodeID(number), moment: operation.at)))
            }
            if operation.latest >= last[lane].latest { last[lane] = (operation.task, operation.latest) }
        }
    }
}
