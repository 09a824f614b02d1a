import RunModel

/// Channels and deliveries of datagram sockets.
extension Assembly {
    /// Where a conversation begins: with the first message that was sent in it, or else received.
    func opening(_ conversation: Conversations.Conversation) -> (Position, Int32)? {
        guard let first = first(of: conversation)?.message else { return nil }
        let operation = histories.nodes[Int(first.ref.node.index)].operations[Int(first.ref.index)]
        return (Position(node: first.ref.node, moment: operation.at), operation.endpoint)
    }

    /// The first message of a conversation that anybody is known to have sent, or else to have received.
    private func first(of conversation: Conversations.Conversation) -> (message: Datagram, isSend: Bool)? {
        let sent = conversation.sent.min { ($0.earliest, $0.ref) < ($1.earliest, $1.ref) }
        let received = conversation.received.filter { !conversations.exchange.isLinked[Int($0.number)] }
            .min { ($0.latest, $0.ref) < ($1.latest, $1.ref) }
        guard let sent else { return received.map { ($0, false) } }
        if let received, received.latest < sent.earliest { return (received, false) }
        return (sent, true)
    }

    /// Makes the channel of a conversation.
    mutating func add(_ conversation: Conversations.Conversation, opened: Position) {
        let index = Int32(truncatingIfNeeded: matches.channels.count)
        let (a, b) = ends(conversation)
        let kind = histories.all[Int(conversation.one)].kind
        let outside = Channel.End.outside(
            conversation.outside < 0 ? nil : conversations.datagrams.addresses[Int(conversation.outside)].address)
        let end = { [histories] (slot: Int32?) in slot.map { Channel.End.endpoint(histories.all[Int($0)].id) } ?? outside }
        var channel = Channel(kind: kind, a: end(a.first), b: end(b.first), evidence: evidence(conversation))
        channel.alsoA = a.dropFirst().map { histories.all[Int($0)].id }
        channel.alsoB = b.dropFirst().map { histories.all[Int($0)].id }
        var totals = ChannelTotals()
        var deliveries: [Delivery] = []
        let isLoop = a == b
        totals.forward = exchange(conversation, from: a, to: b, index, forward: true, &deliveries)
        if !isLoop { totals.backward = exchange(conversation, from: b, to: a, index, forward: false, &deliveries) }
        let isOpen = conversation.outside >= 0 && conversations.exchange.owners.open.contains(Int(conversation.outside))
        channel.isAmbiguous = isOpen || deliveries.contains { !$0.isCertain }
        append(channel, opened: opened, totals, deliveries)
    }

    /// The end that sent the first message, and the other.
    private func ends(_ conversation: Conversations.Conversation) -> (a: [Int32], b: [Int32]) {
        let (one, others) = ([conversation.one], conversation.others)
        guard others.count <= 1 else { return (one, others) }
        // Who receives is not the one who sent.
        let isOthers = first(of: conversation).map { ($0.message.slot == conversation.one) != $0.isSend } ?? false
        return isOthers ? (others, one) : (one, others)
    }

    private func evidence(_ conversation: Conversations.Conversation) -> Channel.Evidence {
        if conversation.others.isEmpty { return .alone }
        let owners = conversations.exchange.owners
        let isTold = conversation.links.contains { link in
            let isFrom = link.receive.peer >= 0 && !owners.isInferred[Int(link.receive.peer)]
            let isTo = link.send.peer >= 0 && !owners.isInferred[Int(link.send.peer)]
            return isFrom || isTo && owners.owners[Int(link.send.peer)].contains(link.receive.slot)
        }
        return isTold ? .address : .order
    }

    /// One direction: places all its messages, adds its deliveries, and says what became of its bytes.
    private mutating func exchange(
        _ conversation: Conversations.Conversation, from givers: [Int32], to takers: [Int32], _ channel: Int32, forward: Bool,
        _ deliveries: inout [Delivery]
    ) -> StreamTotals {
        var totals = StreamTotals()
        for send in conversation.sent.filter({ givers.contains($0.slot) }).sorted(by: { ($0.earliest, $0.ref) < ($1.earliest, $1.ref) }) {
            starts[Int(send.number)] = totals.sent
            place(send.ref, channel, at: totals.sent)
            totals.sent &+= send.count
        }
        // By message, and of copies the longest first: it counts as the one that was delivered.
        let links = conversation.links.filter { givers.contains($0.send.slot) && takers.contains($0.receive.slot) }.sorted {
            (starts[Int($0.send.number)], $1.receive.count, $0.receive.ref) < (
                starts[Int($1.send.number)], $0.receive.count, $1.receive.ref
            )
        }
        var last: Int32 = -1
        for link in links {
            let (start, count) = (starts[Int(link.send.number)], min(link.send.count, link.receive.count))
            place(link.receive.ref, channel, at: start)
            totals.received &+= link.receive.count
            if link.send.number == last {
                totals.duplicated &+= link.receive.count
            } else {
                totals.delivered &+= count
                totals.discarded &+= link.send.count - count
            }
            last = link.send.number
            deliveries.append(
                Delivery(
                    channel: channel, forward: forward, bytes: start..<start &+ count, sent: link.send.ref, received: link.receive.ref,
                    certainty: link.certainty))
            if link.certainty != .certain { note("datagram-ambiguous", link.receive.ref) }
        }
        var end = totals.sent
        for receive in conversation.received where takers.contains(receive.slot) && !conversations.exchange.isLinked[Int(receive.number)] {
            place(receive.ref, channel, at: end)
            end &+= receive.count
            totals.received &+= receive.count
        }
        account(&totals, from: givers, to: takers)
        return totals
    }

    /// What became of the messages that were not delivered.
    private mutating func account(_ totals: inout StreamTotals, from givers: [Int32], to takers: [Int32]) {
        let (from, to) = (givers.map { histories.all[Int($0)] }, takers.map { histories.all[Int($0)] })
        let unreceived = totals.sent &- totals.delivered &- totals.discarded
        let unsent = totals.received &- totals.delivered &- totals.duplicated
        if to.isEmpty {
            totals.toOutside = unreceived
        } else if to.contains(where: \.isOpaque) {
            totals.opaqueSent = unreceived
        } else if to.contains(where: \.isCut) {
            totals.receiverCut = unreceived
        } else if to[0].kind == .udp {
            totals.lost = unreceived
        } else {
            totals.unread = unreceived
        }
        if from.isEmpty {
            totals.fromOutside = unsent
        } else if from.contains(where: \.isOpaque) {
            totals.opaqueReceived = unsent
        } else if from.contains(where: \.isCut) {
            totals.senderCut = unsent
        } else {
            totals.notSent = unsent
            if unsent > 0 { tally.add(Anomaly("bytes-not-sent", first: histories.opening(Int(takers[0])))) }
        }
    }

    private mutating func note(_ name: String, _ operation: OperationRef) {
        let moment = histories.nodes[Int(operation.node.index)].operations[Int(operation.index)].at
        tally.add(Anomaly(name, first: Position(node: operation.node, moment: moment)))
    }

    /// Addresses that several sockets could have.
    mutating func noteOpenAddresses() {
        for number in conversations.exchange.owners.open {
            tally.add(Anomaly("sender-ambiguous", subject: "\(conversations.datagrams.addresses[number].address)"))
        }
    }
}
