import RunModel

/// Which datagrams are which.
struct Exchange {
    /// A message that was sent, and received.
    struct Link {
        let send: Datagram
        let receive: Datagram
        let certainty: Delivery.Certainty
    }

    private(set) var links: [Link] = []
    /// Whether each message, by its number, is in a link.
    private(set) var isLinked: [Bool]
    let owners: AddressOwners
    private let datagrams: Datagrams
    private let histories: Histories
    private let contents: Contents

    /// Messages received from the sockets that sent them: some of `givers` sent all of `receives`.
    private struct Group {
        var givers: [Int32]
        var receives: [Datagram] = []
    }
    private var groups: [Group] = []
    /// The ports of sockets that have an address, as far as others name it.
    private let ownPorts: [Int32: UInt16?]
    private var groupOfGiver: [Int32: Int] = [:]
    /// Those whose anonymous receives have found their senders by where these sent to.
    private var byDestination: Set<Int32> = []

    init(_ datagrams: Datagrams, _ contents: Contents) {
        self.datagrams = datagrams
        self.contents = contents
        histories = datagrams.histories
        owners = AddressOwners(datagrams)
        var ports: [Int32: UInt16?] = [:]
        for (number, slots) in owners.owners.enumerated() { for slot in slots { ports[slot] = datagrams.addresses[number].address.port } }
        ownPorts = ports
        isLinked = [Bool](repeating: false, count: Int(datagrams.count))
        groupByAddress()
        groupByDestination()
        groupAnonymous()
        for group in groups { settle(group) }
    }

    // MARK: Who may have sent what

    private mutating func groupByAddress() {
        for list in datagrams.received {
            for message in list where message.peer >= 0 && !owners.owners[Int(message.peer)].isEmpty {
                add([message], from: owners.owners[Int(message.peer)])
            }
        }
    }

    private mutating func add(_ receives: [Datagram], from givers: [Int32]) {
        let known = givers.compactMap { groupOfGiver[$0] }
        let group = known.first ?? groups.count
        if known.isEmpty { groups.append(Group(givers: [])) }
        for other in Set(known) where other != group {
            // Sockets that share an address, one of which has another one, too.
            groups[group].givers += groups[other].givers
            groups[group].receives += groups[other].receives
            for giver in groups[other].givers { groupOfGiver[giver] = group }
            groups[other] = Group(givers: [])
        }
        for giver in givers where groupOfGiver[giver] == nil {
            groupOfGiver[giver] = group
            groups[group].givers.append(giver)
        }
        groups[group].receives += receives
    }

    /// Receives that do not say whom their message came from, of who has an address that others are known to have sent to: from these, if
    /// that explains all of them, or contents tell.
    private mutating func groupByDestination() {
        var sendsTo: [Int32: [Datagram]] = [:]
        for message in datagrams.sent.joined() where message.peer >= 0 && !owners.isInferred[Int(message.peer)] {
            for taker in owners.owners[Int(message.peer)] { sendsTo[taker, default: []].append(message) }
        }
        for (taker, sends) in sendsTo.sorted(by: { $0.key < $1.key }) {
            let anonymous = datagrams.received(by: taker).filter { $0.peer < 0 }
            let isTold = { [contents] (message: Datagram) in contents.isKnown(message.ref) }
            guard !anonymous.isEmpty, sends.allSatisfy(isTold) && anonymous.allSatisfy(isTold) || canExplain(sends, anonymous)
            else { continue }
            byDestination.insert(taker)
            add(anonymous, from: Set(sends.map(\.slot)).sorted())
        }
    }

