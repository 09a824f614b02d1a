import RunModel

extension Histories {
    /// Appends the deliveries from `giver` to `taker`: every stretch of bytes that one send handed over and one receive took.
    /// O(sends + receives).
    func appendDeliveries(from giver: Int, to taker: Int, channel: Int32, forward: Bool, into deliveries: inout [Delivery]) -> UInt64 {
        let (from, to) = (node(giver), node(taker))
        let (sender, receiver) = (all[giver].id.node, all[taker].id.node)
        var (send, receive) = (all[giver].sends.lowerBound, all[taker].receives.lowerBound)
        var total: UInt64 = 0
        while send < all[giver].sends.upperBound, receive < all[taker].receives.upperBound,
            let given = from.operations[Int(sends[send])].bytes, let taken = to.operations[Int(receives[receive])].bytes
        {
            let bytes = given.clamped(to: taken)
            if !bytes.isEmpty {
                total &+= bytes.upperBound - bytes.lowerBound
                deliveries.append(
                    Delivery(
                        channel: channel, forward: forward, bytes: bytes, sent: OperationRef(node: sender, index: Int(sends[send])),
                        received: OperationRef(node: receiver, index: Int(receives[receive]))))
            }
            if given.upperBound <= taken.upperBound { send += 1 }
            if taken.upperBound <= given.upperBound { receive += 1 }
        }
        return total
    }

    /// What became of the bytes from `givers` to `takers` (none: outside), of which so many were delivered, and so many discarded by the
    /// receives that took the rest of their messages.
    func totals(from givers: [Int], to takers: [Int], delivered: UInt64, discarded: UInt64 = 0) -> StreamTotals {
        var totals = StreamTotals()
        for giver in givers {
            totals.sent &+= all[giver].sent
            totals.unplacedSent &+= all[giver].unplacedSent
        }
        for taker in takers {
            totals.received &+= all[taker].received
            totals.unplacedReceived &+= all[taker].unplacedReceived
        }
        totals.delivered = delivered
        totals.discarded = discarded
        let unreceived = totals.sent &- delivered &- discarded
        let unsent = totals.received &- delivered
        if takers.isEmpty {
            totals.toOutside = unreceived
        } else if takers.contains(where: { all[$0].isOpaque }) {
            totals.opaqueSent = unreceived
        } else if takers.contains(where: { all[$0].sawReset }) {
            totals.lostByReset = unreceived
        } else if takers.contains(where: { all[$0].isCut }) {
            totals.receiverCut = unreceived
        } else {
            totals.unread = unreceived
        }
        if givers.isEmpty {
            totals.fromOutside = unsent
        } else if givers.contains(where: { all[$0].isOpaque }) {
            totals.opaqueReceived = unsent
        } else if givers.contains(where: { all[$0].isCut }) {
            totals.senderCut = unsent
        } else {
            totals.notSent = unsent
        }
        return totals
    }

    /// The same where processes that were not recorded gave or took as well, so that nothing is known of any byte.
    func totalsOfStrangers(from givers: [Int], to takers: [Int]) -> StreamTotals {
        var totals = totals(from: givers, to: [], delivered: 0)
        let received = self.totals(from: [], to: takers, delivered: 0)
        (totals.received, totals.fromOutside) = (received.received, received.fromOutside)
        totals.unplacedReceived = received.unplacedReceived
        return totals
    }
}

extension Flow {
    /// What went from one side to the other.
    struct Plan {
        var deliveries: [Delivery] = []
        var delivered: UInt64 = 0
        var discarded: UInt64 = 0
    }

    /// The deliveries in the chosen order, by stream offset. O(sends + receives).
    func deliveries(channel: Int32, forward: Bool) -> Plan {
        let starts = starts()
        var plan = Plan()
        let add = { (plan: inout Plan, send: Int, receive: Int, bytes: Range<UInt64>) in
            plan.delivered &+= bytes.upperBound - bytes.lowerBound
            plan.deliveries.append(
                Delivery(
                    channel: channel, forward: forward, bytes: bytes, sent: sends[send].ref, received: receives[receive].ref,
                    certainty: certainty(send: send, receive: receive)))
        }
        if keepsMessages {
            for (send, receive) in zip(sent.order, received.order) {
                // What a short buffer did not take is gone; nothing takes more than was sent, or the two do not belong together.
                let count = min(sends[send].count, receives[receive].count)
                plan.discarded &+= sends[send].count - count
                add(&plan, send, receive, starts.sends[send]..<starts.sends[send] &+ count)
            }
            return plan
        }
        var (send, receive) = (0, 0)
        while send < sent.order.count, receive < received.order.count {
            let (from, to) = (sent.order[send], received.order[receive])
            let given = starts.sends[from]..<starts.sends[from] &+ sends[from].count
            let taken = starts.receives[to]..<starts.receives[to] &+ receives[to].count
            let bytes = given.clamped(to: taken)
            if !bytes.isEmpty { add(&plan, from, to, bytes) }
            if given.upperBound <= taken.upperBound { send += 1 }
            if taken.upperBound <= given.upperBound { receive += 1 }
        }
        return plan
    }

    /// The calls that have no certain place.
    var doubtful: [OperationRef] {
        sends.indices.filter { !sent.standings[$0].isCertain }.map { sends[$0].ref }
            + receives.indices.filter { !received.standings[$0].isCertain }.map { receives[$0].ref }
    }
}
