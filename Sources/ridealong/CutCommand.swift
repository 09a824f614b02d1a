import ArgumentParser
import Causality
import RunModel
import RunStore

/// `ridealong cut`.
struct CutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cut",
        abstract: "Show the least consistent cut that contains a position: how far every node must have come.",
        discussion: """
            For each node, the last operation that can have influenced the position; a node that cannot have \
            influenced it at all has none.

            With --causal, the same for each process that can have influenced the position, however its node was \
            recorded: a cone, not a state that a debugger could show.
            """)

    @OptionGroup var options: RunOptions

    @Flag(help: "Show processes, by what went between them, not nodes.")
    var causal = false

    @Argument(help: "The position.")
    var position: String

    func run() throws {
        let index = try options.open()
        let position = try index.position(position)
        let rows = try causal ? Self.processes(before: index.knownPlace(of: position), index) : Self.nodes(before: position, index)
        var out = Output()
        if options.json {
            out.listing("cut")
            for row in rows { try out.object(row) }
        } else {
            let columns: [Table.Column] =
                [.init("NODE")] + (causal ? [.init("PROCESS")] : []) + [.init("POSITION"), .init("RANK", isNumber: true)]
            Table.print(columns, rows.map(\.cells), to: &out)
        }
    }

    private static func nodes(before position: Position, _ index: RunIndex) throws -> [CutRow] {
        let cut = try index.graph().recorded.past(of: Place(position))
        return try zip(index.nodes.indices, cut).map { number, moment in try CutRow(NodeID(number), nil, moment, index) }
    }

    private static func processes(before place: Place, _ index: RunIndex) throws -> [CutRow] {
        let causal = try index.graph().causal
        var processes = [[Int32]](repeating: [], count: causal.chains.count)
        for row in causal.chains.rows { processes[Int(row.chain)].append(row.process) }
        return try causal.past(of: place).enumerated().compactMap { chain, moment in
            try moment.map { try CutRow(causal.chains.nodes[chain], processes[chain], $0, index) }
        }
    }
}

/// How far one node, or the processes that are one chain, must have come.
private struct CutRow: Encodable {
    let node: String
    let processes: [Int32]?
    let position: String?
    let rank: Int?

    init(_ node: NodeID, _ processes: [Int32]?, _ moment: Moment?, _ index: RunIndex) throws {
        let place = moment.map { Position(node: node, moment: $0) }
        self.node = index.name(node)
        self.processes = processes
        position = place.map { index.text($0) }
        rank = try place.map { try index.rank(of: $0) }
    }

    /// As a table shows it.
    var cells: [String] {
        let names = processes.map { [$0.map { "\($0)" }.joined(separator: ",")] } ?? []
        return [node] + names + [position ?? "-", rank.map { "\($0)" } ?? "-"]
    }
}
