import RunModel

/// The channels of datagram sockets: one for each two that exchange messages, or for a socket and an address outside.
///
/// What is sent to many is one channel, with all who received it at its other end.
struct Conversations {
    /// One channel, and all its messages.
    struct Conversation {
        /// The endpoint at one end, and what is at the other: endpoints, or an address outside (-1: nobody knows which).
        var one: Int32
        var others: [Int32]
        var outside: Int32
        var sent: [Datagram] = []
        var received: [Datagram] = []
        var links: [Exchange.Link] = []
    }

    private(set) var all: [Conversation] = []
    let exchange: Exchange
    let datagrams: Datagrams

    /// Two endpoints, the lower one first; or an endpoint, and an address as a negative number.
    private struct Pair: Hashable {
        var one: Int32
        var other: Int32
    }
    private var numbers: [Pair: Int] = [:]

    init(_ histories: Histories, _ contents: Contents, isJoined: (Int) -> Bool) {
        datagrams = Datagrams(histories, isJoined)
        exchange = Exchange(datagrams, contents)
        let home = homes()
        for link in exchange.links {
            let number = home[Int(link.send.number)]
            if all[number].links.last?.send.number != link.send.number { all[number].sent.append(link.send) }
            all[number].received.append(link.receive)
            all[number].links.append(link)
        }
        for number in all.indices { removeCopies(number) }
        let only = onlyConversations()
        for list in datagrams.sent {
            for message in list where !exchange.isLinked[Int(message.number)] { addUnlinked(message, isSend: true, only) }
        }
        for list in datagrams.received {
            for message in list where !exchange.isLinked[Int(message.number)] { addUnlinked(message, isSend: false, only) }
        }
    }

    /// For each endpoint that exchanges messages with one other, and that hears from nobody else and names nobody else, their conversation.
    private func onlyConversations() -> [Int32: Int] {
        var found: [Int32: Int?] = [:]
        for number in all.indices where merged[number] == nil {
            for slot in [all[number].one] + all[number].others { found[slot] = .some(found[slot] == nil ? number : nil) }
        }
        for list in datagrams.sent + datagrams.received {
            for message in list where !exchange.isLinked[Int(message.number)] && message.peer >= 0 { found[message.slot] = .some(nil) }
        }
        return found.compactMapValues { $0 }
    }

    /// The conversation of each linked send, by the number of the message.
    private mutating func homes() -> [Int] {
        var home = [Int](repeating: -1, count: Int(datagrams.count))
        for link in exchange.links {
            let number = number(between: link.send.slot, link.receive.slot)
            let known = home[Int(link.send.number)]
            if known >= 0 && known != number { merge(number, into: known, around: link.send.slot) }
            home[Int(link.send.number)] = known >= 0 ? known : number
        }
        // Those that were merged lead on to where they went.
        for index in home.indices where home[index] >= 0 {
            while let target = merged[home[index]] { home[index] = target }
        }
        return home
    }

    /// Conversations that became part of another.
    private var merged: [Int: Int] = [:]

    private mutating func merge(_ number: Int, into target: Int, around sender: Int32) {
        var (from, to) = (number, target)
        while let next = merged[from] { from = next }
        while let next = merged[to] { to = next }
        if from == to { return }
        let members = Set([all[from].one, all[to].one] + all[from].others + all[to].others)
        all[to].one = sender
        all[to].others = members.filter { $0 != sender }.sorted()
        all[from].others = []
        merged[from] = to
    }

    private mutating func number(between one: Int32, _ other: Int32) -> Int {
        let pair = Pair(one: min(one, other), other: max(one, other))
        if let known = numbers[pair] { return known }
        numbers[pair] = all.count
        all.append(Conversation(one: one, others: [other], outside: -1))
        return all.count - 1
    }

    private mutating func number(of slot: Int32, outside address: Int32) -> Int {
        let pair = Pair(one: slot, other: -2 - address)
        if let known = numbers[pair] { return known }
        numbers[pair] = all.count
        all.append(Conversation(one: slot, others: [], outside: address))
        return all.count - 1
    }

    private mutating func removeCopies(_ number: Int) {
        all[number].sent.sort { ($0.earliest, $0.ref) < ($1.earliest, $1.ref) }
        var last: Int32 = -1
        all[number].sent.removeAll { message in
            defer { last = message.number }
            return message.number == last
        }
    }

    /// A message that was not received, or not sent, by anybody recorded: to or from whoever has its address. Where the trace does not
    /// name that, it is taken to belong to the only conversation that its endpoint has.
    private mutating func addUnlinked(_ message: Datagram, isSend: Bool, _ only: [Int32: Int]) {
        let owners = message.peer < 0 ? [] : exchange.owners.owners[Int(message.peer)]
        let known = message.peer < 0 ? only[message.slot] : nil
        var number =
            known ?? (owners.count == 1 ? number(between: message.slot, owners[0]) : number(of: message.slot, outside: message.peer))
        while let target = merged[number] { number = target }
        if isSend { all[number].sent.append(message) } else { all[number].received.append(message) }
    }
}
