import Foundation
import Recorder
import RunModel
import TestSupport
import Testing

extension RecordedTests {
    /// Runs of which not everything was recorded, or not by `ridealong record`, or not to the end.
    @Suite(.inBothModes) struct PartialTests {
        @Test func aServerWhoseClientsNobodyRecorded() throws {
            let run = try RecordedRun("only-server")
            let client = try Programs.compile("same-port", in: run.workshop)
            let (server, port) = try run.recordForkingServer(workers: 1, connections: 2)
            let own = try Ports.free()
            try run.start([client, "\(own)", "\(port)", "2"]).succeed()
            try server.succeed()
            #expect(try run.index().isEmpty)
            let channels = try run.channels()
            #expect(channels.count == 2)
            for channel in channels {
                #expect(channel.a.outside == true && channel.a.node == nil && channel.a.address == "127.0.0.1:\(own)")
                #expect(channel.b.node == "server" && channel.evidence == "alone")
                #expect(channel.bytesAToB == 32 && channel.bytesBToA == 32)
            }
            let messages = try run.messages()
            #expect(messages.map { $0.from == nil } == [true, false, true, false])
            #expect(messages.filter { $0.from == nil }.map(\.number) == [0, 1])
            // What went outside was not seen to arrive, and its bytes are in no trace; but a replay knows them.
            let answers = messages.filter { $0.from != nil }
            #expect(answers.allSatisfy { $0.delivered == 0 && $0.to.isEmpty })
            #expect(answers.map { $0.payload.map(\.words.first) } == (SyscallBuffer.current == .on ? [1000, 1001] : [nil, nil]))
        }

        @Test func aClientWhoseServerNobodyRecorded() throws {
            let run = try RecordedRun("only-client")
            let client = try Programs.compile("message-client", in: run.workshop)
            let server = try run.start([try Programs.compile("prefork-server", in: run.workshop), "1", "2"])
            let port = try run.port(printedBy: server)
            try run.record([client, "\(port)", "2"], as: "client").succeed()
            try server.succeed()
            #expect(try run.index().isEmpty)
            let channels = try run.channels()
            #expect(channels.count == 2)
            for channel in channels {
                #expect(channel.b.outside == true && channel.b.address == "127.0.0.1:\(port)")
                #expect(channel.a.node == "client" && channel.evidence == "alone")
            }
            let messages = try run.messages()
            #expect(messages.map { $0.from == nil } == [false, true, false, true])
            #expect(messages.filter { $0.from == nil }.map(\.number) == [1000, 1001])
        }

        @Test func tracesOfPlainRRWithoutSidecars() throws {
            let run = try RecordedRun("plain-rr")
            let rr = try RRInvocation.forReplay(of: nil, in: ProcessInfo.processInfo.environment)
            let options = SyscallBuffer.current == .off ? ["-n"] : []
            let record = { [run] (command: [String], name: String) in
                try run.start(
                    [rr.executable] + rr.arguments(["record", "-o", run.workshop.appendingPathComponent(name).path] + options) + command,
                    environment: rr.environment)
            }
            let server = try record([try Programs.compile("prefork-server", in: run.workshop), "1", "2"], "server-trace")
            let port = try run.port(printedBy: server)
            try record([try Programs.compile("message-client", in: run.workshop), "\(port)", "2"], "client-trace").succeed()
            try server.succeed()
            let traces = ["server-trace", "client-trace"].map { run.workshop.appendingPathComponent($0).path }
            #expect(try run.index(traces).isEmpty)
            let nodes = try run.nodes()
            #expect(nodes.map(\.node) == ["client-trace", "server-trace"])
            #expect(nodes.allSatisfy { $0.complete && $0.counters == (rr.environment.isEmpty ? "hardware" : "software") })
            let channels = try run.channels()
            #expect(
                channels.map(\.a.node) == ["client-trace", "client-trace"] && channels.map(\.b.node) == ["server-trace", "server-trace"])
            #expect(channels.allSatisfy { $0.evidence == "address" })
            #expect(try run.messages().map(\.number) == [0, 1000, 1, 1001])
            // Traces outside the run directory stay part of the run.
            #expect(try run.index().isEmpty && run.channels() == channels)
        }

