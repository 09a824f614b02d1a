/// Bytes of one direction of a channel that one send handed over and one receive took.
public struct Delivery: Hashable, Sendable {
    /// What comparing the sent bytes with the received ones said.
    public enum Check: Hashable, Sendable {
        /// All bytes are known on both sides and equal.
        case verified
        /// They differ, first at this stream offset.
        case differs(at: UInt64)
        /// They are not known on both sides.
        case unchecked
    }

    /// How sure it is that these bytes went from this send to this receive.
    public enum Certainty: Hashable, Sendable {
        /// Nothing else is possible.
        case certain
        /// Bytes of that number went from one to the other end, but calls overlapped, or messages look alike, so that another send or
        /// another receive may have moved these. `after` is a send that came before the receive in any case, if one did.
        case uncertain(after: OperationRef?)
    }

    /// Index of the channel in the run's list.
    public var channel: Int32
    /// Whether the bytes went from `a` to `b`.
    public var forward: Bool
    /// The bytes, as offsets in the stream of that direction.
    public var bytes: Range<UInt64>
    /// The send that handed them over.
    public var sent: OperationRef
    /// The receive that took them.
    public var received: OperationRef
    /// What comparing the bytes said.
    public var check: Check
    /// How sure it is.
    public var certainty: Certainty

    /// A delivery with all its parts.
    public init(
        channel: Int32, forward: Bool, bytes: Range<UInt64>, sent: OperationRef, received: OperationRef, check: Check = .unchecked,
        certainty: Certainty = .certain
    ) {
        self.channel = channel
        self.forward = forward
        self.bytes = bytes
        self.sent = sent
        self.received = received
        self.check = check
        self.certainty = certainty
    }

    /// The send that came before `received` beyond doubt: where a causal edge begins. `nil`: there is none.
    public var cause: OperationRef? {
        switch certainty {
        case .certain: sent
        case .uncertain(let after): after
        }
    }

    /// Whether nothing else is possible.
    public var isCertain: Bool { certainty == .certain }
}
