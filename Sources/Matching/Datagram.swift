import RunModel

/// A message that a datagram socket sent or received; times are aligned.
struct Datagram {
    let ref: OperationRef
    /// Its number among the messages of all datagram sockets.
    let number: Int32
    /// The endpoint.
    let slot: Int32
    /// Whom it goes to or comes from, as a number of `Datagrams.addresses`; -1: not known.
    let peer: Int32
    let earliest: Int64
    let latest: Int64
    /// How many bytes the call moved, and how many the message had, as far as the call knows.
    let count: UInt64
    let length: UInt64
    /// For a receive: the message may have been longer than the call knows.
    let mayBeLonger: Bool

    /// Whether this, a send, can be what `receive` took.
    func fits(_ receive: Datagram) -> Bool { length == receive.length || (receive.mayBeLonger && receive.length < length) }
}
