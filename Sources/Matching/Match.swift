public import RunModel

/// Joins the endpoints of all nodes into channels, and their bytes into deliveries.
///
/// Rules, strongest first: ends born together; TCP connections by their addresses; Unix connections, and TCP
/// connections without addresses, by times and lengths where these leave one answer. Nothing is guessed: what stays
/// open is joined to nothing and counted among the anomalies. See `docs/ordering.md`.
///
/// O(operations + connections * (open connections at the time)); memory: one index for each send and receive, and the result.
///
/// - Parameters:
///   - decisions: the user's word, which counts more than any rule.
///   - contents: the bytes that calls moved, as far as they are known: they tell datagrams apart, and calls that overlap where lengths
///     and times do not.
public func match(_ nodes: [NodeActivity], decisions: Decisions = Decisions(), contents: Contents = Contents()) -> Matches {
    var histories = Histories(nodes)
    histories.forbid(decisions)
    var joiner = Joiner(histories)
    joiner.joinAll(decisions)
    let conversations = Conversations(histories, contents) { joiner.partner[$0] != nil }
    var assembly = Assembly(histories, joiner, conversations, contents)
    assembly.build()
    return assembly.matches
}

/// The endpoints at the two ends of a channel, as slots.
struct Ends {
    var a: [Int]
    var b: [Int]
    var evidence: Channel.Evidence
    /// Where it was opened.
    var opener: Int
    /// It may have been closed by all for a while; then what was not read is gone.
    var mayHaveRestarted = false
}

/// Makes channels and deliveries out of joined endpoints.
struct Assembly {
    let histories: Histories
    private let joiner: Joiner
    let conversations: Conversations
    private let contents: Contents
    var tally: AnomalyTally
    private(set) var matches = Matches()
    /// Where each message of a datagram socket begins in its stream, by its number.
    var starts: [UInt64]

    init(_ histories: Histories, _ joiner: Joiner, _ conversations: Conversations, _ contents: Contents) {
        self.histories = histories
        self.joiner = joiner
        self.conversations = conversations
        self.contents = contents
        starts = [UInt64](repeating: 0, count: Int(conversations.datagrams.count))
        tally = joiner.tally
        matches.channelOf = histories.nodes.map { [Int32](repeating: -1, count: $0.endpoints.count) }
        matches.placements = histories.nodes.map { _ in [] }
    }

    mutating func build() {
        var drafts = allEnds().map { ends in
            Draft(opened: histories.opening(ends.opener), serial: histories.all[ends.opener].id.serial, source: .ends(ends))
        }
        for (number, conversation) in conversations.all.enumerated() {
            guard let (opened, serial) = opening(conversation) else { continue }
            drafts.append(Draft(opened: opened, serial: serial, source: .conversation(number)))
        }
        drafts.sort { ($0.opened.node, $0.opened.moment, $0.serial) < ($1.opened.node, $1.opened.moment, $1.serial) }
        for draft in drafts {
            switch draft.source {
            case .ends(let ends): add(ends)
            case .conversation(let number): add(conversations.all[number], opened: draft.opened)
            }
        }
        noteOpenAddresses()
        for node in matches.placements.indices { matches.placements[node].sort { $0.operation < $1.operation } }
        matches.anomalies = tally.all
    }

    /// A channel to be made, and where it stands among the others.
    private struct Draft {
        enum Source {
            case ends(Ends)
            case conversation(Int)
        }
        var opened: Position
        var serial: Int32
        var source: Source
    }

    /// The ends of all channels.
    private func allEnds() -> [Ends] {
        var all: [Ends] = []
        for slot in histories.all.indices where !joiner.isShared[slot] {
            guard let partner = joiner.partner[slot] else {
                if isChannel(slot) { all.append(alone(slot)) }
                continue
            }
            if isA(slot, partner.slot) {
                all.append(Ends(a: whole([slot]), b: whole([partner.slot]), evidence: partner.evidence, opener: slot))
            }
        }
        for pipe in joiner.pipes {
            all.append(
                Ends(
                    a: whole(pipe.writers), b: whole(pipe.readers), evidence: .creation, opener: pipe.writers[0],
                    mayHaveRestarted: pipe.mayHaveRestarted))
        }
        return all
    }

    /// These endpoints, and those that name the same open files.
    private func whole(_ slots: [Int]) -> [Int] { joiner.passed.isEmpty ? slots : slots.flatMap { [$0] + (joiner.passed[$0] ?? []) } }

    /// Whether of two joined endpoints this is the one that connected, or writes to the pipe.
    private func isA(_ slot: Int, _ partner: Int) -> Bool {
        if slot == partner { return true }
        if histories.all[slot].kind == .pipe { return joiner.writes(slot, partner) }
        switch (histories.all[slot].birth, histories.all[partner].birth) {
        case (.connect, .connect): return slot < partner
        case (.connect, _), (_, .accept): return true
        case (_, .connect), (.accept, _): return false
        case (.pair, _), (.inherited, _), (.listen, _), (.open, _), (.made, _), (.passed, _): return slot < partner
        }
    }

    /// Whether an endpoint without partner is one end of a channel at all.
    private func isChannel(_ slot: Int) -> Bool {
        // Datagram sockets are ends of conversations.
        if histories.all[slot].kind.isDatagram { return false }
        return switch histories.all[slot].birth {
        case .listen: false
        case .accept, .pair: true
        case .connect, .inherited, .open, .made, .passed: histories.all[slot].isEstablished
        }
    }

