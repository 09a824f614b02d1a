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
            }
            #expect(answers[0].messages.count > 10 && answers[0].channels == answers[1].channels)
            #expect(answers[0].messages == answers[1].messages)
            #expect(answers[0].operations == answers[1].operations)
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
