import RunModel

/// Which datagram sockets have which addresses.
///
/// A socket may say so itself (getsockname). If not, messages do: whoever has an address has sent what was received from it. A socket that
/// can be the sender of all that came from an address, while no other can, and that can have no other address, has it.
struct AddressOwners {
    /// For each address the endpoints that have it: several may share one (SO_REUSEPORT).
    private(set) var owners: [[Int32]]
    /// Whether the endpoints themselves do not say so.
    private(set) var isInferred: [Bool]
    /// Whether that follows only if nobody else has one of the other addresses in question: who was not recorded may have.
    private(set) var isDoubtful: [Bool]
    /// Addresses that several endpoints could have.
    private(set) var open: [Int] = []

    /// So many sockets are looked at for an address.
    static let mostCandidates = 256

    private let histories: Histories
    private let datagrams: Datagrams
    /// What each endpoint that was asked for sent that another may have received, and when, by their length.
    private var ways: [Way: (sent: [Datagram], times: [UInt64: [Int64]])] = [:]
    private struct Way: Hashable {
        var giver: Int
        var taker: Int32
    }

    /// Which hosts have each IP address, as far as sockets say so; without ports.
    private var hosts: [Address: Set<Int32>] = [:]

    init(_ datagrams: Datagrams) {
        self.datagrams = datagrams
        histories = datagrams.histories
        owners = datagrams.addresses.map { _ in [] }
        isInferred = datagrams.addresses.map { _ in false }
        isDoubtful = isInferred
        for slot in datagrams.slots {
            guard let local = histories.endpoint(slot).local else { continue }
            for number in datagrams.numbers(of: local, at: slot) { owners[number].append(Int32(truncatingIfNeeded: slot)) }
        }
        infer()
    }

    /// Whether anything was received from each address that nobody says is his.
    private func unowned() -> [Int] {
        let heard = Set(datagrams.received.joined().map(\.peer))
        return owners.indices.filter { owners[$0].isEmpty && heard.contains(Int32(truncatingIfNeeded: $0)) }
    }

    private mutating func infer() {
        let unowned = unowned()
        if unowned.isEmpty { return }
        for slot in histories.all.indices {
            if let local = histories.endpoint(slot).local, local.port != nil, !local.isAny {
                hosts[local.withoutPort, default: []].insert(histories.all[slot].host)
            }
        }
        var heard = [[Datagram]](repeating: [], count: owners.count)
        for message in datagrams.received.joined() where message.peer >= 0 { heard[Int(message.peer)].append(message) }
        let claimed = Set(owners.joined())
        let senders = datagrams.slots.filter { slot in
            !claimed.contains(Int32(truncatingIfNeeded: slot)) && !(datagrams.sent[slot - datagrams.firstSlot].isEmpty)
        }
        .sorted { (first($0), $0) < (first($1), $1) }
        var possible: [[Int]] = []
        for number in unowned {
            heard[number].sort { ($0.latest, $0.ref) < ($1.latest, $1.ref) }
            possible.append(self.candidates(number, heard[number], among: senders))
        }
        var candidates = Candidates(ofConnect: possible, accepts: senders.count)
        let none = Candidates.Interval(earliest: .min, latest: .max)
        candidates.decide(times: (unowned.map { _ in none }, senders.map { _ in none })) { _, _ in .elimination }
        let known = senders.map { hearers(of: $0) }
        let answers = unowned.indices.map { index in
            let takers = Set(heard[unowned[index]].map(\.slot))
            return Set(possible[index].filter { !known[$0].isDisjoint(with: takers) })
        }
        for (index, found) in candidates.partner.enumerated() {
            guard let found else { continue }
            // Somebody else who could have the address was spoken to by those who heard it, and has another that does not explain that.
            let isContradicted =
                !answers[index].contains(found)
                && answers[index].contains { other in
                    !candidates.partner.indices.contains { candidates.partner[$0] == other && answers[$0].contains(other) }
                }
            if isContradicted {
                candidates.reopen(connect: index, accept: found)
                continue
            }
            owners[unowned[index]] = [Int32(truncatingIfNeeded: senders[found])]
            isInferred[unowned[index]] = true
        }
        // Who received something, and does not know from whom, may have been answered, too.
        let isAnswered = senders.map { slot in datagrams.received(by: Int32(truncatingIfNeeded: slot)).contains { $0.peer < 0 } }
        let mayAnswer = possible.indices.map { index in answers[index].union(possible[index].filter { isAnswered[$0] }) }
        for index in Self.doubtful(possible, candidates.partner, mayAnswer, senders: senders.count) { isDoubtful[unowned[index]] = true }
        open = candidates.openConnects.map { unowned[$0] }
    }

    /// Those addresses, as indices of `possible`, whose owner follows only if nobody else has one of the others.
    private static func doubtful(_ possible: [[Int]], _ owners: [Int?], _ answers: [Set<Int>], senders: Int) -> [Int] {
        groups(possible, senders: senders).filter { group in
            if group.count == 1 && possible[group[0]].count == 1 { return false }
            // As many addresses as sockets that those spoke to who heard them: each of these has one of those.
            return Set(group.flatMap { answers[$0] }).count != group.count
                || !group.allSatisfy { index in owners[index].map { answers[index].contains($0) } ?? false }
        }
        .flatMap(\.self)
    }

