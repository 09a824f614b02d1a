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
            """)

    @OptionGroup var options: RunOptions

    @Argument(help: "The position.")
    var position: String

    func run() throws {
        let index = try options.open()
        let position = try index.position(position)
        let cut = try index.graph().past(of: position)
        let rows = try zip(index.nodes.indices, cut).map { number, moment in
            let place = moment.map { Position(node: NodeID(number), moment: $0) }
            return CutRow(
                node: index.nodes[number].name, position: place.map { index.text($0) }, rank: try place.map { try index.rank(of: $0) })
        }
        var out = Output()
        if options.json {
            out.listing("cut")
            for row in rows { try out.object(row) }
        } else {
            Table.print(
                [.init("NODE"), .init("POSITION"), .init("RANK", isNumber: true)],
                rows.map { [$0.node, $0.position ?? "-", $0.rank.map { String($0) } ?? "-"] }, to: &out)
        }
    }
}

/// How far one node must have come.
private struct CutRow: Encodable {
    let node: String
    let position: String?
    let rank: Int?
}
