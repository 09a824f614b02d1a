import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Datagrams that look alike, sent from one socket to several places, one of which is not recorded; those who take them ask for no
    /// sender. Only a replay tells which went where, and it does so in both modes.
    @Suite(.inBothModes) struct DestinationTests {
        static let rounds = 3
        /// In each round, every place is sent to in four ways.
        static let count = 4 * rounds

        /// What a giver says that it sent to each place, and what those who took it say.
        private func expect(_ run: RecordedRun, _ kind: String, _ said: String, _ places: [String: String], outside: String) throws {
            #expect(try run.index(options: ["--capture", "all"]).isEmpty)
            let sent = Dictionary(grouping: said.matches(of: /(\d+) to (\S+)\n/).map { (UInt32($0.1), String($0.2)) }, by: \.1)
            let channels = try run.channels()
            #expect(channels.map(\.kind) == [kind, kind, kind] && channels.allSatisfy { $0.a.node == "giver" })
            let messages = try run.messages()
            #expect(messages.count == 3 * Self.count && messages.allSatisfy { $0.sender == "giver" })
            for channel in channels {
                let place = channel.b.node.map { places[$0] ?? "?" } ?? outside
                #expect(channel.evidence == (channel.b.node == nil ? "alone" : "address"))
                #expect(channel.b.address.map { $0 == place || $0.hasSuffix(":\(place)") } ?? false, "\(channel)")
                let own = messages.filter { $0.channel == channel.channel }
                #expect(own.map { $0.payload?.word } == sent[place]?.map(\.0) && own.count == Self.count)
                let receivers = channel.b.node.map { [$0] } ?? []
                #expect(own.allSatisfy { $0.receivers == receivers && $0.isCertain && $0.delivered == UInt64(4 * receivers.count) })
            }
        }

        private func taken(_ sink: Command) throws -> [UInt32?] {
            try sink.succeed().output.matches(of: /took (\d+)\n/).map { UInt32($0.1) }
        }

        @Test func datagramsArriveWhereTheirSenderSentThem() throws {
            let run = try RecordedRun("udp-destinations")
            let sink = try Programs.compile("datagram-sink", in: run.workshop)
            let program = try Programs.compile("destinations", in: run.workshop)
            let takers = try ["one", "two"].map { [run] in try run.record([sink, "\(Self.count)"], as: $0) }
            let stranger = try run.start([sink, "\(Self.count)"])
            let ports = try (takers + [stranger]).map { try run.port(printedBy: $0) }.map(String.init)
            let giver = try run.record([program, "\(Self.rounds)"] + ports, as: "giver").succeed()
            for taker in takers + [stranger] { #expect(try taken(taker).count == Self.count) }
            try expect(run, "udp", giver.output, ["one": ports[0], "two": ports[1]], outside: ports[2])
        }

        @Test func unixDatagramsArriveWhereTheirSenderSentThem() throws {
            let run = try RecordedRun("unix-destinations")
            let sink = try Programs.compile("datagram-sink", in: run.workshop)
            let program = try Programs.compile("destinations", in: run.workshop)
            let paths = (0..<3).map { "/tmp/ridealong-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).\($0)" }
            defer { for path in paths { unlink(path) } }
            let takers = try zip(["one", "two"], paths).map { [run] in try run.record([sink, "\(Self.count)", $1], as: $0) }
            let stranger = try run.start([sink, "\(Self.count)", paths[2]])
            for taker in takers + [stranger] { _ = try run.port(printedBy: taker) }
            let giver = try run.record([program, "\(Self.rounds)"] + paths, as: "giver").succeed()
            for taker in takers + [stranger] { #expect(try taken(taker).count == Self.count) }
            try expect(run, "unix-dgram", giver.output, ["one": paths[0], "two": paths[1]], outside: paths[2])
        }
    }
}
