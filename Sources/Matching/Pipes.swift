import RunModel

/// The endpoints of one pipe or FIFO.
struct Pipe {
    /// Those that can write to it, and those that can read from it, by when they were opened.
    var writers: [Int] = []
    var readers: [Int] = []
    /// It is a FIFO that may have been closed by all, and opened again: what was not read then is gone.
    var mayHaveRestarted = false
}

/// Finds which endpoints are ends of the same pipe: those born together, and those that name the same file of a host.
struct PipeFinder {
    /// A file of a host. Pipes have inodes of their own device, which /proc does not name; FIFOs have those of their file system.
    private struct File: Hashable {
        var host: Int32
        var device: UInt64?
        var inode: UInt64
    }

    private let histories: Histories
    private(set) var pipes: [Pipe] = []
    /// Ends whose other end, in the same node, is not there.
    private(set) var strays: [Int] = []

    /// Looks at the pipes for which `isFree`.
    init(_ histories: Histories, where isFree: (Int) -> Bool) {
        self.histories = histories
        let slots = histories.all.indices.filter { histories.all[$0].kind == .pipe && isFree($0) }
        if slots.isEmpty { return }
        var members: [[Int]] = []
        var group: [Int: Int] = [:]
        var files: [File: Int] = [:]
        let fifos = Set(slots.filter { histories.all[$0].birth == .open }.compactMap { file($0, isFIFO: true) })
        for slot in slots {
            let named = file(slot, isFIFO: true).flatMap { fifos.contains($0) ? $0 : nil } ?? file(slot, isFIFO: false)
            let own = twin(slot).flatMap { group[$0] } ?? named.flatMap { files[$0] } ?? members.count
            if own == members.count { members.append([]) }
            members[own].append(slot)
            group[slot] = own
            if let named { files[named] = own }
        }
        for member in members { split(member) }
    }

    private func file(_ slot: Int, isFIFO: Bool) -> File? {
        guard let identity = histories.endpoint(slot).identity, !isFIFO || identity.device != nil else { return nil }
        return File(host: histories.all[slot].host, device: isFIFO ? identity.device : nil, inode: identity.inode)
    }

    /// The other end of a pipe that this node made.
    private mutating func twin(_ slot: Int) -> Int? {
        guard case .pair(let serial) = histories.all[slot].birth else { return nil }
        let id = EndpointID(node: histories.all[slot].id.node, serial: Int(serial))
        if let twin = histories.slot(id), twin != slot, histories.all[twin].kind == .pipe, case .pair(let back) = histories.all[twin].birth,
            back == histories.all[slot].id.serial
        {
            return twin
        }
        strays.append(slot)
        return nil
    }

    /// A FIFO, or an inode, may be used again after all have closed it.
    private mutating func split(_ members: [Int]) {
        let sorted = members.sorted {
            let (a, b) = (histories.all[$0].id, histories.all[$1].id)
            return (histories.notOpenBefore($0), a.node, a.serial) < (histories.notOpenBefore($1), b.node, b.serial)
        }
        var current: [Int] = []
        var closes: [NodeID: (moment: Moment, time: Int64)] = [:]
        for slot in sorted {
            let isOver = closes.allSatisfy { node, close in
                node == histories.all[slot].id.node
                    ? close.moment < histories.all[slot].opened : close.time <= histories.notOpenBefore(slot)
            }
            if isOver && !current.isEmpty {
                add(current)
                (current, closes) = ([], [:])
            }
            current.append(slot)
            let (node, close) = (histories.all[slot].id.node, histories.endpoint(slot).closed ?? Moment(packed: .max))
            let time = histories.all[slot].isCut ? .max : histories.all[slot].lastSeen
            let known = closes[node] ?? (close, time)
            closes[node] = (max(known.moment, close), max(known.time, time))
        }
        if !current.isEmpty { add(current) }
    }

    private mutating func add(_ members: [Int]) {
        var pipe = Pipe()
        for slot in members {
            let access = histories.endpoint(slot).access
            if access != .read { pipe.writers.append(slot) }
            if access != .write { pipe.readers.append(slot) }
        }
        var lastClose: Int64?
        for slot in members.sorted(by: { histories.all[$0].firstSeen < histories.all[$1].firstSeen }) {
            let seen = histories.all[slot]
            // Nobody is known to have had it open just before this one did.
            if let lastClose, lastClose < seen.firstSeen, seen.birth == .open { pipe.mayHaveRestarted = true }
            lastClose = max(lastClose ?? .min, seen.isCut ? .max : seen.lastSeen)
        }
        pipes.append(pipe)
    }
}

extension Histories {
    /// Whether others than the recorded ends may hold the pipe between these: it was not made by the node that holds both.
    func mayBeShared(_ giver: Int, _ taker: Int) -> Bool {
        guard all[giver].kind == .pipe, case .pair = all[giver].birth, case .pair = all[taker].birth else {
            return all[giver].kind == .pipe
        }
        return false
    }

    /// It was opened after this: the operation of its node before, or the node's first event. Endpoints that were made by a call of another
    /// kind have no time of their own.
    func notOpenBefore(_ slot: Int) -> Int64 {
        switch all[slot].birth {
        case .inherited, .passed: return .min
        case .connect, .accept, .pair, .listen, .open, .made: break
        }
        let node = node(slot)
        let behind = node.operations.partitionPoint { $0.at >= all[slot].opened }
        if behind > 0 { return node.operations[behind - 1].earliest &+ node.clockOffset }
        return node.started == .min ? .min : node.started &+ node.clockOffset
    }
}

extension Joiner {
    /// Whether of the two ends of a pipe this one writes. Where both could, that of the lower slot does.
    func writes(_ slot: Int, _ other: Int) -> Bool {
        let (one, two) = (histories.endpoint(slot).access, histories.endpoint(other).access)
        return one == .write || two == .read || (one == .both && two == .both && slot < other)
    }
}
