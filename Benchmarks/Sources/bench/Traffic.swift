import RunModel

/// Made-up traffic, fast to make: nodes of two processes each, joined by TCP connections, over which bytes go at random both ways. Sends are
/// split and merged as streams do; what is under way arrives in order.
struct Traffic {
    /// Processes of each node.
    static let processes = 2
    /// How many other nodes each node connects to, if there are so many.
    private static let fanOut = 8
    /// Nanoseconds from one operation of the run to the next.
    private static let pace: Int64 = 400

    private(set) var nodes: [NodeActivity]
    private var events: [UInt64]
    private var now: Int64 = 0
    private var random: UInt64

    /// One direction of a connection.
    private struct Flow {
        var (from, to): (Int, Int)
        var (giver, taker): (Int32, Int32)
        var sent: UInt64 = 0
        var received: UInt64 = 0
    }
    private var flows: [Flow] = []

    /// So many operations on so many nodes; the same each time.
    init(nodes count: Int, operations: Int) {
        nodes = (0..<count).map { NodeActivity(host: Int32($0)) }
        events = [UInt64](repeating: 0, count: count)
        random = 42
        let share = operations / count
        for node in nodes.indices { nodes[node].operations.reserveCapacity(share + share / 8) }
        for node in 0..<count {
            for step in 1...min(Self.fanOut, count - 1) {
                connect(node, (node + step * step) % count, port: UInt16(1024 + node * 16 + step))
            }
        }
        var made = 4 * flows.count / 2
        while made < operations {
            let index = Int(next() % UInt64(flows.count))
            if next() % 2 == 0 || flows[index].sent == flows[index].received { send(index) } else { receive(index) }
            made += 1
        }
    }

    private mutating func next() -> UInt64 {
        // SplitMix64: no bit of one number follows from the number before.
        random &+= 0x9e37_79b9_7f4a_7c15
        var value = random
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    private mutating func connect(_ a: Int, _ b: Int, port: UInt16) {
        guard a != b else { return }
        let (local, remote) = (Address.ipv4(UInt32(a) + 1 << 8, port: port), Address.ipv4(UInt32(b) + 1 << 8, port: 80))
        let ends = (Int32(nodes[a].endpoints.count), Int32(nodes[b].endpoints.count))
        var opening = Endpoint(kind: .tcp, birth: .connect, opened: Moment(event: events[a] + 1), local: local, remote: remote)
        opening.established = Moment(event: events[a] + 2)
        nodes[a].endpoints.append(opening)
        add(a, .connect, ends.0, nil)
        var accepted = Endpoint(kind: .tcp, birth: .accept, opened: Moment(event: events[b] + 2), local: remote, remote: local)
        accepted.established = accepted.opened
        nodes[b].endpoints.append(accepted)
        add(b, .accept, ends.1, nil)
        flows.append(Flow(from: a, to: b, giver: ends.0, taker: ends.1))
        flows.append(Flow(from: b, to: a, giver: ends.1, taker: ends.0))
    }

    private mutating func send(_ index: Int) {
        let flow = flows[index]
        let end = flow.sent + 1 + next() % 1000
        add(flow.from, .send, flow.giver, flow.sent..<end)
        flows[index].sent = end
    }

    /// Takes all that is there, or the first half.
    private mutating func receive(_ index: Int) {
        let flow = flows[index]
        let waiting = flow.sent - flow.received
        let end = flow.received + (next() % 4 == 0 ? (waiting + 1) / 2 : waiting)
        add(flow.to, .receive, flow.taker, flow.received..<end)
        flows[index].received = end
    }

    /// A call that enters and returns: two events.
    private mutating func add(_ node: Int, _ kind: RunModel.Operation.Kind, _ endpoint: Int32, _ bytes: Range<UInt64>?) {
        now += Self.pace
        let entered = Moment(event: events[node] + 1)
        let returned = Moment(event: events[node] + 2)
        events[node] += 2
        let process = 100 + endpoint % Int32(Self.processes)
        nodes[node].operations.append(
            Operation(
                endpoint: endpoint, kind: kind, entered: entered, at: kind == .send || kind == .connect ? entered : returned,
                process: process, task: process, bytes: bytes, result: bytes.map { Int64($0.count) } ?? 0, earliest: now,
                latest: now + Self.pace / 2))
    }
}
