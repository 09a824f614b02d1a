import ArgumentParser
import Endpoints
import Foundation
import Indexer
import RunModel
import RunStore

/// `ridealong messages`.
struct MessagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "messages",
        abstract: "List the messages of a run in one causal order: who said what to whom.",
        discussion: """
            A message is what one call sent, with the receives that took it, or what a receive took of which no send \
            is known (not recorded, or hidden in the syscall buffer: NODE@?). It is named by the position of its \
            send, or else of its receive. Its bytes are those that the receivers' traces hold. Where calls overlapped, so \
            that another receive may have taken them, a question mark stands behind the receive.

            With --bytes, what was sent is compared with what was received, wherever a replay has told the one and a \
            trace tells the other (see `ridealong index`): how many bytes are the same, or where the first other one is.

            `ridealong show POSITION` tells more about one message, `ridealong debug POSITION` goes there.
            """)

    @OptionGroup var options: RunOptions

    @Option(help: "Only messages sent or received by this node.")
    var node: String?

    @Option(help: ArgumentHelp("Only messages of this channel.", valueName: "position"))
    var channel: String?

    @Option(help: ArgumentHelp("Only messages at or after this rank of the total order, or this position.", valueName: "rank|position"))
    var from: String?

    @Option(help: ArgumentHelp("Only messages at or before this rank, or this position.", valueName: "rank|position"))
    var to: String?

    @Flag(help: "Print the bytes of each message in hexadecimal below it.")
    var hex = false

    @Flag(help: "In JSON, add the bytes of each message, in base64; else print them whole, as text, below it.")
    var payload = false

    @Flag(help: "Also compare the bytes that were sent with those that were received.")
    var bytes = false

    func run() throws {
        let index = try options.open()
        let range = try RankRange(index, from: from, to: to)
        let only = try node.map { try index.node($0) }
        let onlyChannel = try channel.map { try index.channel(named: $0).index }
        let reader = MessageReader(index)
        var out = Output()
        let table = try self.table(index)
        if options.json { out.listing("messages") } else { out.line(table.header) }
        var failure: (any Error)?
        try index.forEachMessage { message throws(IndexError) in
            let rank = message.rank
            if rank > range.last { return false }
            guard rank >= range.first, onlyChannel == nil || message.channel.index == onlyChannel,
                only.map({ node in message.from?.position.node == node || message.to.contains { $0.position.node == node } }) ?? true
            else { return true }
            do {
                try print(message, index, reader, table, &out)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        StandardError.writeUnread(reader.troubles)
    }

    private func table(_ index: RunIndex) throws -> Table {
        let outside = try index.channels().filter(\.isOutside).map { channel in
            try max(EndRow(channel, isA: true, index).outsideText.count, EndRow(channel, isA: false, index).outsideText.count)
        }
        let place = max(index.widestPosition, outside.max() ?? 0)
        var columns: [Table.Column] = [
            .init("RANK", isNumber: true, width: index.widestRank), .init("FROM", width: place), .init("TO", width: place),
            .init("BYTES", isNumber: true), .init("PAYLOAD"),
        ]
        if bytes { columns.insert(.init("VERIFIED", isNumber: true), at: columns.count - 1) }
        return Table(columns)
    }

    private func print(_ message: Message, _ index: RunIndex, _ reader: MessageReader, _ table: Table, _ out: inout Output) throws {
        let comparison = bytes ? try reader.compare(message) : nil
        if options.json {
            let payload = payload ? try reader.payload(of: message) : nil
            return try out.object(MessageRow(message, index, payload: payload, comparison))
        }
        let whole = hex || payload
        let known = try reader.payload(
            of: message, limit: whole ? MessageReader.wholeLength : min(Output.width, MessageReader.previewLength))
        let outside = try EndRow(message.channel, isA: message.from == nil ? message.forward : !message.forward, index).placeText
        let from = message.from.map { index.text($0.position) } ?? outside
        let first = message.to.first.map { index.text($0.position) + ($0.isCertain ? "" : "?") }
        let more = message.to.count > 1 ? " +\(message.to.count - 1)" : ""
        let unread = message.channel.isOutside ? outside : "-"
        let text = whole ? "" : known.map { PayloadText.line($0, limit: MessageReader.previewLength) } ?? "?"
        let verified = comparison.map { [$0.text] } ?? []
        out.line(table.row([String(message.rank), from, (first ?? unread) + more, String(message.bytes)] + verified + [text]))
        guard whole else { return }
        guard let known else { return out.line("  (bytes not known: they were not received by a recorded node)") }
        if hex {
            for line in PayloadText.dump(known) { out.line(line) }
        } else {
            for line in PayloadText.lines(known) { out.line("  " + line) }
        }
    }
}

extension MessageComparison {
    /// For people: how many bytes are the same, or where the first other one is; `-` if nothing is known on both sides.
    var text: String {
        if let first = differences.first { return "≠ at \(first.offset)" }
        return verified == 0 && unknown > 0 ? "-" : String(verified)
    }
}

extension Message {
    /// Its place in the total order: that of its send, or of its first receive.
    var rank: Int { from?.rank ?? to.first?.rank ?? 0 }
}

extension IndexedChannel {
    /// Whether only one end of it was recorded.
    var isOutside: Bool {
        if case .outside = channel.a { return true }
        if case .outside = channel.b { return true }
        return false
    }
}

/// A message in JSON.
struct MessageRow: Encodable {
    struct Place: Encodable {
        let position: String
        let rank: Int
    }
    struct Part: Encodable {
        let position: String
        let rank: Int
        let offset: UInt64
        let length: UInt64
        /// Left out where nothing else is possible.
        let certain: Bool?
    }

    let message: String
    let channel: String
    let from: Place?
    let to: [Part]
    let bytes: UInt64
    let delivered: UInt64
    let payload: Data?
    /// How many bytes were compared and are the same, and where the first other one is; left out if nothing was to be compared.
    let verified: UInt64?
    let differsAt: UInt64?

    init(_ message: Message, _ index: RunIndex, payload: [UInt8]?, _ comparison: MessageComparison?) {
        (verified, differsAt) = (comparison?.verified, comparison?.differences.first?.offset)
        self.message = index.text(message.id)
        channel = message.channel.id
        from = message.from.map { Place(position: index.text($0.position), rank: $0.rank) }
        to = message.to.map {
            Part(
                position: index.text($0.position), rank: $0.rank, offset: $0.offset, length: $0.length, certain: $0.isCertain ? nil : false)
        }
        bytes = message.bytes
        delivered = message.delivered
        self.payload = payload.map { Data($0) }
    }

    private enum Key: String, CodingKey {
        case message, channel, from, to, bytes, delivered, payload, verified, differsAt
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(message, forKey: .message)
        try container.encode(channel, forKey: .channel)
        // Null, not left out: readers look at it to tell where a message came from.
        try container.encode(from, forKey: .from)
        try container.encode(to, forKey: .to)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(delivered, forKey: .delivered)
        try container.encodeIfPresent(payload, forKey: .payload)
        try container.encodeIfPresent(verified, forKey: .verified)
        try container.encodeIfPresent(differsAt, forKey: .differsAt)
    }
}

/// A stretch of the total order, as the user gave it.
struct RankRange {
    var first = 1
    var last = Int.max

    /// Without `from`, it begins at rank `lowest`.
    init(_ index: RunIndex, from: String?, to: String?, lowest: Int = 1) throws {
        first = lowest
        if let from { first = try Self.rank(index, from, option: "--from") }
        if let to { last = try Self.rank(index, to, option: "--to") }
    }

    private static func rank(_ index: RunIndex, _ text: String, option: String) throws -> Int {
        if let rank = Int(text), rank >= 0 { return rank }
        guard text.contains("@") else { throw UserError("\(option) takes a rank (a number) or a position (NODE@EVENT), not ‘\(text)’") }
        let position = try index.position(text)
        return try index.rank(of: position)
    }
}

extension RunIndex {
    /// The rank of a position: that of the last operation of its node at or before it; 0 before the first.
    func rank(of position: Position) throws -> Int {
        try ranks(of: [position])[0]
    }

    /// How wide a position of this run can be.
    var widestPosition: Int { nodes.map { "\($0.name)@\($0.events)\($0.isBuffered ? ".000" : "")".count }.max() ?? 0 }

    /// How wide a rank of this run can be.
    var widestRank: Int { String(nodes.reduce(0) { $0 + $1.operations }).count }
}
