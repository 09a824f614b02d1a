import RunModel

/// Applies the matching rules, strongest first: what one has joined, the next does not see.
struct Joiner {
    /// An endpoint joined to another.
    struct Partner {
        var slot: Int
        var evidence: Channel.Evidence
    }

    private(set) var histories: Histories
    /// Each slot's partner.
    private(set) var partner: [Partner?]
    /// Pipes with more than one endpoint at an end.
    private(set) var pipes: [Pipe] = []
    /// Endpoints that name the same open file as one that others know it by.
    private(set) var passed: [Int: [Int]] = [:]
    /// Whether an endpoint is one of those, or of a pipe with more than one at an end.
    private(set) var isShared: [Bool]
    /// Whether something about an endpoint was left open.
    private(set) var isOpen: [Bool]
    var tally = AnomalyTally()

    init(_ histories: Histories) {
        self.histories = histories
        partner = [Partner?](repeating: nil, count: histories.all.count)
        isShared = [Bool](repeating: false, count: histories.all.count)
        isOpen = isShared
    }

    /// Applies all rules.
    mutating func joinAll(_ decisions: Decisions) {
        joinByUser(decisions)
        joinPairs()
        unitePassed()
        joinPipes()
        joinByAddress()
        joinInherited()
        joinUnix()
        joinLeftovers()
    }

    // MARK: Rule 0: what the user said

    private mutating func joinByUser(_ decisions: Decisions) {
        for pair in decisions.joined {
            guard let one = histories.slot(pair.one), let other = histories.slot(pair.other), partner[one] == nil, partner[other] == nil,
                !histories.all[one].kind.isDatagram, !histories.all[other].kind.isDatagram
            else { continue }
            self.pair(one, other, .user)
        }
    }

    // MARK: Rule 1: two ends born together

    private mutating func joinPairs() {
        for slot in histories.all.indices where histories.all[slot].kind != .pipe && partner[slot] == nil {
            guard case .pair(let serial) = histories.all[slot].birth else { continue }
            let id = EndpointID(node: histories.all[slot].id.node, serial: Int(serial))
            guard let twin = histories.slot(id), twin != slot,
                case .pair(let back) = histories.all[twin].birth, back == histories.all[slot].id.serial
            else {
                count("twin-missing", slot)
                continue
            }
            if !histories.isForbidden(slot, twin) && partner[twin] == nil { pair(slot, twin, .creation) }
        }
    }

    // MARK: Descriptors that were passed on: which endpoints are one end

    private mutating func unitePassed() {
        guard histories.nodes.contains(where: { !$0.passings.isEmpty }) else { return }
        // The connections that carry them are joined for this alone: those that were passed on themselves are not whole yet.
        var draft = self
        draft.joinUnix()
        let passings = Passings(histories) { draft.partner[$0]?.slot }
        passed = passings.others
        for (slot, others) in passed.sorted(by: { $0.key < $1.key }) {
            for other in others {
                histories.unite(slot, with: other)
                isShared[other] = true
            }
        }
        for unknown in passings.unknown { tally.add(Anomaly("descriptors-passed", count: unknown.count, first: unknown.at)) }
    }

    private mutating func joinPipes() {
        let finder = PipeFinder(histories) { [isShared] in partner[$0] == nil && !isShared[$0] }
        for slot in finder.strays { count("twin-missing", slot) }
        for pipe in finder.pipes where !pipe.writers.isEmpty && !pipe.readers.isEmpty {
            if pipe.writers.count == 1 && pipe.readers.count == 1 && !pipe.mayHaveRestarted {
                if histories.isForbidden(pipe.writers[0], pipe.readers[0]) { continue }
                pair(pipe.writers[0], pipe.readers[0], .creation)
            } else {
                pipes.append(pipe)
                for slot in pipe.writers + pipe.readers { isShared[slot] = true }
            }
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
            guard endpoint.kind == .tcp, partner[slot] == nil, let local = endpoint.local, let remote = endpoint.remote else { continue }
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
            } else if !histories.isForbidden(connects[0], accepts[0]) {
                count("address-contradicted", connects[0])
            }
        }
    }

    /// Sockets that were connected before the recording began, with addresses that the sidecar tells: either end may be the one that
    /// connected.
    private mutating func joinInherited() {
        var members: [Tuple: [Int]] = [:]
        var order: [Tuple] = []
        let isInherited = { [histories] (slot: Int) in histories.all[slot].birth == .inherited || histories.all[slot].birth == .passed }
        for slot in histories.all.indices where partner[slot] == nil && !isShared[slot] {
            let endpoint = histories.endpoint(slot)
            guard endpoint.kind == .tcp || endpoint.kind == .unknown, let local = endpoint.local, let remote = endpoint.remote,
                local.port != nil, remote.port != nil, endpoint.birth != .listen
            else { continue }
            let host = local.isHostLocal || remote.isHostLocal ? histories.all[slot].host : nil
            let tuple = Tuple(connecting: local, accepting: remote, host: host)
            if members[tuple] == nil { order.append(tuple) }
            members[tuple, default: []].append(slot)
        }
        for tuple in order {
            let mirrored = Tuple(connecting: tuple.accepting, accepting: tuple.connecting, host: tuple.host)
            guard let own = members[tuple], let others = members[mirrored], own[0] < others[0], (own + others).contains(where: isInherited)
            else { continue }
            guard own.count == 1, others.count == 1 else {
                // Several processes that were recorded apart hold one end.
                for slot in own + others { count("end-shared", slot) }
                continue
            }
            let connects = histories.all[others[0]].birth == .connect || histories.all[own[0]].birth == .accept
            let (connecting, accepting) = connects ? (others[0], own[0]) : (own[0], others[0])
            if histories.areConsistent(connecting: connecting, accepting: accepting) {
                pair(connecting, accepting, .address)
            } else {
                count("address-contradicted", connecting)
            }
        }
    }

    // MARK: Rule 3: Unix connections, of which at most the name that was connected to is known

    private mutating func joinUnix() {
        var hosts: [Int32: (connects: [Int], accepts: [Int])] = [:]
        for kind in [Endpoint.Kind.unixStream, .unixSequenced] {
            hosts = [:]
            for slot in histories.all.indices where histories.all[slot].kind == kind && partner[slot] == nil {
                let host = histories.all[slot].host
                switch histories.all[slot].birth {
                case .connect where histories.all[slot].isEstablished: hosts[host, default: ([], [])].connects.append(slot)
                case .accept: hosts[host, default: ([], [])].accepts.append(slot)
                default: break
                }
            }
            for host in hosts.sorted(by: { $0.key < $1.key }).map(\.value) {
                let names = Set(host.accepts.compactMap { histories.endpoint($0).local })
                join(host.connects, host.accepts, evidence: .order, ambiguity: "unix-ambiguous") { [histories] in
                    histories.couldBeNamed($0, $1, among: names)
                }
            }
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
        isOpen[slot] = true
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
