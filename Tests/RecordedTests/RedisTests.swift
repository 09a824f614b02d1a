import Foundation
import TestSupport
import Testing

/// A redis server and nine clients that count to 180 together: the scenario of the figure in rr's issue 2710.
private struct RedisRun {
    static let clients = (1...9).map { "client\($0)" }
    static let requests = 20
    private static let result = MadeOnce { try RedisRun() }
    static func recorded() throws -> RedisRun { try result.get() }

    let run: RecordedRun
    let port: UInt16
    /// What really went over the loopback interface.
    let wire: Streams
    let anomalies: [String: Int]

    private init() throws {
        run = try RecordedRun("redis", chance: .turns)
        port = try Ports.free()
        let capture = try LoopbackCapture(of: [port], for: run)
        let server = try run.record(
            [try Programs.installed("redis-server"), "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            as: "server")
        try Ports.wait(for: server, toListenOn: port)
        let client = [try Programs.installed("redis-cli"), "-p", "\(port)", "-r", "\(Self.requests)", "incr", "counter"]
        let clients = try Self.clients.map { [run] in try run.record(client, as: $0) }
        for client in clients { try client.succeed(within: 120) }
        try run.stop(server)
        wire = try capture.finish()
        anomalies = try run.index()
    }
}

extension RecordedTests {
    @Suite(.inBothModes) struct RedisTests {
        @Test func nineClientsMakeNineChannels() throws {
            let redis = try RedisRun.recorded()
            // Inside itself the server has a pipe, too.
            let channels = try redis.run.channels().filter { $0.kind != "pipe" }
            #expect(channels.compactMap(\.a.node).sorted() == RedisRun.clients)
            #expect(channels.count == 9)
            for channel in channels {
                #expect(channel.b.node == "server" && channel.b.address == "127.0.0.1:\(redis.port)")
                #expect(channel.kind == "tcp" && channel.evidence == "address")
                #expect(channel.a.processes?.count == 1 && channel.b.processes?.count == 1)
            }
        }

        @Test func allNodesAreCompleteAndNothingIsAmiss() throws {
            let redis = try RedisRun.recorded()
            let nodes = try redis.run.nodes()
            #expect(nodes.map(\.node) == RedisRun.clients + ["server"])
            #expect(nodes.allSatisfy { $0.complete })
            #expect(redis.anomalies.isEmpty, "\(redis.anomalies)")
        }

        @Test func everyByteIsDelivered() throws {
            let redis = try RedisRun.recorded()
            let messages = try redis.run.messages()
            #expect(messages.count == 2 * 9 * RedisRun.requests)
            for message in messages {
                #expect(message.delivered == message.bytes && message.payload?.count == Int(message.bytes), "\(message)")
            }
        }

        /// The server answers the k-th increment that it takes with k. It writes the answers of one turn of its loop in another order
        /// than it took the questions, so the order of the questions is the truth, not that of the answers.
        @Test func theOrderOfTheQuestionsIsTheOrderOfTheAnswers() throws {
            let redis = try RedisRun.recorded()
            let messages = try redis.run.messages()
            let questions = messages.filter { $0.receivers.first == "server" }
                .sorted { ($0.to.first?.rank ?? 0) < ($1.to.first?.rank ?? 0) }
            var answers = Dictionary(grouping: messages.filter { $0.sender == "server" }, by: \.channel)
            let inOrder = try questions.map { question in
                let answer = try #require(answers[question.channel]?.first, "\(question) has no answer")
                answers[question.channel]?.removeFirst()
                let asked = try #require(question.to.last?.rank)
                let answered = try #require(answer.from?.rank)
                #expect(asked < answered && answered < (answer.to.first?.rank ?? 0))
                #expect(question.text == "*2\r\n$4\r\nincr\r\n$7\r\ncounter\r\n")
                return answer.text
            }
            #expect(inOrder == (1...180).map { ":\($0)\r\n" })
        }

        @Test func clientsThatHaveHeardOfNobodyAreConcurrent() throws {
            let redis = try RedisRun.recorded()
            let channels = try redis.run.channels().map(\.channel)
            let relations: [ListedRelation] = try redis.run.list("happens-before", [channels[0], channels[8]])
            #expect(relations.map(\.relation) == ["concurrent"])
        }

        @Test func theStreamsAreThoseOnTheWire() throws {
            let redis = try RedisRun.recorded()
            let streams = try redis.run.streams()
            #expect(streams.count == 18 && streams == redis.wire)
        }

        @Test func anotherIndexSaysTheSame() throws {
            let redis = try RedisRun.recorded()
            let first = try redis.run.everything()
            try redis.run.removeIndex()
            try redis.run.index()
            #expect(try redis.run.everything() == first)
        }

        @Test func aRunMayBeNamedInAnyWayAndMoved() throws {
            let run = try RecordedRun("redis-moved", with: ["client1"], of: RedisRun.recorded().run, chance: .everything)
            try run.index()
            let listing = try run.lines("messages", ["--payload"])
            #expect(listing.count == 2 * RedisRun.requests)
            let link = run.workshop.appendingPathComponent("link")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: run.directory)
            let moved = run.workshop.appendingPathComponent("moved")
            for path in [run.directory.path + "/../run/", link.path] {
                #expect(try run.ridealong(["index", "--run", path]).output.hasPrefix("1 nodes (nothing changed)"))
            }
            try FileManager.default.moveItem(at: run.directory, to: moved)
            let finished = try run.ridealong(["messages", "--run", moved.path, "--json", "--payload"])
            #expect(finished.output.split(separator: "\n").dropFirst() == listing[...])
            #expect(try run.ridealong(["index", "--run", moved.path]).output.hasPrefix("1 nodes (nothing changed)"))
        }
    }
}
