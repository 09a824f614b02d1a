import Causality
import Matching
import RunModel
import TestSupport

/// One world, what was found in it, and what is wrong with that.
struct Trial {
    let simulation: Simulation
    let matches: Matches
    let graph: CausalGraph
    var faults: [String] = []
    /// How many endpoints have a recorded partner, how many of all were joined to another, and how many rightly, by evidence and kind.
    var (recorded, wrong) = (0, 0)
    var right: [String: Int] = [:]

    /// The world of `seed`.
    init(seed: UInt64, features: SimulationFeatures = .all) { self.init(.scenario(seed: seed, features: features)) }

    init(_ plan: Plan) {
        simulation = Simulation(plan)
        let simulation = simulation
        let contents = Contents(isKnown: simulation.contents.isKnown) { operation, offset, count in
            let length = simulation.nodes[Int(operation.node.index)].operations[Int(operation.index)].result
            return simulation.contents.bytes(operation, from: offset, count: count, of: UInt64(clamping: length))
        }
        matches = match(simulation.nodes, contents: contents)
        graph = CausalGraph(nodes: simulation.nodes, channels: matches.channels, deliveries: matches.deliveries)
        checkChannels()
        checkDeliveries()
        checkAccounts()
        // A channel that was joined by chance brings about anything.
        guard wrong == 0 else { return }
        let decided = simulation.edges.filter { isDecided($0.kind, $0.from, $0.to) }
        checkOrder(decided)
        var random = SeededGenerator(seed: plan.seed)
        checkRelations(decided, &random)
    }

    // MARK: Channels

    private mutating func checkChannels() {
        for (id, truth) in simulation.partner.sorted(by: { $0.key < $1.key }) {
            let channel = channel(of: id)
            let found = channel.flatMap { peer(of: id, in: $0) }
            if truth != nil { recorded += 1 }
            if found == truth, truth != nil, let channel { right["\(channel.kind) by \(channel.evidence)", default: 0] += 1 }
            if let found, found != truth {
                wrong += 1
                // With neither true partner recorded, times and lengths that happen to fit are all there is.
                if truth != nil || simulation.partner[found] != .some(nil), !simulation.doubtful.contains(id) {
                    faults.append("\(name(id)) joined to \(name(found)), not \(name(truth))")
                }
            }
            if simulation.decidable.contains(id) && found != truth {
                faults.append("\(name(id)) not joined to \(name(truth)), but to \(name(found))")
            }
        }
    }

    private func channel(of id: EndpointID) -> Channel? {
        let index = matches.channelOf[Int(id.node.index)][Int(id.serial)]
        return index < 0 ? nil : matches.channels[Int(index)]
    }

    private func peer(of id: EndpointID, in channel: Channel) -> EndpointID? {
        guard case .endpoint(let a) = channel.a, case .endpoint(let b) = channel.b else { return nil }
        return a == id ? b : a
    }

    /// Whether the channel of an end has its true ends.
    private func isRight(_ channel: Channel) -> Bool {
        guard case .endpoint(let a) = channel.a, case .endpoint(let b) = channel.b else { return false }
        return channel.kind.isDatagram || simulation.partner[a] == .some(b)
    }

    private func name(_ id: EndpointID?) -> String { id.map { "end \($0.serial) of node \($0.node.index)" } ?? "nobody" }

    // MARK: Deliveries

    /// Deliveries of all channels that were found are the true ones, wherever somebody can know; nothing else is called certain.
    private mutating func checkDeliveries() {
        var found: Set<Delivery> = []
        let truth = (sent: Set(simulation.deliveries.map(\.sent)), received: Set(simulation.deliveries.map(\.received)))
        for var delivery in matches.deliveries where isRight(matches.channels[Int(delivery.channel)]) {
            let evidence = matches.channels[Int(delivery.channel)].evidence
            delivery.channel = -1
            let isDatagram = simulation.endpoint(sender(of: delivery)).kind.isDatagram
            if isDatagram { (delivery.bytes, delivery.forward) = (0..<UInt64(delivery.bytes.count), true) }
            delivery = unplaced(delivery)
            if isDatagram && evidence == .order && !truth.sent.contains(delivery.sent) && !truth.received.contains(delivery.received) {
                wrong += 1
            } else if delivery.isCertain {
                found.insert(delivery)
            } else if !isDatagram && simulation.overlaps[sender(of: delivery)] == nil {
                faults.append("called uncertain without need: \(list([delivery]))")
            }
        }
        let joined = Set(simulation.deliveries.filter { isJoined(sender(of: $0)) }.map(unplaced))
        let wrong = found.subtracting(joined)
        if !wrong.isEmpty { faults.append("wrong deliveries: \(list(wrong))") }
        let missing = joined.filter { isEvident($0.sent, $0.received) }.subtracting(found)
        if !missing.isEmpty { faults.append("missing deliveries: \(list(missing))") }
    }

