/// What became of the bytes of one direction of a channel: every byte is in exactly one account.
public struct StreamTotals: Hashable, Sendable {
    /// Bytes that the sending end handed over, as far as their offsets are known.
    public var sent: UInt64 = 0
    /// Bytes that the receiving end took, as far as their offsets are known.
    public var received: UInt64 = 0
    /// Sent and received.
    public var delivered: UInt64 = 0
    /// Sent, and never read: the receiving end closed before.
    public var unread: UInt64 = 0
    /// Sent, and not received before the end of the receiver's trace, where its end was still open.
    public var receiverCut: UInt64 = 0
    /// Received, and sent after the end of the sender's trace.
    public var senderCut: UInt64 = 0
    /// Sent, and lost when the connection was reset.
    public var lostByReset: UInt64 = 0
    /// Sent as datagrams that nobody received: lost on the way, or never read.
    public var lost: UInt64 = 0
    /// Sent, and cut off or thrown away by the call that received the message (a short buffer, MSG_TRUNC).
    public var discarded: UInt64 = 0
    /// Received more often than sent: copies of datagrams.
    public var duplicated: UInt64 = 0
    /// Sent to an end that no recorded node holds.
    public var toOutside: UInt64 = 0
    /// Received from an end that no recorded node holds.
    public var fromOutside: UInt64 = 0
    /// Sent, with the receiving end opaque: whether they were received is not known.
    public var opaqueSent: UInt64 = 0
    /// Received, with the sending end opaque: no known send hands them over.
    public var opaqueReceived: UInt64 = 0
    /// Received, and sent by nobody, though all sends are known: the ends do not belong together, or the trace hides a call.
    public var notSent: UInt64 = 0
    /// Bytes known to have been sent at an unknown offset (not in `sent`).
    public var unplacedSent: UInt64 = 0
    /// Bytes known to have been received at an unknown offset (not in `received`).
    public var unplacedReceived: UInt64 = 0

    /// Whether every byte is in exactly one account.
    public var isBalanced: Bool {
        sent == delivered &+ unread &+ receiverCut &+ lostByReset &+ lost &+ discarded &+ toOutside &+ opaqueSent
            && received == delivered &+ duplicated &+ senderCut &+ fromOutside &+ opaqueReceived &+ notSent
    }

    /// No bytes at all.
    public init() {}
}

/// What became of the bytes of a channel.
public struct ChannelTotals: Hashable, Sendable {
    /// From `a` to `b`.
    public var forward = StreamTotals()
    /// From `b` to `a`. All zero for a connection with itself, whose only stream is `forward`.
    public var backward = StreamTotals()

    /// No bytes at all.
    public init() {}
}

extension ChannelTotals {
    /// The stream that `endpoint`, an end of `channel`, receives.
    public func incoming(of endpoint: EndpointID, _ channel: Channel) -> StreamTotals {
        channel.isForward(endpoint, sends: false) ? forward : backward
    }
}
