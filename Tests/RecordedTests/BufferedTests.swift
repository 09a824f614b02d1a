import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Runs recorded with rr's syscall buffer, which hides most calls that move bytes, and not replayed. What is said must be true all
    /// the same, and what is hidden must be counted.
    @Suite struct BufferedTests {
        static let options = ["--syscall-buffer", "on"]

        @Test func redisIsToldAsFarAsItIsKnown() throws {
            let run = try RecordedRun("redis-buffered")
            let port = try Ports.free()
            let server = try run.record(
                [try Programs.installed("redis-server"), "--port", "\(port)", "--bind", "127.0.0.1", "--save", ""], as: "server",
                options: Self.options)
            try Ports.wait(for: server, toListenOn: port)
            let client = [try Programs.installed("redis-cli"), "-p", "\(port)", "-r", "20", "incr", "counter"]
            let clients = try (1...3).map { try run.record(client, as: "client\($0)", options: Self.options) }
            for client in clients { try client.succeed() }
            try run.stop(server)
            let anomalies = try run.index(options: ["--capture", "off"])
            // Every request and every answer is in a buffer, or stands in the log.
            let log = try run.log()
            let known = { (node: String, operation: String) in log.count { $0.node.hasPrefix(node) && $0.operation == operation } }
            #expect((anomalies["hidden-in-buffer: sendto"] ?? 0) + known("client", "send") == 60)
            #expect((anomalies["hidden-in-buffer: recvfrom"] ?? 0) + known("client", "receive") == 60)
            #expect((anomalies["hidden-in-buffer: write"] ?? 0) + known("server", "send") >= 60)
            let channels = try run.channels().filter { $0.kind != "pipe" }
            #expect(channels.map(\.a.node).sorted { $0 ?? "" < $1 ?? "" } == ["client1", "client2", "client3"])
            for channel in channels {
                #expect(channel.b.node == "server" && channel.evidence == "address" && channel.atLeast)
                #expect(channel.bytesAToB <= 540 && channel.bytesBToA <= 20 * 5)
            }
            try checkAnswers(run, channels)
        }

        /// What the clients got is what the server counted, in each of them in order, and none is delivered twice.
        private func checkAnswers(_ run: RecordedRun, _ channels: [ListedChannel]) throws {
            var seen: Set<String> = []
            for (channel, messages) in Dictionary(grouping: try run.messages(), by: \.channel) {
                let client = try #require(channels.first { $0.channel == channel }?.a.node)
                let answers = messages.filter { $0.receivers.first == client }.map(\.text)
                let numbers = try answers.map { answer in
                    try #require(answer.wholeMatch(of: /:(\d+)\r\n/).flatMap { Int($0.1) }, "\(answer)")
                }
                #expect(!numbers.isEmpty && numbers == numbers.sorted() && numbers.allSatisfy { (1...60).contains($0) })
                for answer in answers { #expect(seen.insert(answer).inserted, "\(answer) was received twice") }
                for question in messages where question.receivers.first == "server" {
                    #expect(question.text == "*2\r\n$4\r\nincr\r\n$7\r\ncounter\r\n")
                }
            }
        }

        @Test func aConversationIsToldAsFarAsItIsKnown() throws {
            let run = try RecordedRun("conversation-buffered")
            let client = try Programs.compile("message-client", in: run.workshop)
            let (server, port) = try run.recordForkingServer(workers: 2, connections: 3, options: Self.options)
            try run.record([client, "\(port)", "3"], as: "client", options: Self.options).succeed()
            try run.record([client, "\(port)", "1", "3"], as: "threads", options: Self.options).succeed()
            try server.succeed()
            let anomalies = try run.index(options: ["--capture", "off"])
            #expect(anomalies["hidden-in-buffer: sendto"] == 12, "\(anomalies)")
            let channels = try run.channels()
            #expect(
                channels.map { [$0.a.node, $0.b.node, $0.evidence] }
                    == ["client", "client", "client", "threads", "threads", "threads"].map {
                        [$0, "server", "address"]
                    })
            // An answer may only be found on the channel of its question.
            for messages in Dictionary(grouping: try run.messages(), by: \.channel).values {
                #expect(Set(messages.map { $0.number % 1000 }).count == 1)
                #expect(messages.allSatisfy { ($0.number >= 1000) == ($0.receivers.first != "server") && $0.bytes == 32 })
            }
        }

        @Test func unixClientsAreNotTakenForEachOther() throws {
            let run = try RecordedRun("unix-buffered")
            let accepted = try run.recordUnixClients((1...4).map { "client\($0)" }, rounds: 10, options: Self.options)
            let anomalies = try run.index(options: ["--capture", "off"])
            #expect(anomalies.keys.contains { $0.hasPrefix("hidden-in-buffer") })
            // Which connection is whose may stay open; what is said of it must be so.
            for (found, client) in zip(try run.accepted(by: "server"), accepted) {
                #expect(found == nil || found == client)
            }
        }
    }
}
