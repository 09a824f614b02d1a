import ArgumentParser
import Indexer
import RunModel
import RunStore

/// `ridealong channels join`.
struct JoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Say that the ends of two channels belong together.",
        discussion: """
            For channels whose other end was not found. What is said here is kept in RUN/ridealong.json, which anybody may \
            read and edit, counts more than all evidence, and is honoured by the next `ridealong index`. \
            `ridealong channels split` takes it back.
            """)

    @OptionGroup var options: RunOptions

    @Argument(help: "One channel, by the position where it was opened.")
    var a: String

    @Argument(help: "The other.")
    var b: String

    func run() throws {
        let index = try options.open()
        let ends = try [a, b].map { try Self.onlyEnd($0, index) }
        if ends[0] == ends[1] { throw UserError("‘\(a)’ is one channel with one recorded end; name two") }
        let kinds = try ends.map { try index.endpoint($0).kind }
        guard kinds[0] == kinds[1] || kinds.contains(.unknown) else {
            throw UserError("\(a) is \(kinds[0].text) and \(b) is \(kinds[1].text); only ends of one kind can belong together")
        }
        if let kind = kinds.first(where: \.isDatagram) {
            throw UserError("\(kind.text) sockets talk to many, so that joining two of them says nothing; their messages decide")
        }
        var decisions = try UserDecisions(of: index.run)
        let pair = UserDecisions.Pair(try index.name(end: ends[0]), try index.name(end: ends[1]))
        decisions.split.removeAll { $0.isSame(pair) }
        // An end has one partner: what was said of it before is taken back.
        decisions.joined.removeAll { [$0.a, $0.b].contains(pair.a) || [$0.a, $0.b].contains(pair.b) }
        decisions.joined.append(pair)
        try decisions.save(in: index.run)
        try Self.report(index.run, options)
    }

    /// The recorded end of a channel that has one.
    private static func onlyEnd(_ name: String, _ index: RunIndex) throws -> EndpointID {
        let channel = try index.channel(named: name).channel
        let ends = channel.endpoints(atA: true) + channel.endpoints(atA: false)
        guard ends.count == 1 else {
            throw UserError(
                "channel \(name) has its ends already; take them apart first: `ridealong channels split \(name)`, then `ridealong index`")
        }
        return ends[0]
    }

    /// Says what has been done, and what remains to do.
    static func report(_ run: RunDirectory, _ options: RunOptions) throws {
        var out = Output()
        if options.json {
            out.listing("decisions")
            return try out.object(["file": UserDecisions.path(run)])
        }
        out.line("kept in \(UserDecisions.path(run)); run `ridealong index` to have it honoured")
    }
}

extension RunIndex {
    /// How files name an end.
    func name(end: EndpointID) throws -> UserDecisions.End {
        UserDecisions.End(opened: text(Position(node: end.node, moment: try endpoint(end).opened)), endpoint: end.serial)
    }
}
