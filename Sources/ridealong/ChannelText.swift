import RunModel
import RunStore

/// An end of a channel, as listings show it.
struct EndRow: Encodable {
    var node: String?
    var processes: [Int32]?
    var outside: Bool?
    var address: String?

    /// One end of `channel`. An end that does not know its own address gets it from the other, which may.
    init(_ channel: IndexedChannel, isA: Bool, _ index: RunIndex) throws {
        let (mine, other) = isA ? (channel.channel.a, channel.channel.b) : (channel.channel.b, channel.channel.a)
        switch mine {
        case .endpoint(let id): self = try EndRow(id, index)
        case .outside(let known):
            outside = true
            address = known?.description
        }
        if address == nil, case .endpoint(let id) = other { address = try index.endpoint(id).remote?.description }
    }

    /// An endpoint of a node.
    init(_ id: EndpointID, _ index: RunIndex) throws {
        let endpoint = try index.endpoint(id)
        node = index.name(id.node)
        processes = endpoint.processes
        address = endpoint.local?.description
    }

    /// Where a message came from or went to, if no event of this end tells: a place outside, or a hidden call of a node.
    var placeText: String { node.map { "\($0)@?" } ?? text }

    /// The text of an end that was not recorded; empty for the others.
    var outsideText: String { node == nil ? text : "" }

    /// For people: the node's name and address, or the address in parentheses.
    var text: String {
        guard let node else { return "(\(address ?? "unknown"))" }
        return address.map { "\(node) \($0)" } ?? node
    }
}

extension Endpoint.Kind {
    /// As listings show it.
    var text: String {
        switch self {
        case .tcp: "tcp"
        case .unixStream: "unix"
        case .unknown: "unknown"
        case .pipe: "pipe"
        case .unixSequenced: "unix-seqpacket"
        case .unixDatagram: "unix-dgram"
        case .udp: "udp"
        }
    }
}

extension Channel.Evidence {
    /// As listings show it.
    var text: String { "\(self)" }
}

extension StreamTotals {
    /// The accounts that are not empty, by name.
    var accounts: [String: UInt64] {
        [
            "delivered": delivered, "unread": unread, "receiverCut": receiverCut, "senderCut": senderCut, "lostByReset": lostByReset,
            "lost": lost, "discarded": discarded, "duplicated": duplicated, "toOutside": toOutside, "fromOutside": fromOutside,
            "opaqueSent": opaqueSent, "opaqueReceived": opaqueReceived, "notSent": notSent, "unplacedSent": unplacedSent,
            "unplacedReceived": unplacedReceived,
        ].filter { $0.value > 0 }
    }

    /// The bytes that went this way, as far as either end knows.
    var moved: UInt64 { max(sent &+ unplacedSent, received &+ unplacedReceived) }
}
