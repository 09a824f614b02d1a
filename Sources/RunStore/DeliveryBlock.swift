import RunModel

/// Deliveries of one sending node, packed, in the order of the sends.
enum DeliveryBlock {
    /// Deliveries in a full block.
    static let capacity = 1024

    private struct Context {
        var sent: Int64 = 0
        var receiver: Int64 = 0
        var received: Int64 = 0
        var channel: Int64 = 0
        var start: Int64 = 0
    }

    /// The packed form of `deliveries`, all sent by one node. `stored` gives the lasting number of a node.
    static func encode(_ deliveries: ArraySlice<Delivery>, stored: [Int64]) -> [UInt8] {
        var out = ByteWriter(capacity: deliveries.count * 12)
        var context = Context()
        for delivery in deliveries {
            let check: UInt8 =
                switch delivery.check {
                case .unchecked: 0
                case .verified: 1
                case .differs: 2
                }
            let certainty: UInt8 =
                switch delivery.certainty {
                case .certain: 0
                case .uncertain(after: nil): 1
                case .uncertain: 2
                }
            out.byte((delivery.forward ? 1 : 0) | check << 1 | certainty << 3)
            out.delta(Int64(delivery.sent.index), &context.sent)
            out.delta(stored[Int(delivery.received.node.index)], &context.receiver)
            out.delta(Int64(delivery.received.index), &context.received)
            out.delta(Int64(delivery.channel), &context.channel)
            out.delta(Int64(bitPattern: delivery.bytes.lowerBound), &context.start)
            out.unsigned(delivery.bytes.upperBound &- delivery.bytes.lowerBound)
            if case .differs(let at) = delivery.check { out.unsigned(at) }
            if case .uncertain(let after?) = delivery.certainty {
                out.signed(stored[Int(after.node.index)])
                out.unsigned(UInt64(after.index))
            }
        }
        return out.bytes
    }

    /// The deliveries of a packed block sent by `sender`. `node` finds the node with a lasting number.
    static func decode(_ bytes: [UInt8], sender: NodeID, node: [Int64: NodeID]) throws(IndexError) -> [Delivery] {
        var input = ByteReader(bytes)
        var context = Context()
        var deliveries: [Delivery] = []
        while !input.isAtEnd {
            let head = try input.byte()
            let sent = OperationRef(node: sender, index: Int(truncatingIfNeeded: try input.delta(&context.sent)))
            let stored = try input.delta(&context.receiver)
            guard let receiver = node[stored] else { throw .damaged("delivery to node \(stored)") }
            let received = OperationRef(node: receiver, index: Int(truncatingIfNeeded: try input.delta(&context.received)))
            let channel = Int32(truncatingIfNeeded: try input.delta(&context.channel))
            let start = UInt64(bitPattern: try input.delta(&context.start))
            let (end, overflow) = start.addingReportingOverflow(try input.unsigned())
            guard !overflow else { throw .damaged("delivery beyond the end of all streams") }
            let check: Delivery.Check =
                switch head >> 1 & 3 {
                case 0: .unchecked
                case 1: .verified
                default: .differs(at: try input.unsigned())
                }
            var delivery = Delivery(
                channel: channel, forward: head & 1 != 0, bytes: start..<end, sent: sent, received: received, check: check)
            switch head >> 3 {
            case 0: break
            case 1: delivery.certainty = .uncertain(after: nil)
            default:
                guard let after = node[try input.signed()] else { throw .damaged("delivery after a send of no node") }
                delivery.certainty = .uncertain(after: OperationRef(node: after, index: Int(truncatingIfNeeded: try input.unsigned())))
            }
            deliveries.append(delivery)
        }
        return deliveries
    }
}
