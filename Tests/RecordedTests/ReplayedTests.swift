import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// What only a replay can tell of runs recorded with rr's syscall buffer, and what becomes of it when something is broken.
    @Suite struct ReplayedTests {
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
