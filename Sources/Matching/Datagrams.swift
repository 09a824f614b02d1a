import RunModel

/// The messages of all datagram sockets that are not ends of a socketpair, and the addresses they name.
struct Datagrams {
    /// An address, and the host in which it means something, if only there.
    struct Place: Hashable {
        var kind: Endpoint.Kind
        var address: Address
        var host: Int32?
    }

    let histories: Histories
    /// The endpoints, by slot.
    let slots: [Int]
    /// What stands at index 0 of `sent` and `received`.
    let firstSlot: Int
    /// What each endpoint sent and received, by slot from `firstSlot` on.
    private(set) var sent: [[Datagram]] = []
    private(set) var received: [[Datagram]] = []
    private(set) var addresses: [Place] = []
    /// How many messages there are.
    private(set) var count: Int32 = 0
    private var numbers: [Place: Int] = [:]
    /// The addresses of a host, by kind and port.
    private var local: [Port: [Int]] = [:]
    private struct Port: Hashable {
        var kind: Endpoint.Kind
        var port: UInt16?
        var host: Int32
    }

    init(_ histories: Histories, _ isJoined: (Int) -> Bool) {
        self.histories = histories
        slots = histories.all.indices.filter { histories.all[$0].kind.isDatagram && !isJoined($0) }
        firstSlot = slots.first ?? 0
        let count = (slots.last.map { $0 + 1 } ?? 0) - firstSlot
        sent = [[Datagram]](repeating: [], count: count)
        received = sent
        for slot in slots {
            sent[slot - firstSlot] = messages(slot, histories.sends[histories.all[slot].sends])
            received[slot - firstSlot] = messages(slot, histories.receives[histories.all[slot].receives])
        }
    }

    private mutating func messages(_ slot: Int, _ indices: ArraySlice<Int32>) -> [Datagram] {
        let (node, id) = (histories.node(slot), histories.all[slot].id)
        let connected = histories.endpoint(slot).remote.map { number(of: $0, at: slot) } ?? -1
        return indices.map { index in
            let operation = node.operations[Int(index)]
            let named = node.addresses.indices.contains(Int(operation.peer)) ? node.addresses[Int(operation.peer)] : nil
            let count = operation.length
            let peer = named.map { number(of: $0, at: slot) } ?? connected
            defer { self.count += 1 }
            return Datagram(
                ref: OperationRef(node: id.node, index: Int(index)), number: self.count, slot: Int32(truncatingIfNeeded: slot), peer: peer,
                earliest: operation.earliest &+ node.clockOffset, latest: operation.latest &+ node.clockOffset, count: count,
                length: max(count, UInt64(clamping: operation.result)),
                mayBeLonger: operation.isFull && operation.kind == .receive)
        }
    }

    func sent(by slot: Int32) -> [Datagram] { sent[Int(slot) - firstSlot] }
    func received(by slot: Int32) -> [Datagram] { received[Int(slot) - firstSlot] }

    /// The number of an address as `slot` sees it; -1 for one that names nobody.
    private mutating func number(of address: Address, at slot: Int) -> Int32 {
        if address == .unixUnnamed || address.port == 0 { return -1 }
        let host = address.isHostLocal ? histories.all[slot].host : nil
        let place = Place(kind: histories.all[slot].kind, address: address, host: host)
        let number = numbers[place] ?? addresses.count
        if number == addresses.count {
            numbers[place] = number
            addresses.append(place)
            if let host { local[Port(kind: place.kind, port: address.port, host: host), default: []].append(number) }
        }
        return Int32(truncatingIfNeeded: number)
    }

    /// The numbers of the addresses that an endpoint bound to `local` has, of those that anybody named.
    func numbers(of local: Address, at slot: Int) -> [Int] {
        let (kind, host) = (histories.all[slot].kind, histories.all[slot].host)
        guard local.isAny else {
            return numbers[Place(kind: kind, address: local, host: local.isHostLocal ? host : nil)].map { [$0] } ?? []
        }
        // Bound to all addresses of the host: those that are known to be this host's are the ones that mean nothing elsewhere.
        return self.local[Port(kind: kind, port: local.port, host: host)] ?? []
    }
}

extension Address {
    /// Whether many may have it at the same time, also on several hosts (multicast, and broadcast to the own network).
    var isGroup: Bool {
        switch self {
        case .ipv4(let address, _): address >> 28 == 0xe || address == .max
        case .ipv6(let high, _, _): high >> 56 == 0xff
        case .unixPath, .unixAbstract, .unixUnnamed: false
        }
    }

    /// The same with port 0, if it has one.
    var withoutPort: Address {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port: 0)
        case .ipv6(let high, let low, _): .ipv6(high: high, low: low, port: 0)
        case .unixPath, .unixAbstract, .unixUnnamed: self
        }
    }
}
