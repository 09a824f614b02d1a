import RunModel

/// What the rules ask about one endpoint; times are aligned, so that they compare between nodes.
struct History {
    /// Node and serial of the endpoint, and what else of it is asked for often.
    let id: EndpointID
    let kind: Endpoint.Kind
    let birth: Endpoint.Birth
    let opened: Moment
    let host: Int32
    /// Whether anything shows that its connection came to be.
    var isEstablished: Bool
    /// When its connect or accept happened: not before, not after.
    var openEarliest = Int64.min
    var openLatest = Int64.max
    /// Where its known bytes end, in each direction.
    var sent: UInt64 = 0
    var received: UInt64 = 0
    /// By then it had taken its first bytes, or seen the end of the stream: its peer had been accepted.
    var answered = Int64.max
    /// By then it had seen the end of the stream, and only the peer can have ended it.
    var endSeen: Int64?
    /// Not before then it ended its own stream, by shutdown or close.
    var gaveUp = Int64.max
    /// Bytes known to have been moved at unknown offsets.
    var unplacedSent: UInt64 = 0
    var unplacedReceived: UInt64 = 0
    /// Some of its bytes have no known offset.
    var isOpaque = false
    /// Its connect failed, for good.
    var isRefused = false
    /// Its trace ends while it is open.
    var isCut = false
    /// When it is first and last seen to do anything: by then it was open, and still so (or just closed).
    var firstSeen = Int64.max
    var lastSeen = Int64.min
    /// Calls of several threads that send, or receive, overlap in time: which moved its bytes first, the order of events does not tell.
    var sendsOverlap = false
    var receivesOverlap = false
    /// A call on it learned that the connection was reset.
    var sawReset = false
    /// Its sends and receives with known bytes, in the order of their events: ranges of `Histories.sends` and `Histories.receives`.
    var sends = 0..<0
    var receives = 0..<0

    init(_ endpoint: Endpoint, id: EndpointID, host: Int32) {
        self.id = id
        self.host = host
        kind = endpoint.kind
        birth = endpoint.birth
        opened = endpoint.opened
        isEstablished = endpoint.established != nil
        isOpaque = endpoint.opaqueFrom != nil
        isCut = endpoint.closed == nil
    }
}

/// The histories of all endpoints of a run, in one list; an endpoint's number in it is its *slot*.
///
/// Built in O(operations); holds one index for each send and receive.
struct Histories {
    let nodes: [NodeActivity]
    /// Slot of each node's first endpoint.
    let base: [Int]
    private(set) var all: [History] = []
    /// Indices of operations in their node, grouped by slot.
    private(set) var sends: [Int32] = []
    private(set) var receives: [Int32] = []
    /// Of open files that descriptors of several endpoints name, the history of all of these, by the slot of the first.
    private var whole: [Int: History] = [:]
    /// Endpoints that the user said are not the ends of one channel.
    private var forbidden: Set<SlotPair> = []
    /// For nodes of which it is asked, when the last call of each thread returned.
    private var lastReturn: [[Int32: Int64]] = []
    private var sendCounts: [Int] = []
    private var receiveCounts: [Int] = []

    init(_ nodes: [NodeActivity]) {
        self.nodes = nodes
        var base: [Int] = []
        for (number, node) in nodes.enumerated() {
            base.append(all.count)
            for (serial, endpoint) in node.endpoints.enumerated() {
                all.append(History(endpoint, id: EndpointID(node: NodeID(number), serial: serial), host: node.host))
            }
        }
        self.base = base
        sendCounts = [Int](repeating: 0, count: all.count)
        receiveCounts = sendCounts
        for number in nodes.indices { summarize(number) }
        group()
        lastReturn = nodes.indices.map { number in
            let slots = all[base[number]..<base[number] + nodes[number].endpoints.count]
            return slots.contains { $0.isCut && $0.kind.isDatagram } ? Self.lastReturns(nodes[number]) : [:]
        }
    }

    private static func lastReturns(_ node: NodeActivity) -> [Int32: Int64] {
        var last: [Int32: Int64] = [:]
        var (task, latest): (Int32?, Int64) = (nil, .min)
        for operation in node.operations {
            if operation.task != task {
                if let task { last[task] = latest }
                task = operation.task
                latest = last[operation.task] ?? .min
            }
            latest = max(latest, operation.latest &+ node.clockOffset)
        }
        if let task { last[task] = latest }
        return last
    }

