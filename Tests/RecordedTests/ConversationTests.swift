import Foundation
import TestSupport
import Testing

/// A forking server of two workers, a client, a client run by a shell, and a client of three threads. Every question has a number,
/// and its answer that number plus 1 000.
private struct Conversation {
    /// The questions of each node.
    static let questions = ["client": [0, 1], "shell": [0], "threads": [100, 200, 300]]
    private static let result = MadeOnce { try Conversation() }
    static func recorded() throws -> Conversation { try result.get() }

    let run: RecordedRun
    let anomalies: [String: Int]

    private init() throws {
        run = try RecordedRun("conversation")
        let client = try Programs.compile("message-client", in: run.workshop)
        let (server, port) = try run.recordForkingServer(workers: 2, connections: 3)
        for (node, command) in [
            ("client", [client, "\(port)", "2"]), ("shell", ["/bin/sh", "-c", "\(client) \(port) 1; exit $?"]),
            ("threads", [client, "\(port)", "1", "3"]),
        ] {
            try run.record(command, as: node).succeed()
        }
        try server.succeed()
        anomalies = try run.index()
    }
}

extension RecordedRun {
    /// Records prefork-server as `server`; also returns its port.
    func recordForkingServer(workers: Int, connections: Int, options: [String] = []) throws -> (Command, UInt16) {
        let program = try Programs.compile("prefork-server", in: workshop)
        let server = try record([program, "\(workers)", "\(connections)"], as: "server", options: options)
        return (server, try port(printedBy: server))
    }

    /// The port that prefork-server says it listens on.
    func port(printedBy server: Command) throws -> UInt16 {
        var port: UInt16?
        try wait(for: "the server's port") {
            guard server.isRunning else { throw Failure("the server has ended: \(try server.errors())") }
            port = try server.output().split(whereSeparator: \.isWhitespace).last.flatMap { UInt16($0) }
            return port != nil
        }
        return port ?? 0
    }
}

extension ListedMessage {
    /// The number of a question or answer of message-client and prefork-server.
    var number: Int { (payload ?? Data()).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) } }
}

extension RecordedTests {
    @Suite(.inBothModes) struct ConversationTests {
        @Test func everyQuestionHasItsChannelAndItsAnswer() throws {
            let conversation = try Conversation.recorded()
            #expect(conversation.anomalies.isEmpty)
            let channels = try conversation.run.channels()
            #expect(channels.count == 6)
            let messages = Dictionary(grouping: try conversation.run.messages(), by: \.channel)
            for (node, questions) in Conversation.questions {
                let own = channels.filter { $0.a.node == node && $0.b.node == "server" && $0.evidence == "address" }
                let numbers = own.map { (messages[$0.channel] ?? []).map(\.number) }.sorted { $0[0] < $1[0] }
                #expect(numbers == questions.map { [$0, $0 + 1000] })
            }
            for message in messages.values.joined() { #expect(message.bytes == 32 && message.delivered == 32) }
        }

        @Test func everyChannelNamesTheProcessesThatUsedIt() throws {
            let conversation = try Conversation.recorded()
            let channels = try conversation.run.channels()
            // The parent of the server accepts nothing, and the shell itself connects to nobody.
            let workers = channels.flatMap { $0.b.processes ?? [] }
            #expect(workers.count == 6 && Set(workers).count == 2)
            for worker in Set(workers) { #expect(workers.count { $0 == worker } == 3, "a worker takes three connections") }
            let listeners = Set(try conversation.run.log().filter { $0.operation == "listen" }.map(\.process))
            #expect(listeners.count == 1 && listeners.isDisjoint(with: workers))
            for channel in channels { #expect(channel.a.processes?.count == 1) }
        }

        @Test func everyThreadAskedItsOwnQuestion() throws {
            let conversation = try Conversation.recorded()
            let tasks = Dictionary(grouping: try conversation.run.log().filter { $0.node == "threads" && $0.channel != nil }, by: \.task)
            #expect(tasks.count == 3)
            for operations in tasks.values {
                #expect(Set(operations.map(\.channel)).count == 1 && Set(operations.map(\.process)).count == 1)
                #expect(operations.map(\.operation) == ["connect", "send", "receive", "close"])
            }
        }

        @Test func theOrderTellsEachConversationAsItWas() throws {
            let conversation = try Conversation.recorded()
            for operations in Dictionary(grouping: try conversation.run.log().filter { $0.channel != nil }, by: \.channel).values {
                let words = operations.map { ($0.node == "server" ? "server " : "client ") + $0.operation }
                let place = { (word: String) in words.firstIndex(of: word) ?? -1 }
                #expect(words.count == 8 && Set(words).count == 8)
                #expect(place("client connect") < place("server accept") && place("client send") < place("server receive"))
                #expect(place("server receive") < place("server send") && place("server send") < place("client receive"))
                #expect(place("client receive") < place("client close") && place("server send") < place("server close"))
            }
        }
    }
}