    /// Which message is which can be certain where its place in the stream is not: that depends on the lengths of those before it.
    private func unplaced(_ delivery: Delivery) -> Delivery {
        let end = sender(of: delivery)
        guard simulation.endpoint(end).kind.keepsMessages, simulation.overlaps[end] != nil else { return delivery }
        var delivery = delivery
        delivery.bytes = 0..<UInt64(delivery.bytes.count)
        return delivery
    }

    /// Whether an end is in the right channel, if it is in one at all: datagram sockets may be in many.
    private func isJoined(_ id: EndpointID) -> Bool {
        simulation.endpoint(id).kind.isDatagram || channel(of: id).map(isRight) ?? false
    }

    /// Whether anybody can know that the receive took bytes of the send.
    private func isEvident(_ send: OperationRef, _ receive: OperationRef) -> Bool {
        if simulation.hasNoPlace(send) || simulation.hasNoPlace(receive) { return false }
        if simulation.endpoint(end(send)).kind.isDatagram { return simulation.plainDatagrams.contains(receive) }
        return simulation.overlaps[end(send)].map { $0.certain.contains(SendAndReceive(send: send, receive: receive)) } ?? true
    }

    private func sender(of delivery: Delivery) -> EndpointID { end(delivery.sent) }

    private func end(_ operation: OperationRef) -> EndpointID {
        let serial = simulation.nodes[Int(operation.node.index)].operations[Int(operation.index)].endpoint
        return EndpointID(node: operation.node, serial: Int(serial))
    }

    private func list(_ deliveries: Set<Delivery>) -> String {
        deliveries.prefix(3).map { "\($0.bytes) from \(place($0.sent)) to \(place($0.received))" }.joined(separator: ", ")
    }

    private func place(_ operation: OperationRef) -> String {
        "\(operation.node.index)@\(simulation.nodes[Int(operation.node.index)].operations[Int(operation.index)].at)"
    }

    // MARK: Accounts

    private mutating func checkAccounts() {
        for (index, channel) in matches.channels.enumerated() {
            let totals = matches.totals[index]
            if !totals.forward.isBalanced || !totals.backward.isBalanced { faults.append("channel \(index): not balanced: \(totals)") }
            guard isRight(channel), case .endpoint(let a) = channel.a, case .endpoint(let b) = channel.b else { continue }
            for (giver, found) in [(a, totals.forward), (b, totals.backward)] {
                guard var truth = simulation.accounts[giver], !simulation.isOpaque(a), !simulation.isOpaque(b) else { continue }
                var found = found
                if let overlap = simulation.overlaps[giver] {
                    if !overlap.isComplete { continue }
                    // How long a message was that was cut short, nobody can tell where the order of the messages is open.
                    if simulation.endpoint(giver).kind.keepsMessages { (found, truth) = (found.withoutCuts, truth.withoutCuts) }
                }
                // Whether bytes were lost by a reset or merely not read, nobody can tell for certain.
                if found.lostByReset > 0 { (truth.lostByReset, truth.unread, truth.receiverCut) = (truth.unread + truth.receiverCut, 0, 0) }
                if found != truth { faults.append("channel \(index): from \(name(giver)): \(found), not \(truth)") }
            }
        }
    }

    // MARK: Order

    private mutating func checkOrder(_ decided: [Simulation.Edge]) {
        if simulation.hasExactTimes && (0..<graph.order.count).map({ graph.order.operation(atRank: $0) }) != simulation.order {
            faults.append("all times are exact, but the order is not the true one")
        }
        for edge in decided {
            guard let from = graph.order.rank(of: edge.from), let to = graph.order.rank(of: edge.to), from < to else {
                faults.append("\(edge.kind): \(place(edge.from)) does not come before \(place(edge.to))")
                continue
            }
        }
        let violations = verify(
            nodes: simulation.nodes, channels: matches.channels, deliveries: matches.deliveries, placements: matches.placements,
            totals: matches.totals, order: graph.order)
        faults += violations.map(\.description)
        if !graph.anomalies.isEmpty { faults.append("\(graph.anomalies)") }
    }