    /// After this, calls on an endpoint that its trace does not hold may have moved bytes, since it ends while the endpoint is open: such a
    /// call began after the last one of its thread had returned. Threads that were never seen to use it are left out of account.
    func silence(of slot: Int) -> Int64 {
        guard all[slot].isCut else { return .max }
        let (node, last) = (node(slot), lastReturn[Int(all[slot].id.node.index)])
        var task: Int32?
        var silence = Int64.max
        for index in [sends[all[slot].sends], receives[all[slot].receives]].joined() where node.operations[Int(index)].task != task {
            task = node.operations[Int(index)].task
            silence = min(silence, task.flatMap { last[$0] } ?? .max)
        }
        return silence == .max ? .min : silence
    }

    /// Takes the user's word for what does not belong together.
    mutating func forbid(_ decisions: Decisions) {
        for pair in decisions.split {
            if let one = slot(pair.one), let other = slot(pair.other) { forbidden.insert(SlotPair(one, other)) }
        }
    }

    /// Whether the user said that these do not belong together.
    func isForbidden(_ one: Int, _ other: Int) -> Bool { !forbidden.isEmpty && forbidden.contains(SlotPair(one, other)) }

    /// The history of an endpoint, and of those that name the same open file.
    func whole(_ slot: Int) -> History { whole.isEmpty ? all[slot] : whole[slot] ?? all[slot] }

    /// `other` names the same open file as `slot`, from when it was passed on.
    mutating func unite(_ slot: Int, with other: Int) {
        let (one, other) = (whole(slot), all[other])
        var both = one
        both.isEstablished = one.isEstablished || other.isEstablished
        (both.sent, both.received) = (one.sent &+ other.sent, one.received &+ other.received)
        both.unplacedSent = one.unplacedSent &+ other.unplacedSent
        both.unplacedReceived = one.unplacedReceived &+ other.unplacedReceived
        both.answered = min(one.answered, other.answered)
        both.endSeen = one.endSeen ?? other.endSeen
        both.gaveUp = min(one.gaveUp, other.gaveUp)
        (both.isOpaque, both.isCut) = (one.isOpaque || other.isOpaque, one.isCut || other.isCut)
        (both.firstSeen, both.lastSeen) = (min(one.firstSeen, other.firstSeen), max(one.lastSeen, other.lastSeen))
        (both.sendsOverlap, both.receivesOverlap) = (true, true)
        both.sawReset = one.sawReset || other.sawReset
        whole[slot] = both
    }

    /// Where a channel's end was opened.
    func opening(_ slot: Int) -> Position { Position(node: all[slot].id.node, moment: all[slot].opened) }

    /// How many sockets of a kind listen in a node.
    func listeners(_ node: NodeID, _ kind: Endpoint.Kind) -> Int {
        all[base[Int(node.index)]..<base[Int(node.index)] + nodes[Int(node.index)].endpoints.count].count {
            $0.kind == kind && $0.birth == .listen
        }
    }

    /// The slot of an endpoint; `nil` if the run has no such endpoint.
    func slot(_ id: EndpointID) -> Int? {
        let node = Int(id.node.index)
        guard nodes.indices.contains(node), nodes[node].endpoints.indices.contains(Int(id.serial)) else { return nil }
        return base[node] + Int(id.serial)
    }

    func endpoint(_ slot: Int) -> Endpoint { nodes[Int(all[slot].id.node.index)].endpoints[Int(all[slot].id.serial)] }

    func node(_ slot: Int) -> NodeActivity { nodes[Int(all[slot].id.node.index)] }

