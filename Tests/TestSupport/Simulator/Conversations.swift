import RunModel

extension Scenario {
    /// What the two sides of a conversation do. If it is not two-way, only the first of them sends.
    mutating func conversation(isTwoWay: Bool) -> ([Plan.Action], [Plan.Action]) {
        var (client, server): ([Plan.Action], [Plan.Action]) = ([], [])
        let largest: UInt64 = random.chance(30) ? 8 : 3000
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5 where isTwoWay:  // Requests and replies.
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                converse(&client, &server, UInt64.random(in: 1...largest, using: &random))
                converse(&server, &client, UInt64.random(in: 1...largest, using: &random))
            }
        case 0..<7:  // One way, and the end.
            for _ in 0..<Int.random(in: 1...4, using: &random) { client.append(.send(UInt64.random(in: 1...largest, using: &random))) }
            if isTwoWay && random.chance(50) { client.append(.shutdown(.write)) }
            server.append(.drain)
            if isTwoWay && random.chance(50) { client.append(.drain) }
        case 7: break  // Nothing at all.
        default:  // Anything, whether or not the other side listens.
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                client.append(anything(largest, gives: true, takes: isTwoWay))
                server.append(anything(largest, gives: isTwoWay, takes: true))
            }
        }
        return (client + [.close], server + [.close])
    }

    /// `count` bytes, in one piece or several.
    private mutating func converse(_ from: inout [Plan.Action], _ to: inout [Plan.Action], _ count: UInt64) {
        let first = random.chance(50) ? count : UInt64.random(in: 1...count, using: &random)
        from.append(.send(first))
        if first < count { from.append(.send(count - first)) }
        to.append(.receive(count))
    }

    private mutating func anything(_ largest: UInt64, gives: Bool, takes: Bool) -> Plan.Action {
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<3 where gives: .send(UInt64.random(in: 1...largest, using: &random))
        case 0..<6 where takes: random.chance(50) ? .receive(UInt64.random(in: 1...largest, using: &random)) : .read(largest)
        case 7 where gives && takes: random.chance(50) ? .shutdown(.write) : .drain
        default: .pause(Int64.random(in: 0...10_000, using: &random))
        }
    }
}