    /// The ends of a channel with one recorded endpoint.
    private func alone(_ slot: Int) -> Ends {
        let takes = histories.all[slot].birth == .accept || histories.endpoint(slot).access == .read
        return Ends(a: takes ? [] : whole([slot]), b: takes ? whole([slot]) : [], evidence: .alone, opener: slot)
    }

    /// Adds a channel with all that goes with it; its placements are for the caller to add.
    mutating func append(_ channel: Channel, opened: Position, _ totals: ChannelTotals, _ deliveries: [Delivery]) {
        matches.channels.append(channel)
        matches.opened.append(opened)
        matches.totals.append(totals)
        matches.deliveries += deliveries
    }

    mutating func place(_ operation: OperationRef, _ channel: Int32, at start: UInt64) {
        matches.placements[Int(operation.node.index)].append(Placement(operation: operation.index, channel: channel, start: start))
    }

    private mutating func add(_ ends: Ends) {
        let index = Int32(truncatingIfNeeded: matches.channels.count)
        var kind = histories.all[ends.opener].kind
        if kind == .unknown, let known = (ends.a + ends.b).first(where: { histories.all[$0].kind != .unknown }) {
            kind = histories.all[known].kind
        }
        let outside = Channel.End.outside(histories.endpoint(ends.opener).remote)
        let end = { [histories] (slot: Int?) in slot.map { Channel.End.endpoint(histories.all[$0].id) } ?? outside }
        var channel = Channel(kind: kind, a: end(ends.a.first), b: end(ends.b.first), evidence: ends.evidence)
        channel.alsoA = ends.a.dropFirst().map { histories.all[$0].id }
        channel.alsoB = ends.b.dropFirst().map { histories.all[$0].id }
        channel.isAmbiguous = (ends.a + ends.b).contains { joiner.isOpen[$0] }
        matches.channels.append(channel)
        matches.opened.append(histories.opening(ends.opener))
        for slot in ends.a + ends.b {
            let id = histories.all[slot].id
            matches.channelOf[Int(id.node.index)][Int(id.serial)] = index
        }
        var totals = ChannelTotals()
        totals.forward = deliver(from: ends.a, to: ends.b, index, forward: true, ends)
        if kind != .pipe && ends.a != ends.b { totals.backward = deliver(from: ends.b, to: ends.a, index, forward: false, ends) }
        matches.totals.append(totals)
    }

    private mutating func deliver(from givers: [Int], to takers: [Int], _ channel: Int32, forward: Bool, _ ends: Ends) -> StreamTotals {
        let all = histories.all
        guard let giver = givers.first, let taker = takers.first else {
            return histories.totals(from: givers, to: takers, delivered: 0)
        }
        let isPlain =
            givers.count == 1 && takers.count == 1 && !all[giver].sendsOverlap && !all[taker].receivesOverlap
            && !histories.mayBeShared(giver, taker)
        let totals: StreamTotals
        if isPlain && !all[giver].kind.keepsMessages {
            let delivered = histories.appendDeliveries(
                from: giver, to: taker, channel: channel, forward: forward, into: &matches.deliveries)
            totals = histories.totals(from: givers, to: takers, delivered: delivered)
        } else {
            totals = deliverSlowly(from: givers, to: takers, channel, forward: forward, ends)
        }
        if totals.notSent > 0 {
            tally.add(Anomaly("bytes-not-sent", first: histories.opening(taker)))
        }
        return totals
    }

    private mutating func deliverSlowly(
        from givers: [Int], to takers: [Int], _ channel: Int32, forward: Bool, _ ends: Ends
    ) -> StreamTotals {
        let isSeveral = givers.count > 1 || takers.count > 1
        let isShared = isSeveral || histories.mayBeShared(givers[0], takers[0])
        let isOpaque = isSeveral && (givers + takers).contains { histories.all[$0].isOpaque }
        guard !isOpaque else { return histories.totals(from: givers, to: takers, delivered: 0) }
        let flow = Flow(
            histories, from: givers, to: takers, keepsMessages: histories.all[givers[0]].kind.keepsMessages,
            slack: histories.slack(givers + takers), contents: contents)
        let plan = flow.deliveries(channel: channel, forward: forward)
        let totals = histories.totals(from: givers, to: takers, delivered: plan.delivered, discarded: plan.discarded)
        let hasEnded = takers.contains { histories.all[$0].endSeen != nil }
        let isContradicted = !flow.isInTime || totals.notSent > 0 || totals.unread > 0 && (hasEnded || ends.mayHaveRestarted)
        if isShared && isContradicted {
            // What these did not give, or not take before they saw the end, somebody else did.
            tally.add(Anomaly("pipe-shared", first: histories.opening(givers[0])))
            return histories.totalsOfStrangers(from: givers, to: takers)
        }
        matches.deliveries += plan.deliveries
        place(flow, channel)
        if !flow.isCertain { matches.channels[Int(channel)].isAmbiguous = true }
        for ref in flow.doubtful {
            let moment = histories.nodes[Int(ref.node.index)].operations[Int(ref.index)].at
            tally.add(Anomaly("order-ambiguous", first: Position(node: ref.node, moment: moment)))
        }
        return totals
    }

    /// Notes where calls stand, if not where their events alone would put them.
    private mutating func place(_ flow: Flow, _ channel: Int32) {
        let starts = flow.starts()
        for (calls, starts) in [(flow.sends, starts.sends), (flow.receives, starts.receives)] {
            for (call, start) in zip(calls, starts) {
                let node = Int(call.ref.node.index)
                if histories.nodes[node].operations[Int(call.ref.index)].bytes?.lowerBound != start {
                    place(call.ref, channel, at: start)
                }
            }
        }
    }
}
