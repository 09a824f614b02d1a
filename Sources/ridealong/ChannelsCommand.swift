import ArgumentParser
import RunModel
import RunStore

/// `ridealong channels`.
struct ChannelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "channels",
        abstract: "List the channels of a run: who was connected to whom.",
        discussion: """
            A channel is named by the position where it was opened. A is the end that connected, B the one that \
            accepted; an end in parentheses was not recorded, or cannot be told. EVIDENCE says how the two ends were found to belong \
            together: creation (one made both), address, content, order (in time, confirmed by lengths), or alone \
            (no partner found). Where calls that moved bytes are hidden at both ends, there were at least (≥) so \
            many bytes.
            """)

    @OptionGroup var options: RunOptions

    func run() throws {
        let index = try options.open()
        var out = Output()
        if options.json {
            out.listing("channels")
            for channel in try index.channels() { try out.object(ChannelRow(channel, index)) }
            return
        }
        let rows = try index.channels().map { channel in
            [
                channel.id, channel.channel.kind.text, channel.channel.evidence.text,
                try index.bytes(of: channel, channel.totals.forward), try index.bytes(of: channel, channel.totals.backward),
                try EndRow(channel, isA: true, index).text + more(channel.channel.alsoA),
                try EndRow(channel, isA: false, index).text + more(channel.channel.alsoB),
            ]
        }
        Table.print(
            [
                .init("CHANNEL"), .init("KIND"), .init("EVIDENCE"), .init("A→B", isNumber: true), .init("B→A", isNumber: true),
                .init("A"), .init("B"),
            ], rows, to: &out)
    }

    /// How many further ends there are.
    private func more(_ ends: [EndpointID]) -> String { ends.isEmpty ? "" : " +\(ends.count)" }
}

/// A channel in JSON.
private struct ChannelRow: Encodable {
    let channel: String
    let kind: String
    let a: EndRow
    let b: EndRow
    let bytesAToB: UInt64
    let bytesBToA: UInt64
    /// There were at least so many bytes: calls that moved more of them are hidden or not understood.
    let atLeast: Bool
    let evidence: String
    let alsoA: [EndRow]?
    let alsoB: [EndRow]?

    init(_ channel: IndexedChannel, _ index: RunIndex) throws {
        self.channel = channel.id
        kind = channel.channel.kind.text
        a = try EndRow(channel, isA: true, index)
        b = try EndRow(channel, isA: false, index)
        bytesAToB = channel.totals.forward.moved
        bytesBToA = channel.totals.backward.moved
        atLeast = try index.isOpaque(channel)
        evidence = channel.channel.evidence.text
        let more = { (ends: [EndpointID]) in ends.isEmpty ? nil : try ends.map { try EndRow($0, index) } }
        alsoA = try more(channel.channel.alsoA)
        alsoB = try more(channel.channel.alsoB)
    }
}

extension RunIndex {
    /// Whether all known ends of `channel` moved bytes in calls that are hidden or not understood, so that their number is not known.
    fileprivate func isOpaque(_ channel: IndexedChannel) throws -> Bool {
        for case .endpoint(let id) in [channel.channel.a, channel.channel.b] {
            if try endpoint(id).opaqueFrom == nil { return false }
        }
        return true
    }

    /// The bytes of one direction of `channel`, for people.
    fileprivate func bytes(of channel: IndexedChannel, _ totals: StreamTotals) throws -> String {
        (try isOpaque(channel) ? "≥" : "") + String(totals.moved)
    }
}

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
    /// The bytes that went this way, as far as either end knows.
    var moved: UInt64 { max(sent &+ unplacedSent, received &+ unplacedReceived) }
}