    /// Receives that do not say whom their message came from: from the only one that the receiver talks to, or from the only ones who are
    /// left.
    private mutating func groupAnonymous() {
        var partners: [Int32: Set<Int32>] = [:]
        for group in groups {
            for message in group.receives { for giver in group.givers { partners[giver, default: []].insert(message.slot) } }
        }
        var left: [Int32] = []
        for slot in datagrams.slots {
            let taker = Int32(truncatingIfNeeded: slot)
            let anonymous = datagrams.received(by: taker).filter { $0.peer < 0 }
            if anonymous.isEmpty || byDestination.contains(taker) { continue }
            if let known = partners[taker], known.count == 1, let giver = known.first, canExplain(datagrams.sent(by: giver), anonymous) {
                add(anonymous, from: [giver])
            } else if partners[taker] == nil {
                left.append(taker)
            }
        }
        var rivals: [Place: Int] = [:]
        for taker in left { rivals[place(taker), default: 0] += 1 }
        for taker in left where rivals[place(taker)] == 1 {
            let givers = datagrams.slots.map { Int32(truncatingIfNeeded: $0) }.filter { giver in
                place(giver) == place(taker) && giver != taker && groupOfGiver[giver] == nil && !datagrams.sent(by: giver).isEmpty
            }
            let anonymous = datagrams.received(by: taker).filter { $0.peer < 0 }
            let sends = givers.flatMap { datagrams.sent(by: $0) }
            guard sends.count == anonymous.count, canExplain(sends, anonymous) else { continue }
            add(anonymous, from: givers)
        }
    }

    /// Where sockets of one kind can reach each other without an address.
    private struct Place: Hashable {
        var kind: Endpoint.Kind
        var host: Int32
    }

    private func place(_ slot: Int32) -> Place { Place(kind: histories.all[Int(slot)].kind, host: histories.all[Int(slot)].host) }

    /// Whether all of `receives` can be of these `sends`.
    private func canExplain(_ sends: [Datagram], _ receives: [Datagram]) -> Bool {
        let sends = sends.sorted { ($0.earliest, $0.ref) < ($1.earliest, $1.ref) }
        let slack = histories.slack((sends + receives).map { Int($0.slot) })
        let way = Assignment.Way(isInOrder: true, slack: slack)
        return !Assignment(sends, receives, way, contents).send.contains(-1)
    }

    // MARK: Which message is which

    private mutating func settle(_ group: Group) {
        let sends = group.givers.flatMap { datagrams.sent(by: $0) }
        guard sends.allSatisfy({ $0.peer >= 0 }) else { return settleByHost(sends, group.receives) }
        // Where each message goes is known.
        let takers = Dictionary(grouping: group.receives, by: \.slot)
        for (members, possible) in shares(of: sends, among: takers.keys.sorted()) {
            let receives = members.flatMap { takers[$0] ?? [] }
            guard members.count == 1 else {
                settleByHost(possible, receives)
                continue
            }
            let isAlone = possible.allSatisfy { owners.owners[Int($0.peer)].count == 1 && !isToGroup($0) }
            settle(possible, receives, isComplete: isAlone)
        }
    }

    /// Clocks of one host agree, and only those.
    private mutating func settleByHost(_ sends: [Datagram], _ receives: [Datagram]) {
        let hosts = Dictionary(grouping: receives) { histories.all[Int($0.slot)].host }
        for receives in hosts.sorted(by: { $0.key < $1.key }).map(\.value) { settle(sends, receives, isElsewhere: hosts.count > 1) }
    }

    /// Which of `sends`, all of which say where they go, may have reached which `takers`; those that one of them may have reached instead
    /// of the other together.
    private func shares(of sends: [Datagram], among takers: [Int32]) -> [(takers: [Int32], sends: [Datagram])] {
        var peers: [Int32: Set<Int32>] = [:]
        for peer in Set(sends.map(\.peer)) {
            let isOwned = !owners.owners[Int(peer)].isEmpty && !isGroup(peer)
            for taker in isOwned ? owners.owners[Int(peer)] : takers.filter({ owners.mayHave(Int($0), peer) }) {
                peers[taker, default: []].insert(peer)
            }
        }
        var shares: [(takers: [Int32], peers: Set<Int32>)] = []
        var home: [Int32: Int] = [:]
        for taker in takers {
            var share = (takers: [taker], peers: peers[taker] ?? [])
            for other in Set(share.peers.compactMap { isGroup($0) ? nil : home[$0] }) {
                share = (share.takers + shares[other].takers, share.peers.union(shares[other].peers))
                shares[other] = ([], [])
            }
            for peer in share.peers { home[peer] = shares.count }
            shares.append(share)
        }
        let takes = shares.enumerated().reduce(into: [Int32: [Int]]()) { takes, share in
            for peer in share.element.peers { takes[peer, default: []].append(share.offset) }
        }
        var found = shares.map { (takers: $0.takers.sorted(), sends: [Datagram]()) }
        for send in sends { for share in takes[send.peer] ?? [] { found[share].sends.append(send) } }
        return found.filter { !$0.takers.isEmpty }
    }

