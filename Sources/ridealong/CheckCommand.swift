import ArgumentParser
import Causality
import Indexer
import RunModel
import RunStore

/// `ridealong check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify the index of a run, by a path of its own.",
        discussion: """
            Reads the stored operations, channels, deliveries and order again and holds them against each other, \
            with none of the code that made them: every operation has its place in the order and comes after what \
            it depends on, no receive comes before its send, every byte of every channel is accounted for exactly \
            once. Exits with 1, and shows the first violations, if anything is not so.

            With --bytes, what was sent is also compared with what was received, byte by byte, wherever a replay \
            has told the one and a trace tells the other (see `ridealong index`).

            Nothing else here reads the traces; a violation is a defect of ridealong or a damaged index.
            """)

    @OptionGroup var options: RunOptions

    @Flag(help: "Also compare the bytes that were sent with those that were received.")
    var bytes = false

    @Option(help: "Show at most this many violations.")
    var limit = 20

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        let index = try options.open()
        let nodes = try index.activities()
        let channels = try index.channels()
        let deliveries = try index.deliveries()
        let violations = verify(
            nodes: nodes, channels: channels.map(\.channel), deliveries: deliveries, placements: try index.placements(),
            totals: channels.map(\.totals), order: try index.order(), limit: limit)
        var rows = violations.map { violation in
            ViolationRow(rule: violation.rule, detail: violation.detail, positions: violation.positions.map { index.text($0) })
        }
        let comparison = bytes ? try ByteComparison(index) : nil
        rows += (comparison?.total.differences ?? []).prefix(max(0, limit - rows.count)).map { difference in
            ViolationRow(
                rule: "bytes-differ", detail: "byte \(difference.offset) of a message is not received as it was sent",
                positions: [difference.sent, difference.received].map { index.text($0) })
        }
        let operations = nodes.reduce(0) { $0 + $1.operations.count }
        var out = Output()
        if options.json {
            out.listing("check")
            try out.object(
                Summary(
                    operations: operations, channels: channels.count, deliveries: deliveries.count, violations: rows.count,
                    comparedBytes: comparison?.total.verified, unknownBytes: comparison?.total.unknown))
            for row in rows { try out.object(row) }
        } else if rows.isEmpty {
            out.line("\(operations) operations, \(channels.count) channels, \(deliveries.count) deliveries: all in order")
            if let comparison {
                let (verified, unknown) = (comparison.total.verified, comparison.total.unknown)
                out.line("\(verified) bytes arrived as they were sent, \(unknown) are not known on both sides")
            }
        } else {
            for row in rows { out.line("\(row.rule): \(row.detail)  [\(row.positions.joined(separator: ", "))]") }
            out.line("")
            out.line("Remove \(index.run.indexDirectory) and run `ridealong index`; if this stays, please report it with these lines.")
        }
        StandardError.writeUnread(comparison?.troubles ?? [])
        if !rows.isEmpty { throw ExitCode.failure }
    }

    private struct Summary: Encodable {
        let operations: Int
        let channels: Int
        let deliveries: Int
        let violations: Int
        let comparedBytes: UInt64?
        let unknownBytes: UInt64?
    }

    private struct ViolationRow: Encodable {
        let rule: String
        let detail: String
        let positions: [String]
    }
}

extension RunIndex {
    /// The total order, whole, in memory.
    func order() throws -> TotalOrder {
        var sequence: [NodeID] = []
        try forEachOperation { _, ref throws(IndexError) in
            sequence.append(ref.node)
            return true
        }
        return TotalOrder(sequence: sequence, nodes: nodes.count)
    }
}
