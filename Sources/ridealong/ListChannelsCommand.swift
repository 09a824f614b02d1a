import ArgumentParser
import Indexer
import RunModel
import RunStore

/// `ridealong channels list`.
struct ListChannelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the channels of a run: who was connected to whom.",
        discussion: """
            A channel is named by the position where it was opened. A is the end that connected, writes to the pipe, or sent \
            the first datagram, B the other; an end in parentheses was not recorded, or cannot be told; +N are further ends. \
            EVIDENCE says how the ends were found to belong together: creation (one made both, or they name one pipe), address, \
            content, order (in time, confirmed by lengths), user (`channels join`), or alone (no partner found). Where calls \
            that moved bytes are hidden at both ends, there were at least (≥) so many bytes.

            With --bytes, what was sent is compared with what was received, wherever a replay has told the one and a \
            trace tells the other (see `ridealong index`): how many bytes are the same, or where the first other one is.
            """)

    @OptionGroup var options: RunOptions

    @Flag(help: "Only channels of which one end was not recorded, or not found.")
    var unmatched = false

    @Flag(help: "Only channels about which something is open: another partner is possible, or other deliveries are.")
    var ambiguous = false

    @Flag(help: "Also compare the bytes that were sent with those that were received.")
    var bytes = false

    func run() throws {
        let index = try options.open()
        let channels = try index.channels().filter {
            (!unmatched || $0.isOutside) && (!ambiguous || $0.channel.isAmbiguous)
        }
        let comparison = bytes ? try ByteComparison(index) : nil
        StandardError.writeUnread(comparison?.troubles ?? [])
        let compared = { (channel: IndexedChannel) in
            comparison.map { $0.channels[channel.index] ?? (MessageComparison(), MessageComparison()) }
        }
        var out = Output()
        if options.json {
            out.listing("channels")
            for channel in channels { try out.object(ChannelRow(channel, index, compared(channel))) }
            return
        }
        let rows = try channels.map { channel in
            let verified = compared(channel).map { [place($0.forward, index), place($0.backward, index)] } ?? []
            return [
                channel.id, channel.channel.kind.text, channel.channel.evidence.text,
                try index.bytes(of: channel, channel.totals.forward), try index.bytes(of: channel, channel.totals.backward),
            ] + verified + [
                try EndRow(channel, isA: true, index).text + more(channel.channel.alsoA),
                try EndRow(channel, isA: false, index).text + more(channel.channel.alsoB),
            ]
        }
        let verified: [Table.Column] = bytes ? [.init("VERIFIED A→B", isNumber: true), .init("VERIFIED B→A", isNumber: true)] : []
        Table.print(
            [.init("CHANNEL"), .init("KIND"), .init("EVIDENCE"), .init("A→B", isNumber: true), .init("B→A", isNumber: true)] + verified
                + [.init("A"), .init("B")], rows, to: &out)
    }

    /// What a comparison found, with the message that is not as it was sent.
    private func place(_ comparison: MessageComparison, _ index: RunIndex) -> String {
        comparison.differences.first.map { "\(comparison.text) of \(index.text($0.sent))" } ?? comparison.text
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
    let ambiguous: Bool?
    /// What became of the bytes of each direction: accounts that are not empty.
    let accountsAToB: [String: UInt64]
    let accountsBToA: [String: UInt64]
    /// How many bytes were compared and are the same, and the first message of which one is not.
    let verifiedAToB: UInt64?
    let verifiedBToA: UInt64?
    let differsAToB: Difference?
    let differsBToA: Difference?

    /// A message that was not received as it was sent.
    struct Difference: Encodable {
        let sent: String
        let received: String
        let offset: UInt64

        init(_ found: MessageComparison.Difference, _ index: RunIndex) {
            (sent, received, offset) = (index.text(found.sent), index.text(found.received), found.offset)
        }
    }

    init(
        _ channel: IndexedChannel, _ index: RunIndex, _ compared: (forward: MessageComparison, backward: MessageComparison)?
    ) throws {
        (verifiedAToB, verifiedBToA) = (compared?.forward.verified, compared?.backward.verified)
        differsAToB = compared?.forward.differences.first.map { Difference($0, index) }
        differsBToA = compared?.backward.differences.first.map { Difference($0, index) }
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
        ambiguous = channel.channel.isAmbiguous ? true : nil
        accountsAToB = channel.totals.forward.accounts
        accountsBToA = channel.totals.backward.accounts
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
