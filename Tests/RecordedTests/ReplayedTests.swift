import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// The same programs recorded with rr's syscall buffer and without: with a replay, the listings say the same of both, but for
    /// positions, ids, ports and times.
    @Suite struct ReplayedTests {
        /// What the listings say, without what differs between any two recordings.
        private struct Answers: Equatable {
            var channels: [String] = []
            var messages: [String] = []
            var operations: [String: Int] = [:]

            init(_ run: RecordedRun) throws {
                channels = try run.channels().map { channel in
                    "\(channel.kind) \(channel.a.node ?? "?") \(channel.b.node ?? "?") \(channel.evidence) "
                        + "\(channel.bytesAToB) \(channel.bytesBToA) \(channel.atLeast)"
                }.sorted()
                messages = try run.messages().map { message in
                    "\(message.sender ?? "?") \(message.receivers) \(message.bytes) \(message.delivered) \(message.isCertain) "
                        + message.text
                }.sorted()
                // How often a program looks whether it has something to do is a matter of time.
                for operation in try run.log() where operation.operation != "ready" {
                    operations["\(operation.node) \(operation.operation) \(operation.bytes ?? 0) \(operation.error ?? 0)", default: 0] += 1
                }
            }
        }

        private func expectTheSame(_ name: String, _ record: (RecordedRun, [String]) throws -> Void) throws {
            var answers: [Answers] = []
            for buffer in ["off", "on"] {
                let run = try RecordedRun("replayed-\(name)-\(buffer)")
                try record(run, ["--syscall-buffer", buffer])
                #expect(try run.index().isEmpty)
                answers.append(try Answers(run))
                if buffer == "on" { try expectSentIsReceived(run) }
            }
            #expect(answers[0].messages.count > 10 && answers[0].channels == answers[1].channels)
            #expect(answers[0].messages == answers[1].messages)
            #expect(answers[0].operations == answers[1].operations)
        }

        /// Every byte that the listings show as delivered is one that was sent.
        private func expectSentIsReceived(_ run: RecordedRun) throws {
            let finding: [Compared] = try run.list("check", ["--bytes"])
            let delivered = try run.messages().reduce(0) { $0 + ($1.from == nil ? 0 : $1.delivered) }
            #expect(delivered > 0 && finding.map(\.comparedBytes) == [delivered] && finding.map(\.unknownBytes) == [0])
        }

        /// The row of `ridealong check --bytes --json`.
        private struct Compared: Decodable {
            let comparedBytes: UInt64?
            let unknownBytes: UInt64?
        }

        @Test func whatIsSentToTheOutsideIsShown() throws {
            let run = try RecordedRun("replayed-outside")
            let port = try Ports.free()
            let server = try run.record(
                [try Programs.installed("redis-server"), "--port", "\(port)", "--bind", "127.0.0.1", "--save", ""], as: "server",
                options: ["--syscall-buffer", "on"])
            try Ports.wait(for: server, toListenOn: port)
            try run.start([try Programs.installed("redis-cli"), "-p", "\(port)", "-r", "3", "incr", "counter"]).succeed()
            try run.stop(server)
            #expect(try run.index().isEmpty)
            let answers = try run.messages().filter { $0.sender == "server" && $0.receivers.isEmpty }.map(\.text)
            #expect(answers.suffix(3) == [":1\r\n", ":2\r\n", ":3\r\n"])
        }

        @Test func aByteThatArrivesAsAnotherIsFound() throws {
            let run = try RecordedRun("replayed-differs")
            let program = try Programs.compile("pair-exec", in: run.workshop)
            try run.record([program, "5"], as: "pair", options: ["--syscall-buffer", "on"]).succeed()
            try run.index()
            #expect(try run.ridealong(["check", "--bytes", "--run", run.directory.path]).status == 0)
            let captures = run.directory.appendingPathComponent(".ridealong/captures")
            let name = try #require(try FileManager.default.contentsOfDirectory(atPath: captures.path).first)
            var bytes = try Data(contentsOf: captures.appendingPathComponent(name))
            // The answer to question 5: a section of 4 bytes, 1005.
            let place = try #require(bytes.range(of: Data([4, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0xed, 0x03, 0, 0])))
            bytes[place.upperBound - 3] ^= 1
            try bytes.write(to: captures.appendingPathComponent(name))
            let finished = try run.ridealong(["check", "--bytes", "--run", run.directory.path])
            #expect(finished.status == 1 && finished.output.hasPrefix("bytes-differ: byte 1 of a message"), "\(finished.output)")
            #expect(try run.ridealong(["check", "--run", run.directory.path]).status == 0)
            try expectTheDifferenceIsTold(run)
        }

        /// Of the ten messages of 4 bytes, the last one's second byte arrived as another.
        private func expectTheDifferenceIsTold(_ run: RecordedRun) throws {
            struct MessageRow: Decodable {
                let message: String
                let verified: UInt64
                let differsAt: UInt64?
            }
            let rows: [MessageRow] = try run.list("messages", ["--bytes"])
            let bad = try #require(rows.last?.message)
            #expect(rows.map(\.verified) == Array(repeating: 4, count: 9) + [1])
            #expect(rows.map(\.differsAt) == Array(repeating: nil, count: 9) + [1])
            struct ChannelRow: Decodable {
                struct Difference: Decodable { let sent: String, offset: UInt64 }
                let verifiedAToB: UInt64, verifiedBToA: UInt64
                let differsAToB: Difference?, differsBToA: Difference?
            }
            let channels: [ChannelRow] = try run.list("channels", ["--bytes"])
            let channel = try #require(channels.first)
            let differences = [channel.differsAToB, channel.differsBToA].compactMap { $0 }
            #expect(channel.verifiedAToB + channel.verifiedBToA == 37 && differences.map(\.sent) == [bad] && differences[0].offset == 1)
            let text = { (arguments: [String]) in try run.start([Executables.ridealong.path] + arguments).succeed().output }
            #expect(try text(["show", "--run", run.directory.path, bad]).contains("\n    byte 1 did not arrive as it was sent\n"))
            #expect(try text(["show", "--run", run.directory.path, rows[0].message]).contains("\n    4 bytes arrived as they were sent\n"))
            #expect(try text(["messages", "--run", run.directory.path, "--bytes"]).contains("  ≠ at 1  "))
            #expect(try text(["channels", "--run", run.directory.path, "--bytes"]).contains("  ≠ at 1 of \(bad)  "))
        }

        @Test func redis() throws {
            try expectTheSame("redis") { run, options in
                let port = try Ports.free()
                let server = try run.record(
                    [try Programs.installed("redis-server"), "--port", "\(port)", "--bind", "127.0.0.1", "--save", ""], as: "server",
                    options: options)
                try Ports.wait(for: server, toListenOn: port)
                let client = [try Programs.installed("redis-cli"), "-p", "\(port)", "-r", "20", "incr", "counter"]
                // One after the other: what the server sends in one piece depends on who comes at the same time.
                for number in 1...3 { try run.record(client, as: "client\(number)", options: options).succeed() }
                try run.stop(server)
            }
        }

        @Test func workersThreadsAndForks() throws {
            try expectTheSame("conversation") { run, options in
                let client = try Programs.compile("message-client", in: run.workshop)
                let (server, port) = try run.recordForkingServer(workers: 2, connections: 3, options: options)
                try run.record([client, "\(port)", "3"], as: "client", options: options).succeed()
                try run.record([client, "\(port)", "1", "3"], as: "threads", options: options).succeed()
                try server.succeed()
            }
        }

        @Test func aSocketPairAcrossExec() throws {
            try expectTheSame("pair-exec") { run, options in
                let program = try Programs.compile("pair-exec", in: run.workshop)
                try run.record([program, "20"], as: "pair", options: options).succeed()
            }
        }

        @Test func unixConnections() throws {
            try expectTheSame("unix") { run, options in
                _ = try run.recordUnixClients(["client1"], rounds: 10, options: options)
            }
        }

        @Test func aNodeThatDoesNotReplayIsToldAsFarAsItsTraceGoes() throws {
            let run = try RecordedRun("unreplayable")
            let program = try Programs.compile("pair-exec", in: run.workshop)
            try run.record([program, "5"], as: "pair", options: ["--syscall-buffer", "on"]).succeed()
            // A replay needs the code that ran.
            let trace = run.directory.appendingPathComponent("pair/trace")
            for file in try FileManager.default.contentsOfDirectory(atPath: trace.path) where file.hasSuffix("librrpage.so") {
                try FileManager.default.removeItem(at: trace.appendingPathComponent(file))
            }
            let anomalies = try run.index()
            #expect(anomalies.keys.contains { $0.hasPrefix("not-captured: the replay of \(trace.path) failed") }, "\(anomalies)")
            #expect(anomalies.keys.contains { $0.hasPrefix("hidden-in-buffer") })
            #expect(try run.nodes().first?.complete == true)
            let captures = run.directory.appendingPathComponent(".ridealong/captures").path
            #expect(try FileManager.default.contentsOfDirectory(atPath: captures).isEmpty)
        }
    }
}
