public import RunModel

/// What `match` found: every channel of a run, every delivery of bytes in it, and what stayed open.
public struct Matches: Sendable {
    /// The channels, by the opening of their end `a` (of `b`, if `a` was not recorded): by node, moment and serial.
    public var channels: [Channel] = []
    /// Where each channel was opened, in the order of `channels`.
    public var opened: [Position] = []
    /// What became of the bytes of each channel, in the order of `channels`.
    public var totals: [ChannelTotals] = []
    /// The deliveries, by channel, then direction (forward first), then stream offset.
    public var deliveries: [Delivery] = []
    /// For each node and serial the endpoint's channel, or -1: listening sockets, connections that never came to be, and datagram sockets,
    /// which may have many.
    public var channelOf: [[Int32]] = []
    /// For each node the operations whose channel or bytes their endpoint does not tell, sorted by operation.
    public var placements: [[Placement]] = []
    /// What could not be decided, or contradicts itself.
    public var anomalies: [Anomaly] = []

    /// Nothing matched yet.
    public init() {}
}
