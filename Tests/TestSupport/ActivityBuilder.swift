public import RunModel

/// The time that all nodes of a hand-made run share: the order of the lines is the order in which things happen.
public final class Clock {
    /// Nanoseconds.
    public var now: Int64 = 0
    /// How long an event takes.
    public var tick: Int64 = 10
    /// At 0.
    public init() {}
}

/// Writes down by hand what a node did, one call a line; the clock ticks once an event.
public final class ActivityBuilder {
    /// What was written down so far.
    public private(set) var node: NodeActivity
    private let clock: Clock
    private var event: UInt64 = 0
    private var sent: [UInt64] = []
    private var received: [UInt64] = []
    /// The task that the next operations are of.
    public var task: Int32 = 1

    /// A node on `host`.
    public init(_ clock: Clock, host: Int32 = 0) {
        self.clock = clock
        node = NodeActivity(host: host)
    }

    /// The next event's moment, after a tick.
    @discardableResult
    public func tick() -> Moment {
        clock.now += clock.tick
        event += 1
        return Moment(event: event)
    }

    /// The recording of the node begins now.
    public func begin() { node.started = clock.now }

    private func add(_ endpoint: Endpoint) -> Int {
        node.endpoints.append(endpoint)
        sent.append(0)
        received.append(0)
        return node.endpoints.count - 1
    }

    /// A call that enters and returns at once.
    private func call(_ kind: Operation.Kind, _ serial: Int, bytes: Range<UInt64>? = nil, result: Int64 = 0, returns: Bool = false) {
        let start = clock.now + clock.tick
        let entered = tick()
        let exited = tick()
        node.operations.append(
            Operation(
                endpoint: Int32(serial), kind: kind, entered: entered, at: returns ? exited : entered, process: task, task: task,
                bytes: bytes, result: result, earliest: start, latest: clock.now))
    }

    /// A new listening socket; all calls return the serial of their new endpoint.
    public func listen(_ kind: Endpoint.Kind = .tcp, local: Address? = nil) -> Int {
        let serial = add(Endpoint(kind: kind, birth: .listen, opened: Moment(event: event + 2), local: local))
        call(.listen, serial, returns: true)
        return serial
    }

    /// A new endpoint that connects, or is refused.
    public func connect(_ kind: Endpoint.Kind = .tcp, local: Address? = nil, remote: Address? = nil, works: Bool = true) -> Int {
        var endpoint = Endpoint(kind: kind, birth: .connect, opened: Moment(event: event + 1), local: local, remote: remote)
        if works { endpoint.established = Moment(event: event + 2) }
        let serial = add(endpoint)
        call(.connect, serial, result: works ? 0 : -111)
        return serial
    }

    /// A new endpoint, accepted.
    public func accept(_ kind: Endpoint.Kind = .tcp, local: Address? = nil, remote: Address? = nil) -> Int {
        var endpoint = Endpoint(kind: kind, birth: .accept, opened: Moment(event: event + 2), local: local, remote: remote)
        endpoint.established = endpoint.opened
        let serial = add(endpoint)
        call(.accept, serial, returns: true)
        return serial
    }

    /// Both ends of a socketpair.
    public func pair(_ kind: Endpoint.Kind = .unixStream) -> (Int, Int) {
        let opened = tick()
        let first = node.endpoints.count
        return (
            add(Endpoint(kind: kind, birth: .pair(twin: Int32(first + 1)), opened: opened)),
            add(Endpoint(kind: kind, birth: .pair(twin: Int32(first)), opened: opened))
        )
    }

    /// Both ends of a pipe.
    public func pipe() -> (reader: Int, writer: Int) {
        let (reader, writer) = pair(.pipe)
        node.endpoints[reader].access = .read
        node.endpoints[writer].access = .write
        return (reader, writer)
    }

    /// An end of a pipe that was there before, or was opened now.
    public func hold(
        _ access: Endpoint.Access, inode: UInt64, device: UInt64? = nil, birth: Endpoint.Birth = .inherited, kind: Endpoint.Kind = .pipe
    ) -> Int {
        var endpoint = Endpoint(kind: kind, birth: birth, opened: birth == .inherited ? .beginning : tick())
        endpoint.access = access
        endpoint.identity = Endpoint.FileIdentity(device: device, inode: inode)
        return add(endpoint)
    }

    /// Calls that have begun at `start` at the latest, and end now: they overlap with what came between.
    public func changeLast(startingAt start: Int64) { changeLast { $0.earliest = min($0.earliest, start) } }

    /// Hands over the next `count` bytes.
    public func send(_ serial: Int, _ count: UInt64) {
        call(.send, serial, bytes: sent[serial]..<sent[serial] + count, result: Int64(count))
        sent[serial] += count
    }

    /// Takes the next `count` bytes.
    public func receive(_ serial: Int, _ count: UInt64) {
        call(.receive, serial, bytes: received[serial]..<received[serial] + count, result: Int64(count), returns: true)
        received[serial] += count
    }

    /// A new datagram socket, bound to an address if that is known.
    public func datagramSocket(_ kind: Endpoint.Kind = .udp, local: Address? = nil, remote: Address? = nil) -> Int {
        add(Endpoint(kind: kind, birth: .made, opened: tick(), local: local, remote: remote))
    }

    /// Takes a datagram of `count` bytes from `peer`, or as many of them as there is room for.
    public func receive(_ serial: Int, _ count: UInt64, from peer: Address?, room: UInt64 = .max) {
        receive(serial, min(count, room))
        let number = peer.map { self.number(of: $0) } ?? -1
        changeLast { ($0.peer, $0.isFull) = (number, count >= room) }
    }

    /// Sends a datagram, to an address that the trace tells.
    public func send(_ serial: Int, _ count: UInt64, to peer: Address) {
        send(serial, count)
        let number = self.number(of: peer)
        changeLast { $0.peer = number }
    }

    private func number(of address: Address) -> Int32 {
        let index = node.addresses.firstIndex(of: address) ?? node.addresses.count
        if index == node.addresses.count { node.addresses.append(address) }
        return Int32(index)
    }

    /// Sees the end of the stream.
    public func receiveEnd(_ serial: Int) { call(.receive, serial, returns: true) }

    /// Ends the sending half.
    public func shutdown(_ serial: Int, _ halves: Endpoint.Access = .write) {
        call(.shutdown, serial)
        changeLast { $0.halves = halves }
    }

    /// Closes the last descriptor.
    public func close(_ serial: Int) {
        call(.close, serial)
        node.endpoints[serial].closed = node.operations.last?.at
    }

    /// Changes what is known of an endpoint.
    public func change(_ serial: Int, _ body: (inout Endpoint) -> Void) { body(&node.endpoints[serial]) }

    /// Changes an operation.
    public func change(index: Int, _ body: (inout Operation) -> Void) { body(&node.operations[index]) }

    /// Changes the last operation.
    public func changeLast(_ body: (inout Operation) -> Void) { body(&node.operations[node.operations.count - 1]) }
}
