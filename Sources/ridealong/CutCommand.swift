import ArgumentParser
import Causality
import Indexer
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
        let cut = try index.past(of: Place(position), .recorded)
        return try rows(zip(index.nodes.indices, cut).map { (NodeID($0), nil, $1) }, index)
    }

    private static func processes(before place: Place, _ index: RunIndex) throws -> [CutRow] {
        let chains = try index.chains()
        var processes = [[Int32]](repeating: [], count: chains.count)
        for row in chains.rows { processes[Int(row.chain)].append(row.process) }
        let past = try index.past(of: place, .causal)
        return try rows(zip(chains.nodes.indices, past).filter { $1 != nil }.map { (chains.nodes[$0], processes[$0], $1) }, index)
    }

    private static func rows(_ places: [(node: NodeID, processes: [Int32]?, moment: Moment?)], _ index: RunIndex) throws -> [CutRow] {
        let positions = places.map { place in place.moment.map { Position(node: place.node, moment: $0) } }
        var ranks = try index.ranks(of: positions.compactMap { $0 })[...]
        return zip(places, positions).map { place, position in
            CutRow(
                node: index.name(place.node), processes: place.processes, position: position.map { index.text($0) },
                rank: position == nil ? nil : ranks.popFirst())
        }
    }
}

/// How far one node, or the processes that are one chain, must have come.
private struct CutRow: Encodable {
    let node: String
    let processes: [Int32]?
    let position: String?
    let rank: Int?

    /// As a table shows it.
    var cells: [String] {
        let names = processes.map { [$0.map { "\($0)" }.joined(separator: ",")] } ?? []
        return [node] + names + [position ?? "-", rank.map { "\($0)" } ?? "-"]
    }
}
