import RunModel

/// Applies the matching rules, strongest first: what one has joined, the next does not see.
struct Joiner {
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
            guard case .pair(let serial) = histories.all[slot].birth else { continue }
            let id = EndpointID(node: histories.all[slot].id.node, serial: Int(serial))
            guard let twin = histories.slot(id), twin != slot,
                case .pair(let back) = histories.all[twin].birth, back == histories.all[slot].id.serial
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
            let host = local.isHostLocal || remote.isHostLocal ? histories.all[slot].host : nil
            let connects = endpoint.birth == .connect
            guard connects ? !histories.all[slot].isRefused || histories.all[slot].isEstablished : endpoint.birth == .accept else {
                continue
            }
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
            if connects.count > 1 || accepts.count > 1 {
                join(connects, accepts, evidence: .address, ambiguity: "tcp-ambiguous") { _, _ in true }
            } else if histories.areConsistent(connecting: connects[0], accepting: accepts[0]) {
                pair(connects[0], accepts[0], .address)
            } else {
                count("address-contradicted", connects[0])
            }
        }
    }

    // MARK: Rule 3: Unix connections, whose addresses a trace does not tell

    private mutating func joinUnix() {
        var hosts: [Int32: (connects: [Int], accepts: [Int])] = [:]
        for slot in histories.all.indices where histories.all[slot].kind == .unixStream {
            switch histories.all[slot].birth {
            case .connect where histories.all[slot].isEstablished: hosts[histories.all[slot].host, default: ([], [])].connects.append(slot)
            case .accept: hosts[histories.all[slot].host, default: ([], [])].accepts.append(slot)
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
        for slot in histories.all.indices where histories.all[slot].kind == .tcp && partner[slot] == nil {
            let endpoint = histories.endpoint(slot)
            let isKnown = endpoint.local != nil && endpoint.remote != nil
            if endpoint.birth == .connect && !isKnown && histories.all[slot].isEstablished { connects.append(slot) }
            if endpoint.birth == .accept { accepts.append(slot) }
        }
        join(connects, accepts, evidence: .order, ambiguity: nil) { [histories] in histories.couldBeAddressed($0, $1) }
        for slot in connects where partner[slot] == nil { count("address-unknown", slot) }
    }

    private mutating func count(_ name: String, _ slot: Int) {
        tally.add(Anomaly(name, first: histories.opening(slot)))
    }

    // MARK: What the rules share

    private mutating func pair(_ connecting: Int, _ accepting: Int, _ evidence: Channel.Evidence) {
        partner[connecting] = Partner(slot: accepting, evidence: evidence)
        partner[accepting] = Partner(slot: connecting, evidence: evidence)
    }

    /// Joins those of `connects` and `accepts` that can only belong together. What has candidates, and no unique one, is
    /// counted as `ambiguity`.
    private mutating func join(
        _ connects: [Int], _ accepts: [Int], evidence: Channel.Evidence, ambiguity: String?, where fits: (Int, Int) -> Bool
    ) {
        let histories = histories
        let connects = connects.sorted { (histories.all[$0].openEarliest, $0) < (histories.all[$1].openEarliest, $1) }
        let accepts = accepts.sorted { (histories.all[$0].openLatest, $0) < (histories.all[$1].openLatest, $1) }
        let slack = histories.slack(connects + accepts)
        var candidates = Candidates(
            ofConnect: connects.map { histories.candidates(for: $0, among: accepts, slack, where: fits) }, accepts: accepts.count)
        let interval = { (slot: Int) in
            Candidates.Interval(earliest: histories.all[slot].openEarliest, latest: histories.all[slot].openLatest)
        }
        candidates.decide(times: (connects.map(interval), accepts.map(interval))) { some, others in
            evidence == .address ? .queue : histories.trust(some.map { connects[$0] }, others.map { accepts[$0] })
        }
        for (index, accept) in candidates.partner.enumerated() {
            guard let accept else { continue }
            if evidence == .order && !histories.isConfirmed(connects[index], accepts[accept]) {
                candidates.reopen(connect: index, accept: accept)
                continue
            }
            pair(connects[index], accepts[accept], evidence)
        }
        guard let ambiguity else { return }
        for open in candidates.openConnects { count(ambiguity, connects[open]) }
        for open in candidates.openAccepts { count(ambiguity, accepts[open]) }
    }
}
