import ArgumentParser
import Causality
import RunModel
import RunStore

/// `ridealong happens-before`.
struct HappensBeforeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "happens-before",
        abstract: "Say whether one position can have influenced another.",
        discussion: """
            Prints before, after, concurrent or same, and the way that proves it: what was sent from where to \
            where, and where one event merely follows another in the recording of its node.
            """)

    @OptionGroup var options: RunOptions

    @Argument(help: "The first position.")
    var a: String

    @Argument(help: "The second position.")
    var b: String

    func run() throws {
        let index = try options.open()
        let (first, second) = (try index.position(a), try index.position(b))
        let graph = try index.graph()
        let answer: (word: String, way: [Step])
        switch graph.relation(first, second) {
        case .same: answer = ("same", [])
        case .before(let way): answer = ("before", way)
        case .after(let way): answer = ("after", way)
        case .concurrent: answer = ("concurrent", [])
        }
        let steps = try answer.way.map { try StepRow($0, graph, index) }
        var out = Output()
        if options.json {
            out.listing("happens-before")
            try out.object(AnswerRow(a: a, b: b, relation: answer.word, way: steps))
            return
        }
        let verb =
            switch answer.word {
            case "same": "is the same as"
            case "concurrent": "is concurrent with"
            default: "happens \(answer.word)"
            }
        out.line("\(a) \(verb) \(b)")
        for step in steps { out.line("  \(step.from) → \(step.to)  \(step.because)") }
    }
}

/// The answer in JSON.
private struct AnswerRow: Encodable {
    let a: String
    let b: String
    let relation: String
    let way: [StepRow]
}

/// A step of the way, as listings show it.
private struct StepRow: Encodable {
    let from: String
    let to: String
    let because: String
    let channel: String?

    init(_ step: Step, _ graph: CausalGraph, _ index: RunIndex) throws {
        switch step {
        case .follows(let first, let second):
            (from, to, because, channel) = (index.text(first), index.text(second), "follows in the same node", nil)
        case .edge(let edge):
            from = index.text(graph.position(of: edge.from))
            to = index.text(graph.position(of: edge.to))
            let name = try index.channels()[Int(edge.channel)].id
            channel = name
            switch edge.kind {
            case .delivery: because = "sent and received on \(name)"
            case .connectAccept: because = "connected and accepted: \(name)"
            case .endOfStream: because = "closed, and the end seen, on \(name)"
            }
        }
    }
}

extension RunIndex {
    /// The causal graph of the whole run, in memory: about 150 bytes an operation.
    func graph() throws -> CausalGraph {
        CausalGraph(nodes: try activities(), channels: try channels().map(\.channel), deliveries: try deliveries())
    }
}
