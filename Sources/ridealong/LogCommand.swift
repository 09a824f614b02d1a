import ArgumentParser
import RunModel
import RunStore

/// `ridealong log`.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "List all operations of a run in total order.",
        discussion: """
            One line for each call that opened, used or closed a channel, in an order that never contradicts what \
            happened before what. TIME, in seconds since the run's first event, is when a call that gives (connect, \
            send, shutdown, close) was entered, and when one that takes (accept, receive) returned; with --json there \
            are both, as the earliest and the latest time at which it can have happened.
            """)

    @OptionGroup var options: RunOptions

    @Option(help: "Only operations of this node.")
    var node: String?

    @Option(help: ArgumentHelp("Only operations at or after this rank of the total order, or this position.", valueName: "rank|position"))
    var from: String?

    @Option(help: ArgumentHelp("Only operations at or before this rank, or this position.", valueName: "rank|position"))
    var to: String?

    func run() throws {
        let index = try options.open()
        let range = try RankRange(index, from: from, to: to)
        let only = try node.map { try index.node($0) }
        let start = index.firstTime
        var out = Output()
        let table = Table([
            .init("RANK", isNumber: true, width: index.widestRank), .init("TIME", isNumber: true, width: 10),
            .init("POSITION", width: index.widestPosition), .init("TASK", isNumber: true, width: 7), .init("OPERATION", width: 9),
            .init("BYTES", isNumber: true), .init("CHANNEL"),
        ])
        if options.json { out.listing("log") } else { out.line(table.header) }
        var failure: (any Error)?
        try index.forEachOperation { rank, ref throws(IndexError) in
            if rank > range.last { return false }
            guard rank >= range.first, only == nil || only == ref.node else { return true }
            let row = try LogRow(rank, ref, index)
            guard options.json else {
                let time = seconds((row.takes ? row.latest : row.earliest) &- start)
                out.line(
                    table.row([
                        String(rank), time, row.position, String(row.task), row.operation, row.bytes.map { String($0) } ?? "",
                        row.channel ?? "",
                    ]))
                return true
            }
            do {
                try out.object(row)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
    }
}

/// Nanoseconds as seconds with six digits.
func seconds(_ nanoseconds: Int64) -> String {
    let micros = nanoseconds / 1000
    let fraction = String(abs(micros % 1_000_000))
    let sign = nanoseconds < 0 && micros > -1_000_000 ? "-" : ""
    return "\(sign)\(micros / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
}

extension LogRow {
    /// Whether it happens where its call returns; everything else happens where it was entered.
    fileprivate var takes: Bool { ["accept", "receive", "end", "listen", "ready"].contains(operation) }
}

/// An operation in JSON.
struct LogRow: Encodable {
    let rank: Int
    let position: String
    let process: Int32
    let task: Int32
    let operation: String
    let channel: String?
    let bytes: UInt64?
    let error: Int64?
    let earliest: Int64
    let latest: Int64

    init(_ rank: Int, _ ref: OperationRef, _ index: RunIndex) throws(IndexError) {
        let found = try index.operation(ref)
        let offset = index.nodes[Int(ref.node.index)].clockOffset
        self.rank = rank
        position = index.text(Position(node: ref.node, moment: found.at))
        process = found.process
        task = found.task
        operation = found.isEndOfStream ? "end" : found.result < 0 ? "error" : "\(found.kind)"
        channel = try index.channel(of: ref)?.id
        bytes = found.kind == .send || found.kind == .receive ? UInt64(max(found.result, 0)) : nil
        error = found.result < 0 ? -found.result : nil
        earliest = found.earliest &+ offset
        latest = found.latest &+ offset
    }
}
