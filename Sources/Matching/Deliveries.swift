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

    /// What became of the bytes from `giver` to `taker` (`nil`: outside), of which `delivered` were delivered.
    func totals(from giver: Int?, to taker: Int?, delivered: UInt64) -> StreamTotals {
        var totals = StreamTotals()
        let (from, to) = (giver.map { all[$0] }, taker.map { all[$0] })
        totals.sent = from?.sent ?? 0
        totals.received = to?.received ?? 0
        totals.unplacedSent = from?.unplacedSent ?? 0
        totals.unplacedReceived = to?.unplacedReceived ?? 0
        totals.delivered = delivered
        let unreceived = totals.sent &- delivered
        let unsent = totals.received &- delivered
        switch to {
        case nil: totals.toOutside = unreceived
        case let to? where to.isOpaque: totals.opaqueSent = unreceived
        case let to? where to.isCut: totals.receiverCut = unreceived
        default: totals.unread = unreceived
        }
        switch from {
        case nil: totals.fromOutside = unsent
        case let from? where from.isOpaque: totals.opaqueReceived = unsent
        case let from? where from.isCut: totals.senderCut = unsent
        default: totals.notSent = unsent
        }
        return totals
    }
}
