import RunModel

/// Applies the matching rules, strongest first: what one has joined, the next does not see.
struct Joiner {
    /// How many accepts a connection may have to wait behind: the length of a listener's queue that is looked through.
    static let longestQueue = 256

    /// An endpoint joined to another.
    struct Partner {
        var slot: Int
        var evidence: Channel.Evidence
    }

    let histories: Histories
    /// Each slot's partner.
    private(set) var partner: [Partner?]
    private(set) var tally = AnomalyTally()

    init(_ histories: Histories) {
        self.histories = histories
        partner = [Partner?](repeating: nil, count: histories.all.count)
    }

    /// Applies all rules.
    mutating func joinAll() {
        joinPairs()
        joinByAddress()
        joinUnix()
        joinLeftovers()
    }

    // MARK: Rule 1: two ends born together

    private mutating func joinPairs() {
        for slot in histories.all.indices {
            guard case .pair(let serial) = histories.endpoint(slot).birth else { continue }
            let id = EndpointID(node: histories.all[slot].id.node, serial: Int(serial))
            guard let twin = histories.slot(id), twin != slot,
                case .pair(let back) = histories.endpoint(twin).birth, back == histories.all[slot].id.serial
            else {
                count("twin-missing", slot)
                continue
            }
            partner[slot] = Partner(slot: twin, evidence: .creation)
        }
    }

    // MARK: Rule 2: TCP, both addresses known

    /// The two addresses of a TCP connection, and the host they mean something in, if only there.
    private struct Tuple: Hashable {
        var connecting: Address
        var accepting: Address
        var host: Int32?
    }

    private mutating func joinByAddress() {
        var groups: [Tuple: Int] = [:]
        var members: [(connects: [Int], accepts: [Int])] = []
        for slot in histories.all.indices {
            let endpoint = histories.endpoint(slot)
            guard endpoint.kind == .tcp, let local = endpoint.local, let remote = endpoint.remote else { continue }
            let host = local.isHostLocal || remote.isHostLocal ? histories.node(slot).host : nil
            let connects = endpoint.birth == .connect
            guard connects || endpoint.birth == .accept else { continue }
            if connects && local == remote {
                partner[slot] = Partner(slot: slot, evidence: .address)
                continue
            }
            let tuple = Tuple(connecting: connects ? local : remote, accepting: connects ? remote : local, host: host)
            let group = groups[tuple, default: members.count]
            if group == members.count {
                groups[tuple] = group
                members.append(([], []))
            }
            if connects { members[group].connects.append(slot) } else { members[group].accepts.append(slot) }
        }
        for (connects, accepts) in members where !connects.isEmpty && !accepts.isEmpty {
            let found = join(connects, accepts, evidence: .address, ambiguity: "tcp-ambiguous") { _, _ in true }
            if connects.count == 1 && accepts.count == 1 && !found { count("address-contradicted", connects[0]) }
        }
    }

    // MARK: Rule 3: Unix connections, whose addresses a trace does not tell

    private mutating func joinUnix() {
        var hosts: [Int32: (connects: [Int], accepts: [Int])] = [:]
        for slot in histories.all.indices where histories.endpoint(slot).kind == .unixStream {
            switch histories.endpoint(slot).birth {
            case .connect where isEstablished(slot): hosts[histories.node(slot).host, default: ([], [])].connects.append(slot)
            case .accept: hosts[histories.node(slot).host, default: ([], [])].accepts.append(slot)
            default: break
            }
        }
        for host in hosts.sorted(by: { $0.key < $1.key }).map(\.value) {
            join(host.connects, host.accepts, evidence: .order, ambiguity: "unix-ambiguous") { _, _ in true }
        }
    }

    // MARK: Rule 4: TCP, an address missing

    private mutating func joinLeftovers() {
        var connects: [Int] = []
        var accepts: [Int] = []
        for slot in histories.all.indices where histories.endpoint(slot).kind == .tcp && partner[slot] == nil {
            let endpoint = histories.endpoint(slot)
            let isKnown = endpoint.local != nil && endpoint.remote != nil
            if endpoint.birth == .connect && !isKnown && isEstablished(slot) { connects.append(slot) }
            if endpoint.birth == .accept { accepts.append(slot) }
        }
        join(connects, accepts, evidence: .order, ambiguity: nil) { [histories] in histories.couldBeAddressed($0, $1) }
        for slot in connects where partner[slot] == nil { count("address-unknown", slot) }
    }