    private func isGroup(_ number: Int32) -> Bool { datagrams.addresses[Int(number)].address.isGroup }
    private func isToGroup(_ send: Datagram) -> Bool { isGroup(send.peer) }

    /// Settles which of `sends` each of `receives` took; `isComplete` if all of `sends` went to the one receiver, `isElsewhere` if there
    /// are other receivers.
    private mutating func settle(_ sends: [Datagram], _ receives: [Datagram], isComplete: Bool = false, isElsewhere: Bool = false) {
        let sends = sends.sorted { ($0.earliest, $0.ref) < ($1.earliest, $1.ref) }
        let receives = receives.sorted { ($0.latest, $0.ref) < ($1.latest, $1.ref) }
        let isOneSender = Set(sends.map(\.ref.node)).count == 1
        var way = way(sends, receives, isComplete: isComplete)
        way.mayRepeat = way.mayRepeat || isElsewhere && histories.all[Int(receives[0].slot)].kind == .udp
        let assignment = Assignment(sends, receives, way, contents)
        for (index, receive) in receives.enumerated() where assignment.send[index] >= 0 {
            let send = sends[Int(assignment.send[index])]
            // In the order of one node, the first that may be the one comes before all others.
            let earliest = assignment.earliest[index]
            let after = isOneSender && earliest >= 0 ? sends[Int(earliest)].ref : nil
            let isDoubtful = receive.peer >= 0 && owners.isDoubtful[Int(receive.peer)]
            let isCertain = assignment.isCertain[index] && !isDoubtful
            let certainty = isCertain ? Delivery.Certainty.certain : .uncertain(after: isDoubtful ? nil : after)
            links.append(Link(send: send, receive: receive, certainty: certainty))
            isLinked[Int(send.number)] = true
            isLinked[Int(receive.number)] = true
        }
    }

    /// Whether what is sent to many could reach several of these: only those that have the same port. One that is not known may be any.
    private func couldHearTheSame(_ takers: [Int]) -> Bool {
        if takers.count < 2 { return false }
        let ports = takers.map { ownPorts[Int32(truncatingIfNeeded: $0)] ?? histories.endpoint($0).local?.port }
        return ports.contains(nil) || Set(ports).count < ports.count
    }

    /// What is known of the way from those who sent to those who received.
    private func way(_ sends: [Datagram], _ receives: [Datagram], isComplete: Bool) -> Assignment.Way {
        let givers = Set(sends.map(\.slot)).map { Int($0) }
        let takers = Set(receives.map(\.slot)).map { Int($0) }
        let slots = givers + takers
        let isOneHost = Set(slots.map { histories.all[$0].host }).count <= 1
        let overlap = givers.count > 1 || givers.contains { histories.all[$0].sendsOverlap }
        var way = Assignment.Way()
        way.isInOrder = isOneHost && takers.count == 1 && !histories.all[takers[0]].receivesOverlap && !overlap
        let isUDP = receives.contains { histories.all[Int($0.slot)].kind == .udp }
        // What came before the receiver was there went elsewhere.
        let isThere = sends.first.map { histories.notOpenBefore(takers[0]) <= $0.latest } ?? false
        way.isComplete = isComplete && way.isInOrder && !isUDP && isThere && !slots.contains { histories.all[$0].isOpaque }
        way.mayRepeat = isUDP && (!isOneHost || couldHearTheSame(takers))
        way.hasCopies = isUDP
        way.slack = histories.slack(slots)
        way.silence = givers.map { histories.silence(of: $0) }.min() ?? .max
        return way
    }
}
