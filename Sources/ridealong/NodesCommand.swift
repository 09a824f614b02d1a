import ArgumentParser
import RunModel
import RunStore

/// `ridealong nodes`.
struct NodesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes",
        abstract: "List the recorded nodes of a run.",
        discussion: """
            STATE says how the recording ended: complete, failed (rr gave up), interrupted (rr died), recording \
            (it has not ended). COUNTERS says which counters rr used; a trace replays only under the same.
            """)

    @OptionGroup var options: RunOptions

    func run() throws {
        let index = try options.open()
        var out = Output()
        if options.json {
            out.listing("nodes")
            for node in index.nodes { try out.object(NodeRow(node)) }
        } else {
            Table.print(
                [
                    .init("NODE"), .init("HOST"), .init("EVENTS", isNumber: true), .init("OPERATIONS", isNumber: true), .init("STATE"),
                    .init("COUNTERS"), .init("COMMAND"),
                ],
                index.nodes.map { node in
                    [
                        node.name, node.hostName ?? "?", String(node.events), String(node.operations), node.state.rawValue,
                        node.counters?.kind.rawValue ?? "?", PayloadText.line(Array(node.command.joined(separator: " ").utf8)),
                    ]
                }, to: &out)
        }
    }
}

/// A node in JSON.
private struct NodeRow: Encodable {
    let node: String
    let host: String?
    let command: [String]
    let events: UInt64
    let operations: Int
    let complete: Bool
    let counters: String?
    let state: String
    let syscallBuffer: Bool
    let trace: String
    let processes: [NodeProcess]

    init(_ node: IndexedNode) {
        self.node = node.name
        host = node.hostName
        command = node.command
        events = node.events
        operations = node.operations
        complete = node.state == .complete
        counters = node.counters?.kind.rawValue
        state = node.state.rawValue
        syscallBuffer = node.isBuffered
        trace = node.tracePath
        processes = node.processes
    }
}