    /// Everything but the groups, and the sizes of the groups.
    private mutating func summarize(_ number: Int) {
        let node = nodes[number]
        var state = [EndState](repeating: .open, count: node.endpoints.count)
        var opened = [Bool](repeating: false, count: node.endpoints.count)
        for operation in node.operations {
            let serial = Int(operation.endpoint)
            guard state.indices.contains(serial) else { continue }
            let earliest = operation.earliest &+ node.clockOffset
            let latest = operation.latest &+ node.clockOffset
            let slot = base[number] + serial
            all[slot].firstSeen = min(all[slot].firstSeen, latest)
            all[slot].lastSeen = max(all[slot].lastSeen, latest)
            if operation.result == connectionReset { all[slot].sawReset = true }
            switch operation.kind {
            case .connect, .accept:
                all[slot].isRefused = operation.result < 0 && !connectsLater.contains(operation.result)
                all[slot].openEarliest = opened[serial] ? min(all[slot].openEarliest, earliest) : earliest
                all[slot].openLatest = opened[serial] ? max(all[slot].openLatest, latest) : latest
                opened[serial] = true
            case .send:
                if let bytes = operation.bytes, !bytes.isEmpty {
                    all[slot].sent = max(all[slot].sent, bytes.upperBound)
                    all[slot].isEstablished = true
                    sendCounts[slot] += 1
                } else if operation.result > 0 {
                    all[slot].isOpaque = true
                    all[slot].unplacedSent &+= UInt64(operation.result)
                }
            case .receive: receive(operation, latest, slot, &state[serial])
            case .shutdown where operation.result >= 0:
                if operation.endsSending { all[slot].gaveUp = min(all[slot].gaveUp, earliest) }
                if operation.endsReceiving && state[serial] == .open { state[serial] = .doubtful }
            case .close: all[slot].gaveUp = min(all[slot].gaveUp, earliest)
            case .shutdown, .listen, .ready: break
            }
        }
    }

    /// Whether an end of the stream that an endpoint sees must come from its peer.
    private enum EndState {
        case open
        /// It shut down its receiving half itself, or lost its connection: now it sees an end in any case.
        case doubtful
        case seen
    }

    private mutating func receive(_ operation: Operation, _ latest: Int64, _ slot: Int, _ state: inout EndState) {
        if let bytes = operation.bytes, !bytes.isEmpty {
            all[slot].received = max(all[slot].received, bytes.upperBound)
            all[slot].isEstablished = true
            receiveCounts[slot] += 1
            all[slot].answered = min(all[slot].answered, latest)
        } else if operation.isEndOfStream {
            guard state == .open else { return }
            state = .seen
            all[slot].endSeen = latest
            all[slot].isEstablished = true
            all[slot].answered = min(all[slot].answered, latest)
        } else if operation.result > 0 {
            all[slot].isOpaque = true
            all[slot].unplacedReceived &+= UInt64(operation.result)
        } else if operation.result == connectionReset, state == .open {
            state = .doubtful
        }
    }

    /// Turns the sizes of all groups, which `summarize` left in them, into ranges, and fills these.
    private mutating func group() {
        /// For each slot and direction the task whose call ended last so far, and when.
        var last = [(task: Int32, latest: Int64)](repeating: (0, .min), count: all.count * 2)
        for slot in all.indices {
            all[slot].sends = sends.count..<sends.count
            all[slot].receives = receives.count..<receives.count
            sends.append(contentsOf: repeatElement(0, count: sendCounts[slot]))
            receives.append(contentsOf: repeatElement(0, count: receiveCounts[slot]))
        }
        for (number, node) in nodes.enumerated() {
            for (index, operation) in node.operations.enumerated() {
                guard node.endpoints.indices.contains(Int(operation.endpoint)), let bytes = operation.bytes, !bytes.isEmpty else {
                    continue
                }
                let slot = base[number] + Int(operation.endpoint)
                noteOverlap(operation, slot, &last[2 * slot + (operation.kind == .send ? 0 : 1)])
                if operation.kind == .send {
                    sends[all[slot].sends.upperBound] = Int32(truncatingIfNeeded: index)
                    all[slot].sends = all[slot].sends.lowerBound..<all[slot].sends.upperBound + 1
                } else if operation.kind == .receive {
                    receives[all[slot].receives.upperBound] = Int32(truncatingIfNeeded: index)
                    all[slot].receives = all[slot].receives.lowerBound..<all[slot].receives.upperBound + 1
                }
            }
        }
    }
}

extension Histories {
    private mutating func noteOverlap(_ operation: Operation, _ slot: Int, _ last: inout (task: Int32, latest: Int64)) {
        if operation.earliest < last.latest && operation.task != last.task {
            if operation.kind == .send { all[slot].sendsOverlap = true } else { all[slot].receivesOverlap = true }
        }
        if operation.latest >= last.latest { last = (operation.task, operation.latest) }
    }
}

/// What connect returns when the connection may yet come to be: EINTR, EAGAIN, EALREADY, EINPROGRESS, and ERESTARTSYS,
/// which the kernel keeps to itself but a trace shows.
private let connectsLater: Set<Int64> = [-4, -11, -114, -115, -512]
/// ECONNRESET, as a call returns it.
private let connectionReset: Int64 = -104