    /// Whether an endpoint shows that its connection came to be.
    func isEstablished(_ slot: Int) -> Bool {
        let history = histories.all[slot]
        return histories.endpoint(slot).established != nil || history.movedBytes || history.endSeen != nil
    }

    private mutating func count(_ name: String, _ slot: Int) {
        tally.add(Anomaly(name, first: Position(node: histories.all[slot].id.node, moment: histories.endpoint(slot).opened)))
    }

    // MARK: What the rules share

    /// Joins those of `connects` and `accepts` that can only belong together; whether that was any.
    /// What has candidates, and no unique one, is counted as `ambiguity`.
    @discardableResult
    private mutating func join(
        _ connects: [Int], _ accepts: [Int], evidence: Channel.Evidence, ambiguity: String?, where fits: (Int, Int) -> Bool
    ) -> Bool {
        let histories = histories
        let connects = connects.sorted { (histories.all[$0].openEarliest, $0) < (histories.all[$1].openEarliest, $1) }
        let accepts = accepts.sorted { (histories.all[$0].openLatest, $0) < (histories.all[$1].openLatest, $1) }
        var candidates = Candidates(
            ofConnect: connects.map { histories.candidates(for: $0, among: accepts, where: fits) }, accepts: accepts.count)
        let interval = { (slot: Int) in
            Candidates.Interval(earliest: histories.all[slot].openEarliest, latest: histories.all[slot].openLatest)
        }
        candidates.decide(times: (connects.map(interval), accepts.map(interval))) { _, component in
            histories.haveOneQueue(component.map { accepts[$0] })
        }
        var found = false
        for (index, accept) in candidates.partner.enumerated() {
            guard let accept else { continue }
            partner[connects[index]] = Partner(slot: accepts[accept], evidence: evidence)
            partner[accepts[accept]] = Partner(slot: connects[index], evidence: evidence)
            found = true
        }
        guard let ambiguity else { return found }
        for open in candidates.openConnects { count(ambiguity, connects[open]) }
        for open in candidates.openAccepts { count(ambiguity, accepts[open]) }
        return found
    }
}

extension Histories {
    /// The indices in `accepts` (sorted by the latest time of their accept) of all that fit `connecting`. Looks through as
    /// many as a queue may hold, from the first that could be meant.
    func candidates(for connecting: Int, among accepts: [Int], where fits: (Int, Int) -> Bool) -> [Int] {
        let history = all[connecting]
        // Accepts of other hosts may be early by their clock's error.
        let first = accepts.partitionPoint { notAfter(history.openEarliest, all[$0].openLatest, slack(connecting, $0)) }
        var found: [Int] = []
        for index in first..<min(accepts.count, first + Joiner.longestQueue) {
            let accepting = accepts[index]
            // The peer had been accepted before it answered.
            if !notAfter(all[accepting].openLatest, history.answered, slack(connecting, accepting)) { continue }
            if fits(connecting, accepting) && areConsistent(connecting: connecting, accepting: accepting) { found.append(index) }
        }
        return found
    }

    /// Whether all these connections, as accepted, came out of one listener's queue.
    func haveOneQueue(_ accepts: [Int]) -> Bool {
        guard let first = accepts.first, accepts.allSatisfy({ all[$0].id.node == all[first].id.node }) else { return false }
        let local = endpoint(first).local
        if local != nil && local != .unixUnnamed && accepts.allSatisfy({ endpoint($0).local == local }) { return true }
        let kind = endpoint(first).kind
        return kind == .unixStream && node(first).endpoints.count { $0.kind == kind && $0.birth == .listen } <= 1
    }

    /// Whether the addresses known of two TCP endpoints allow them to be connected, and any bytes show that they are.
    func couldBeAddressed(_ connecting: Int, _ accepting: Int) -> Bool {
        let (from, to) = (endpoint(connecting), endpoint(accepting))
        if let known = from.remote, let local = to.local, known != local { return false }
        if let known = from.local, let remote = to.remote, known != remote { return false }
        let isLocal = [from.local, from.remote, to.local, to.remote].contains { $0?.isHostLocal ?? false }
        if isLocal && node(connecting).host != node(accepting).host { return false }
        return all[connecting].received > 0 || all[accepting].received > 0
    }
}