    /// Addresses that some of the same sockets could have belong together: the groups, as indices of `possible`.
    private static func groups(_ possible: [[Int]], senders: Int) -> [[Int]] {
        var users = [[Int]](repeating: [], count: senders)
        for (index, list) in possible.enumerated() { for sender in list { users[sender].append(index) } }
        var isSeen = [Bool](repeating: false, count: possible.count)
        var groups: [[Int]] = []
        for first in possible.indices where !isSeen[first] {
            isSeen[first] = true
            var group = [first]
            var next = 0
            while next < group.count {
                for sender in possible[group[next]] {
                    for index in users[sender] where !isSeen[index] {
                        isSeen[index] = true
                        group.append(index)
                    }
                    users[sender] = []
                }
                next += 1
            }
            groups.append(group)
        }
        return groups
    }

    /// Those that an endpoint received something from, as far as they say themselves who they are.
    private func hearers(of slot: Int) -> Set<Int32> {
        var found: Set<Int32> = []
        for message in datagrams.received(by: Int32(truncatingIfNeeded: slot)) where message.peer >= 0 && !isInferred[Int(message.peer)] {
            found.formUnion(owners[Int(message.peer)])
        }
        return found
    }

    /// Whether an endpoint may have the address with this number: it is known to have it; or nobody is, and nothing speaks against it. A
    /// path may have several names.
    func mayHave(_ slot: Int, _ number: Int32) -> Bool {
        let (place, owners) = (datagrams.addresses[Int(number)], owners[Int(number)])
        if !owners.isEmpty, !place.address.isGroup || owners.contains(Int32(truncatingIfNeeded: slot)) {
            return owners.contains(Int32(truncatingIfNeeded: slot))
        }
        guard histories.all[slot].kind == place.kind, place.host == nil || place.host == histories.all[slot].host else { return false }
        if case .unixPath = place.address, case .unixPath? = histories.endpoint(slot).local { return true }
        return couldHave(place.address, histories.endpoint(slot).local, on: histories.all[slot].host)
    }

    private func first(_ slot: Int) -> Int64 { datagrams.sent[slot - datagrams.firstSlot].first?.earliest ?? .max }

    /// The indices of all `senders` that may have the address from which `heard` came.
    private mutating func candidates(_ number: Int, _ heard: [Datagram], among senders: [Int]) -> [Int] {
        guard let earliest = heard.first else { return [] }
        let address = datagrams.addresses[number]
        let behind = senders.partitionPoint { !notAfter(first($0), earliest.latest, slackBetweenHosts) }
        var found: [Int] = []
        for index in senders.indices[..<behind].suffix(Self.mostCandidates) {
            let slot = senders[index]
            let isThere =
                histories.all[slot].kind == address.kind && !heard.contains { Int($0.slot) == slot }
                && (address.host == nil || address.host == histories.all[slot].host)
                && couldHave(address.address, histories.endpoint(slot).local, on: histories.all[slot].host)
            if isThere && couldSend(slot, heard) { found.append(index) }
        }
        return found
    }

    /// Whether a socket on `host` that says it is bound to `local` can have an address.
    private func couldHave(_ address: Address, _ local: Address?, on host: Int32) -> Bool {
        // Hosts whose sockets say that they have the address: others do not, unless several do.
        if !address.isHostLocal, let hosts = hosts[address.withoutPort], hosts.count == 1, !hosts.contains(host) { return false }
        guard let local else { return true }
        return local.isAny ? local.port == address.port : local == address
    }

    /// Whether an endpoint has sent enough, soon enough, of each length, and of what is longer than a call had room for; and at least one
    /// of the messages is among what it is known to have sent.
    private mutating func couldSend(_ slot: Int, _ heard: [Datagram]) -> Bool {
        if histories.all[slot].isOpaque { return true }
        let end = histories.all[slot].isCut ? histories.end(of: slot) : .max
        // What goes to many is received more often than sent; but by nobody twice, in general.
        let taker = heard[0].slot
        let (sent, given) = way(from: slot, to: taker)
        let receivers = Set(heard.map(\.slot))
        let slack = { [histories] (message: Datagram) in histories.slack(slot, Int(message.slot)) }
        let mayRepeat = histories.all[slot].kind == .udp && histories.slack([slot] + receivers.map { Int($0) }) > 0
        var taken: [UInt64: Int] = [:]
        var cut = 0
        var longer: [Datagram]?
        var isKnown = false
        for message in heard where receivers.count == 1 || message.slot == taker {
            var isSent = false
            if message.mayBeLonger {
                let possible = longer ?? sent.filter { $0.length >= message.length }
                longer = possible
                let number = min(cut, mayRepeat ? possible.count - 1 : .max)
                cut += 1
                isSent = possible.indices.contains(number) && notAfter(possible[number].earliest, message.latest, slack(message))
            } else {
                let possible = given[message.length] ?? []
                let number = min(taken[message.length, default: 0], mayRepeat ? possible.count - 1 : .max)
                taken[message.length] = number + 1
                isSent = possible.indices.contains(number) && notAfter(possible[number], message.latest, slack(message))
            }
            isKnown = isKnown || isSent
            // What it sent after the end of its trace was received after that.
            guard isSent || notAfter(end, message.latest, slack(message)) else { return false }
        }
        return isKnown
    }

    private mutating func way(from giver: Int, to taker: Int32) -> (sent: [Datagram], times: [UInt64: [Int64]]) {
        let way = Way(giver: giver, taker: taker)
        if let known = ways[way] { return known }
        let sent = datagrams.sent(by: Int32(truncatingIfNeeded: giver)).filter { $0.peer < 0 || mayHave(Int(taker), $0.peer) }
        let found = (sent, Dictionary(grouping: sent, by: \.length).mapValues { $0.map(\.earliest) })
        ways[way] = found
        return found
    }
}
