import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Unix sockets that keep messages apart. Of every fifth question the server takes only the first 8 bytes.
    @Suite(.inBothModes) struct UnixMessageTests {
        static let count = 12

        /// Records a server and two clients; returns what the server says that it took, as clients and numbers.
        private func record(_ run: RecordedRun, _ kind: String) throws -> [[UInt32]] {
            let program = try Programs.compile("unix-messages", in: run.workshop)
            let path = "/tmp/ridealong-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock"
            defer { unlink(path) }
            let server = try run.record([program, "serve", kind, path], as: "server")
            try wait(for: "the server's socket") { FileManager.default.fileExists(atPath: path) && server.isRunning }
            let clients = try [1, 2].map { [run] in
                try run.record([program, "ask", kind, path, "\($0)", "\(Self.count)"], as: "client\($0)")
            }
            for client in clients { try client.succeed() }
            return try server.succeed().output.matches(of: /client (\d+) question (\d+)\n/).map {
                [UInt32($0.1) ?? .max, UInt32($0.2) ?? .max]
            }
        }

        @Test(arguments: ["sequenced", "datagrams"])
        func everyMessageIsFoundWholeOrCutShort(_ kind: String) throws {
            let run = try RecordedRun("unix-\(kind)", chance: .everything)
            let taken = try record(run, kind)
            #expect(taken.count == 2 * Self.count)
            // The server's answers are all as long: which of them goes to whom is not in its trace.
            let anomalies = try run.index()
            #expect(anomalies.keys.allSatisfy { $0 == "datagram-ambiguous" && kind == "datagrams" }, "\(anomalies)")
            let channels = try run.channels().filter { $0.bytesAToB + $0.bytesBToA > 0 }
            #expect(channels.allSatisfy { $0.kind == (kind == "sequenced" ? "unix-seqpacket" : "unix-dgram") })
            let ends = channels.map { [$0.a.node ?? "?", $0.b.node ?? "?"].sorted() }
            #expect(ends.sorted { $0[0] < $1[0] } == [["client1", "server"], ["client2", "server"]])
            let messages = try run.messages()
            let open = messages.reduce(0) { $0 + $1.to.count { $0.certain == false } }
            #expect(open == anomalies["datagram-ambiguous"] ?? 0)
            let byes = kind == "sequenced" ? 0 : 2
            let questions = messages.filter { $0.receivers == ["server"] }.sorted { $0.to[0].rank < $1.to[0].rank }
            #expect(questions.count == 2 * Self.count + byes && messages.count == 4 * Self.count + byes)
            let asked = questions.filter { ($0.payload ?? Data()).words[1] != .max }
            #expect(asked.map { Array(($0.payload ?? Data()).words.prefix(2)) } == taken)
            for question in asked {
                let words = (question.payload ?? Data()).words
                #expect(question.sender == "client\(words[0])" && question.bytes == 12 + UInt64(words[0] * 101 + words[1] * 37) % 400)
                #expect(question.delivered == question.bytes || question.delivered == 8)
            }
            #expect(questions.count { $0.delivered == 8 } == 5)
            for client in [1, 2] as [UInt32] {
                let answers = messages.filter { $0.receivers == ["client\(client)"] }
                let words = answers.map { ($0.payload ?? Data()).words }
                #expect(words.map { $0[0] } == Array(repeating: client, count: Self.count))
                #expect(words.map { $0[2] } == (0..<UInt32(Self.count)).map { $0 + 1000 })
                #expect(answers.allSatisfy { $0.sender == "server" && $0.delivered == 12 })
            }
        }
    }
}
