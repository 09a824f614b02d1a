import ArgumentParser
import Causality
import Indexer
import RunModel
import RunStore

/// `ridealong happens-before`.
struct HappensBeforeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "happens-before",
        abstract: "Say whether one position can have influenced another.",
        discussion: """
            Prints before, after, concurrent or same, and the way that proves it: what went from where to where, \
            and how.

            Two processes of one node that share no memory are ordered only by what went between them. With \
            --recorded, all of a node counts as ordered by its recording; the steps that rest on nothing else are \
            marked.
            """)

    @OptionGroup var options: RunOptions

    @Flag(help: "Take everything in a node as ordered, as it was recorded.")
    var recorded = false

    @Argument(help: "The first position.")
    var a: String

    @Argument(help: "The second position.")
    var b: String

    func run() throws {
        let index = try options.open()
        let (first, second) = (try index.position(a), try index.position(b))
        let ordering = recorded ? Ordering.recorded : .causal
        let places = recorded ? (Place(first), Place(second)) : (try index.knownPlace(of: first), try index.knownPlace(of: second))
        let answer: (word: String, way: [Step])
        switch try index.relation(places.0, places.1, ordering) {
        case .same: answer = ("same", [])
        case .before(let way): answer = ("before", way)
        case .after(let way): answer = ("after", way)
        case .concurrent: answer = ("concurrent", [])
        }
        let steps = try answer.way.map { try StepRow($0, index) }
        var out = Output()
        if options.json {
            out.listing("happens-before")
            try out.object(AnswerRow(a: a, b: b, order: recorded ? "recorded" : "causal", relation: answer.word, way: steps))
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
    let order: String
    let relation: String
    let way: [StepRow]
}

/// A step of the way, as listings show it.
private struct StepRow: Encodable {
    let from: String
    let to: String
    let kind: String
    let because: String
    let channel: String?

    init(_ step: Step, _ index: RunIndex) throws {
        switch step {
        case .process(let first, let second):
            (from, to, channel) = (index.text(first), index.text(second), nil)
            (kind, because) = ("process", "follows in the same process")
        case .recorded(let first, let second):
            (from, to, channel) = (index.text(first), index.text(second), nil)
            (kind, because) = ("recorded", "merely follows in the recording of the node")
        case .influence(let influence, let first, let second):
            (from, to) = (index.text(first), index.text(second))
            channel = influence.channel < 0 ? nil : try index.channelName(Int(influence.channel))
            (kind, because) = ("\(influence.kind)", Self.reason(influence.kind, channel ?? "?"))
        }
    }

    private static func reason(_ kind: Influence.Kind, _ channel: String) -> String {
        switch kind {
        case .delivery: "sent and received on \(channel)"
        case .connectAccept: "connected and accepted: \(channel)"
        case .endOfStream: "closed, and the end seen, on \(channel)"
        case .listenConnect: "listened, and connected: \(channel)"
        case .reset: "closed, and the call failed, on \(channel)"
        case .ready: "sent (or closed), and seen to be there, on \(channel)"
        case .fork: "forked"
        case .exit: "ended, and waited for"
        case .signal: "a signal, and taken"
        case .descriptor: "a descriptor passed, and received"
        case .counter: "a counter raised, and read"
        }
    }
}

extension RunIndex {
    /// A position and its process.
    ///
    /// - Throws: `UserError` if nothing tells the process.
    func knownPlace(of position: Position) throws -> Place {
        let place = try place(of: position)
        guard place.process != nil else {
            throw UserError("\(text(position)): which process this is of cannot be told; ask with --recorded, which need not know it")
        }
        return place
    }
}
