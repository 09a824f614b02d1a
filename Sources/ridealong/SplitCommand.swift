import ArgumentParser
import RunModel
import RunStore

/// `ridealong channels split`.
struct SplitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Say that the two ends of a channel do not belong together.",
        discussion: """
            Takes back a `ridealong channels join`; of a channel that was joined by other evidence, its ends are never joined \
            again. Kept in RUN/ridealong.json, and honoured by the next `ridealong index`.
            """)

    @OptionGroup var options: RunOptions

    @Argument(help: "The channel, by the position where it was opened.")
    var channel: String

    func run() throws {
        let index = try options.open()
        let found = try index.channel(named: channel).channel
        guard case .endpoint(let a) = found.a, case .endpoint(let b) = found.b else {
            throw UserError("channel \(channel) has one recorded end only; there is nothing to split")
        }
        if found.kind.isDatagram {
            throw UserError("\(found.kind.text) sockets talk to many, so that there is nothing to split; their messages decide")
        }
        guard found.alsoA.isEmpty, found.alsoB.isEmpty else {
            throw UserError("channel \(channel) is a pipe that more than two endpoints hold; it cannot be split")
        }
        var decisions = try UserDecisions(of: index.run)
        let pair = UserDecisions.Pair(try index.name(end: a), try index.name(end: b))
        decisions.joined.removeAll { $0.isSame(pair) }
        if found.evidence != .user && !decisions.split.contains(where: { $0.isSame(pair) }) { decisions.split.append(pair) }
        try decisions.save(in: index.run)
        try JoinCommand.report(index.run, options)
    }
}
