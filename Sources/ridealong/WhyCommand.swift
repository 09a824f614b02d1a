import ArgumentParser
import Indexer
import Matching
import RunModel
import RunStore

/// `ridealong channels why`.
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Explain why a channel has the ends that it has.",
        discussion: """
            Says by which evidence the two ends were joined, and compares each of them once more with every endpoint that \
            might have been its partner: what speaks against it, or that nothing does. Nothing is stored of this; it is \
            worked out again from the index.
            """)

    @OptionGroup var options: RunOptions

    @Argument(help: "The channel, by the position where it was opened.")
    var channel: String

    func run() throws {
        let index = try options.open()
        let found = try index.channel(named: channel)
        let nodes = try index.activities()
        let decisions = try UserDecisions(of: index.run).resolve(index.nodes, nodes).decisions
        var out = Output()
        let reason = Self.reason(found)
        if options.json {
            out.listing("why")
            try out.object(Verdict(channel: found.id, evidence: found.channel.evidence.text, reason: reason))
        } else {
            out.line("\(found.id): \(found.channel.kind.text), \(found.channel.evidence.text): \(reason)")
        }
        for isA in [true, false] {
            for end in found.channel.endpoints(atA: isA) {
                let explanation = explain(nodes, end, decisions: decisions)
                try print(explanation, of: end, isA ? "A" : "B", found, index, &out)
            }
        }
    }

    private func print(
        _ explanation: Explanation, of end: EndpointID, _ letter: String, _ channel: IndexedChannel, _ index: RunIndex, _ out: inout Output
    ) throws {
        let rows = try explanation.candidates.map { candidate in
            CandidateRow(
                end: letter,
                candidate: index.text(Position(node: candidate.endpoint.node, moment: try index.endpoint(candidate.endpoint).opened)),
                against: candidate.contradiction?.text,
                partner: channel.channel.has(candidate.endpoint, atA: true) || channel.channel.has(candidate.endpoint, atA: false))
        }
        if options.json {
            for row in rows { try out.object(row) }
            return
        }
        let opened = index.text(Position(node: end.node, moment: try index.endpoint(end).opened))
        out.line("")
        guard !rows.isEmpty else {
            out.line("\(letter) \(opened): nothing else to compare it with")
            return
        }
        out.line("\(letter) \(opened) could have been joined to:")
        for row in rows {
            out.line("  \(row.candidate)  " + (row.partner ? "its partner; " : "") + (row.against ?? "nothing speaks against it"))
        }
        if explanation.others > 0 { out.line("  … and \(explanation.others) more") }
    }

    /// The evidence, as a sentence.
    private static func reason(_ channel: IndexedChannel) -> String {
        switch (channel.channel.evidence, channel.channel.kind) {
        case (.creation, .pipe): "one call made both ends, or they name the same file of one host"
        case (.creation, _): "one call made both ends"
        case (.address, _): "their addresses mirror each other, and times and lengths agree"
        case (.content, _): "the same bytes went in at one end and came out at the other"
        case (.order, _): "times and lengths leave no other partner"
        case (.user, _): "`ridealong channels join` said so"
        case (.alone, _) where channel.channel.isAmbiguous:
            "no partner is certain: either several are possible, or something speaks against each"
        case (.alone, _): "no recorded node has the other end"
        }
    }

    private struct Verdict: Encodable {
        let channel: String
        let evidence: String
        let reason: String
    }

    private struct CandidateRow: Encodable {
        let end: String
        let candidate: String
        let against: String?
        let partner: Bool
    }
}

extension Contradiction {
    /// As a sentence.
    fileprivate var text: String {
        switch self {
        case .user: "`ridealong channels split` said that it is not"
        case .addresses: "their addresses do not mirror each other"
        case .acceptedBeforeConnect: "the accept returned before the connect was entered"
        case .acceptedAfterAnswer: "it was accepted after the connecting end had got an answer"
        case .receivedMore: "one received more than the other sent"
        case .endTooEarly: "one saw the end before it had all that the other sent, or before the other ended it"
        case .receivedBeforeSent: "one received something before the other sent it"
        }
    }
}
