import Foundation
import TestSupport
import Testing

/// A server that counts, and a client whose workers ask it one question after the other, each on a connection of its own
/// (Tests/Programs/counting.*). The client prints each answer, `7 for worker 2 question 5`.
struct Counting {
    static let workers = 4
    static let questions = 10
    static let total = workers * questions

    /// An answer as the client printed it.
    private struct Answer: Hashable {
        let number: Int
        let worker: Int
        let question: Int

        init?(_ text: String) {
            guard let match = text.firstMatch(of: /(\d+) for worker (\d+) question (\d+)/) else { return nil }
            guard let number = Int(match.1), let worker = Int(match.2), let question = Int(match.3) else { return nil }
            (self.number, self.worker, self.question) = (number, worker, question)
        }
    }

    /// A question with its answer, as Ridealong tells them.
    private struct Exchange {
        let answer: Answer
        /// Where the client asked, the server heard, the server answered, and the client heard.
        let ranks: [Int]
    }

    private let run: RecordedRun
    private let clients: Set<String>
    private let printed: [Answer]

    /// A conversation in `run`, of which the nodes `clients` printed `output`, all together.
    init(_ run: RecordedRun, between clients: Set<String>, printed output: String) {
        (self.run, self.clients) = (run, clients)
        printed = output.split(separator: "\n").compactMap { Answer(String($0)) }
    }

    /// Records `program serve` and `program ask` as nodes of a run called `name`.
    init(_ name: String, _ program: (RecordedRun) throws -> [String]) throws {
        let run = try RecordedRun(name, chance: .pieces)
        let program = try program(run)
        let server = try run.record(program + ["serve", "\(Self.total)"], as: "server")
        let port = try run.port(printedBy: server)
        let client = try run.record(program + ["ask", "\(port)", "\(Self.workers)", "\(Self.questions)"], as: "client")
        let answers = try client.succeed(within: 120).output
        let counted = try server.succeed(within: 120).output
        guard counted == "\(port)\n\(Self.total)\n" else { throw Failure("the server printed ‘\(counted)’") }
        self.init(run, between: ["client"], printed: answers)
    }

    /// Expects that Ridealong tells the conversation as the programs themselves do; `anyhow` are anomalies that do not matter.
    func expectTold(except anyhow: Set<String> = []) throws {
        #expect(printed.map(\.number).sorted() == Array(1...Self.total))
        let anomalies = try run.index(options: ["--capture", "all"])
        #expect(Set(anomalies.keys).isSubset(of: anyhow), "\(anomalies)")
        #expect(try run.nodes().allSatisfy(\.complete))
        let channels = try run.channels().filter { $0.a.node.map { clients.contains($0) } ?? false && $0.b.node == "server" }
        #expect(channels.count == Self.workers && channels.allSatisfy { !$0.atLeast })
        let messages = Dictionary(grouping: try run.messages(), by: \.channel)
        var exchanges: [Exchange] = []
        for channel in channels {
            let own = messages[channel.channel] ?? []
            #expect(own.allSatisfy { $0.delivered == $0.bytes && $0.payload?.count == Int($0.bytes) && $0.isCertain }, "\(channel)")
            for (sender, bytes) in [(channel.a.node, channel.bytesAToB), ("server", channel.bytesBToA)] {
                #expect(own.filter { $0.sender == sender }.reduce(0) { $0 + $1.bytes } == bytes, "\(channel)")
            }
            let found = try exchanged(own)
            #expect(Set(found.map(\.answer.worker)).count == 1 && found.map(\.answer.question) == Array(0..<Self.questions), "\(channel)")
            exchanges += found
        }
        #expect(Set(exchanges.map(\.answer)) == Set(printed))
        // The server counts between hearing and answering.
        for one in exchanges {
            for other in exchanges where one.ranks[2] < other.ranks[1] { #expect(one.answer.number < other.answer.number) }
        }
        #expect(try run.expectEveryCallJoined().count == run.nodes().count)
        try expectSameBytes(channels)
    }

    /// The questions and answers of a channel, in order; none may come before its cause.
    private func exchanged(_ messages: [ListedMessage]) throws -> [Exchange] {
        // A message may go out in pieces, head and body, say; the last one names what it is about.
        let named = messages.filter { $0.text.contains(/worker \d+ question \d+/) }
        let asked = named.filter { $0.sender != "server" }
        let answered = named.filter { $0.sender == "server" }
        #expect(asked.count == Self.questions && answered.count == Self.questions)
        var last = -1
        return try zip(asked, answered).map { question, reply in
            let answer = try #require(Answer(reply.text), "\(reply)")
            #expect(question.text.contains("worker \(answer.worker) question \(answer.question)"))
            let ranks =
                try [#require(question.from?.rank), #require(question.to.last?.rank), #require(reply.from?.rank)]
                + [#require(reply.to.last?.rank)]
            #expect(([last] + ranks).elementsEqual(([last] + ranks).sorted()))
            last = ranks[3]
            return Exchange(answer: answer, ranks: ranks)
        }
    }

    /// Expects that replays have told all that was sent, and that it is what was received.
    private func expectSameBytes(_ channels: [ListedChannel]) throws {
        let comparison = try run.compareBytes()
        #expect(comparison.violations == 0 && comparison.unknownBytes == 0, "\(comparison)")
        #expect(comparison.comparedBytes >= channels.reduce(0) { $0 + $1.bytesAToB + $1.bytesBToA })
    }
}