    // MARK: Relations

    /// Whatever is found to come before truly does; and all is found that follows from what is decided.
    private mutating func checkRelations(_ decided: [Simulation.Edge], _ random: inout SeededGenerator) {
        let order = simulation.order
        guard order.count > 1 else { return }
        for ordering in Ordering.allCases {
            let least = simulation.relation(ordering, decided)
            let most = simulation.relation(ordering, simulation.edges)
            for _ in 0..<Self.questions {
                guard let a = order.randomElement(using: &random), let b = order.randomElement(using: &random), a != b else { continue }
                let found = graph.happensBefore(a, b, ordering)
                if found && !most.isBefore(a, b) { faults.append("\(ordering): \(place(a)) does not come before \(place(b))") }
                if !found && least.isBefore(a, b) { faults.append("\(ordering): \(place(a)) comes before \(place(b)), unnoticed") }
            }
        }
    }

    /// So many pairs of operations are asked about.
    private static let questions = 40

    /// Whether the receives behind it tell what a poll saw: nobody was receiving at the time.
    private func isSeen(_ cause: OperationRef, by ready: OperationRef) -> Bool {
        let operations = simulation.nodes[Int(ready.node.index)].operations
        let poll = operations[Int(ready.index)]
        let receives = operations.indices.filter { operations[$0].endpoint == poll.endpoint && operations[$0].kind == .receive }
        let isAlone = !receives.contains { operations[$0].entered < poll.at && operations[$0].at > poll.entered }
        guard isAlone, !simulation.endpoint(end(ready)).kind.isDatagram, !mayBeSelfMade(ready) else { return false }
        let taken = simulation.edges.filter {
            $0.from == cause && $0.to.node == ready.node && receives.contains(Int($0.to.index)) && $0.to.index > ready.index
        }
        let opaque = simulation.endpoint(end(ready)).opaqueFrom
        return !taken.isEmpty
            && taken.allSatisfy { edge in
                let isKnown = opaque.map { operations[Int(edge.to.index)].at < $0 } ?? true
                return isKnown && edge.kind != .reset && isDecided(edge.kind, edge.from, edge.to)
            }
    }

    /// Whether a shutdown of the receiving half was entered before the call returned: nobody can tell whether it came too late.
    private func mayBeSelfMade(_ call: OperationRef) -> Bool {
        let operations = simulation.nodes[Int(call.node.index)].operations
        let serial = operations[Int(call.index)].endpoint
        return operations[..<Int(call.index)].contains { $0.endpoint == serial && $0.endsReceiving }
    }

    /// Whether another task was in a call that ended something of the same end, too: which of them did it, nobody can tell.
    private func isContested(_ ending: OperationRef) -> Bool {
        let operations = simulation.nodes[Int(ending.node.index)].operations
        let known = operations[Int(ending.index)]
        return operations.contains {
            $0.endpoint == known.endpoint && $0.task != known.task && ($0.kind == .shutdown || $0.kind == .close)
                && $0.earliest < known.latest && known.earliest < $0.latest
        }
    }

    /// Whether what leads from one operation to another was found with its channel.
    private func isDecided(_ kind: TrueEdge.Kind, _ from: OperationRef, _ to: OperationRef) -> Bool {
        guard isJoined(end(from)), kind != .reset, kind != .listenConnect else { return false }
        if kind == .ready { return isSeen(from, by: to) }
        if kind == .endOfStream && (isContested(from) || mayBeSelfMade(to)) { return false }
        if kind == .urgent || kind == .endOfStream && simulation.endpoint(end(from)).opaqueFrom != nil { return false }
        return kind != .delivery || isEvident(from, to)
    }
}

extension StreamTotals {
    /// The same, where what was cut off counts as not received.
    fileprivate var withoutCuts: StreamTotals {
        var totals = self
        totals.unread += totals.receiverCut + totals.lostByReset + totals.toOutside + totals.discarded
        (totals.receiverCut, totals.lostByReset, totals.toOutside, totals.discarded) = (0, 0, 0, 0)
        return totals
    }
}