        @Test func aRecorderThatWasKilledLeavesWhatCanBeRead() throws {
            let run = try RecordedRun("killed", chance: .everything)
            let program = try Programs.compile("token-ring", in: run.workshop)
            let (first, second) = (try Ports.free(), try Ports.free())
            let members = [
                try run.record([program, "1000000", "\(first)", "\(second)", "first"], as: "whole"),
                try run.record([program, "1000000", "\(second)", "\(first)", "other"], as: "killed"),
            ]
            // Frames are written a mebibyte at a time.
            let events = run.directory.appendingPathComponent("killed/trace/events").path
            try wait(for: "a megabyte of frames") { (try? FileManager.default.attributesOfItem(atPath: events))?[.size] as? Int ?? 0 > 0 }
            kill(try #require(try members[1].children().first), SIGKILL)
            _ = try members.map { try $0.finish() }
            let anomalies = try run.index()
            #expect(anomalies.keys.contains { $0.hasPrefix("recording-interrupted") })
            let nodes = try run.nodes()
            #expect(nodes.map(\.node) == ["killed", "whole"] && nodes.map(\.complete) == [false, true])
            #expect(nodes[0].state == "interrupted" && nodes[0].events > 1000)
            let channels = try run.channels()
            #expect(channels.map { [$0.a.node, $0.b.node] } == [["killed", "whole"], ["whole", "killed"]])
            if SyscallBuffer.current == .on {
                try checkKnownTokens(run)
            } else {
                try checkTokens(run)
            }
        }

        @Test func aKilledRidealongStillLeavesAWholeTrace() throws {
            let run = try RecordedRun("killed-ridealong")
            let port = try Ports.free()
            let server = try run.record(
                [try Programs.installed("redis-server"), "--port", "\(port)", "--bind", "127.0.0.1", "--save", ""], as: "server")
            try Ports.wait(for: server, toListenOn: port)
            try run.start([try Programs.installed("redis-cli"), "-p", "\(port)", "incr", "counter"]).succeed()
            // rr is told to end when its parent is gone.
            server.send(SIGKILL)
            #expect(try server.finish().status == -SIGKILL)
            let version = run.directory.appendingPathComponent("server/trace/version").path
            try wait(for: "the end of the trace") { FileManager.default.fileExists(atPath: version) }
            try run.index()
            #expect(try run.nodes().map(\.state) == ["complete"])
            #expect(try run.messages().map(\.text).contains("*2\r\n$4\r\nincr\r\n$7\r\ncounter\r\n"))
        }

        /// What the buffer hides of the node that was killed no replay can tell; but what is said is true, and the other tells all that it
        /// received.
        private func checkKnownTokens(_ run: RecordedRun) throws {
            let messages = try run.messages()
            for message in messages where message.from != nil && !message.to.isEmpty {
                #expect(message.receivers == [message.sender == "whole" ? "killed" : "whole"])
                if let token = message.payload?.word { #expect(message.receivers == [token % 2 == 1 ? "killed" : "whole"]) }
            }
            let tokens = messages.filter { $0.receivers == ["whole"] }.map { $0.payload?.word }
            #expect(tokens.count > 200 && tokens == (1...tokens.count).map { UInt32(2 * $0) })
        }

        /// Every token that is known to have gone from one to the other carries the next number.
        private func checkTokens(_ run: RecordedRun) throws {
            let messages = try run.messages()
            let delivered = messages.filter { $0.from != nil && !$0.to.isEmpty }
                .sorted { ($0.to.first?.rank ?? 0) < ($1.to.first?.rank ?? 0) }
            #expect(delivered.count > 200)
            for (number, message) in delivered.enumerated() {
                #expect(message.receivers == [number % 2 == 0 ? "killed" : "whole"] && message.delivered == 4)
                if let payload = message.payload { #expect(payload.reversed().reduce(0) { $0 << 8 | Int($1) } == number + 1) }
            }
            // What came from the killed node after its trace ends is known by its receives alone.
            let received = messages.filter { $0.receivers == ["whole"] }
            let tokens = received.map { ($0.payload ?? Data()).reversed().reduce(0) { $0 << 8 | Int($1) } }
            #expect(tokens == (1...received.count).map { 2 * $0 })
            #expect(received.first?.from != nil && received.last?.from == nil && received.last?.sender == nil)
        }
    }
}
