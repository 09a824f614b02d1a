public import RunModel

/// What people read: a send with its deliveries, or what a receive took of which no send is known.
public struct Message: Sendable {
    /// A part that one receive took.
    public struct Part: Sendable {
        /// The receive.
        public let operation: OperationRef
        /// Its place.
        public let position: Position
        /// Its rank.
        public let rank: Int
        /// The bytes of the part, as offsets in the stream of the channel's direction.
        public let bytes: Range<UInt64>
        /// Where the part begins in what the receive took.
        public let offset: UInt64
        /// Where the bytes are in the trace of the receiving node: those of the whole receive.
        public let payload: PayloadRef
        /// How many bytes the part has.
        public var length: UInt64 { bytes.upperBound - bytes.lowerBound }
        /// What comparing sent with received bytes said.
        public let check: Delivery.Check
        /// Whether it is beyond doubt that this receive took these bytes of this send.
        public let isCertain: Bool
    }

    /// Its lasting name: the position of its send (of its receive, if the send is not known).
    public let id: Position
    /// The channel.
    public let channel: IndexedChannel
    /// Whether it went from the channel's `a` to its `b`.
    public let forward: Bool
    /// The send, with its rank; `nil` if it is not known: not recorded, hidden, or behind the end of a trace.
    public let from: (operation: OperationRef, position: Position, rank: Int)?
    /// Where the bytes that were sent are: those of the whole send.
    public var sentPayload = PayloadRef.unknown
    /// Where the send's bytes begin in the stream of the channel's direction, if that is known.
    public var start: UInt64?
    /// The receives.
    public let to: [Part]
    /// How many bytes it has.
    public let bytes: UInt64
    /// How many of them were delivered to a recorded receive.
    public let delivered: UInt64
}

extension RunIndex {
    /// Calls `body` with each message of the run, in total order of their ids, until it returns `false`.
    ///
    /// Streams: holds one block of each node.
    public func forEachMessage(_ body: (Message) throws(IndexError) -> Bool) throws(IndexError) {
        try forEachOperation { (rank, ref) throws(IndexError) in
            guard let message = try message(at: ref, rank: rank) else { return true }
            return try body(message)
        }
    }

    /// The message whose id is the position of this operation; `nil` if it begins none.
    public func message(at ref: OperationRef, rank: Int) throws(IndexError) -> Message? {
        let operation = try operation(ref)
        guard operation.result > 0, operation.kind == .send || operation.kind == .receive,
            let place = try place(of: ref)
        else { return nil }
        let channel = place.channel
        let position = Position(node: ref.node, moment: operation.at)
        let count = UInt64(operation.result)
        if operation.kind == .send {
            let deliveries = try operations(of: ref.node).deliveries(of: Int(ref.index))
            let parts = try deliveries.map { (delivery) throws(IndexError) in try part(of: delivery) }
            var message = Message(
                id: position, channel: channel, forward: place.forward, from: (ref, position, rank), to: parts, bytes: count,
                delivered: parts.reduce(0) { $0 &+ ($1.bytes.upperBound - $1.bytes.lowerBound) })
            (message.sentPayload, message.start) = (operation.payload, place.bytes?.lowerBound)
            return message
        }
        // A receive begins a message with the bytes that no known send handed over: those behind all that was sent.
        let bytes = place.bytes ?? 0..<count
        let known = place.bytes == nil ? 0 : (place.forward ? channel.totals.forward : channel.totals.backward).sent
        guard bytes.upperBound > known else { return nil }
        let rest = max(bytes.lowerBound, known)..<bytes.upperBound
        let unclaimed = Message.Part(
            operation: ref, position: position, rank: rank, bytes: rest, offset: rest.lowerBound - bytes.lowerBound,
            payload: operation.payload, check: .unchecked, isCertain: true)
        return Message(
            id: position, channel: channel, forward: place.forward, from: nil, to: [unclaimed],
            bytes: unclaimed.length, delivered: unclaimed.length)
    }

    /// The messages that an operation sends or takes part of. For a receive: reads what the senders did shortly before it; all their
    /// deliveries, if it is not known where in the stream it took its bytes.
    public func messages(touching ref: OperationRef, rank: Int) throws(IndexError) -> [Message] {
        let own = try message(at: ref, rank: rank).map { [$0] } ?? []
        guard try operation(ref).kind == .receive, let place = try place(of: ref) else { return own }
        var sends: [OperationRef] = []
        for sender in place.channel.channel.endpoints(atA: place.forward) {
            sends += try self.sends(from: sender, into: ref, rank: rank, place)
        }
        var messages: [Message] = []
        for send in Set(sends).sorted() {
            if let message = try message(at: send, rank: try self.rank(send)) { messages.append(message) }
        }
        return messages + own
    }

    /// The sends of an endpoint of which a receive took something.
    private func sends(
        from sender: EndpointID, into receive: OperationRef, rank: Int, _ place: ChannelPlace
    ) throws(IndexError) -> [OperationRef] {
        guard let bytes = place.bytes, !place.channel.channel.kind.isDatagram else {
            return try deliveries(sentBy: sender.node).filter { $0.received == receive }.map(\.sent)
        }
        // The total order has a send before the receives that took its bytes. What lies before them in the stream was sent before them, but
        // for calls that were under way at the same time.
        let stream = operations(of: sender.node)
        let opened = try endpoint(sender).opened
        var found: [OperationRef] = []
        var following = Int64.max
        var number = try stream.count(beforeRank: rank)
        while number > 0 {
            number -= 1
            let operation = try stream.operation(number)
            guard operation.at >= opened else { break }
            guard operation.kind == .send, operation.endpoint == sender.serial else { continue }
            let ref = OperationRef(node: sender.node, index: number)
            let deliveries = try stream.deliveries(of: number)
            if deliveries.contains(where: { $0.received == receive }) {
                found.append(ref)
            } else if let sent = try self.place(of: ref)?.bytes, sent.upperBound <= bytes.lowerBound, operation.latest <= following {
                break
            }
            following = min(following, operation.earliest)
        }
        return found
    }

    private func part(of delivery: Delivery) throws(IndexError) -> Message.Part {
        let received = try operation(delivery.received)
        let placement = try operations(of: delivery.received.node).placement(Int(delivery.received.index))
        let start = received.bytes(placed: placement)?.lowerBound ?? delivery.bytes.lowerBound
        guard delivery.bytes.lowerBound >= start else { throw .damaged("delivery before its receive") }
        return Message.Part(
            operation: delivery.received, position: Position(node: delivery.received.node, moment: received.at),
            rank: try rank(delivery.received), bytes: delivery.bytes, offset: delivery.bytes.lowerBound - start, payload: received.payload,
            check: delivery.check, isCertain: delivery.isCertain)
    }
}
