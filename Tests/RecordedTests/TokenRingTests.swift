import Foundation
import TestSupport
import Testing

/// Five programs pass a token round 1 000 times; it counts how often it was passed.
private struct TokenRing {
    static let members = (0..<5).map { "member\($0)" }
    static let rounds = 1000
    private static let result = Result { try TokenRing() }
    static func recorded() throws -> TokenRing { try result.get() }

    let run: RecordedRun
    let wire: Streams
    let anomalies: [String: Int]

    private init() throws {
        run = try RecordedRun("token-ring")
        let program = try Programs.compile("token-ring", in: run.workshop)
        var ports: [UInt16] = []
        while ports.count < Self.members.count {
            let port = try Ports.free()
            if !ports.contains(port) { ports.append(port) }
        }
        let capture = try LoopbackCapture(of: ports, for: run)
        var members: [Command] = []
        for (number, name) in Self.members.enumerated() {
            let next = ports[(number + 1) % ports.count]
            members.append(
                try run.record([program, "\(Self.rounds)", "\(ports[number])", "\(next)", number == 0 ? "first" : "other"], as: name))
        }
        for member in members { try member.succeed(within: 120) }
        wire = try capture.finish()
        anomalies = try run.index()
    }
}

extension RecordedTests {
    @Suite struct TokenRingTests {
        @Test func theReceivesAreInTheOrderOfTheToken() throws {
            let ring = try TokenRing.recorded()
            let passed = TokenRing.members.count * TokenRing.rounds
            let messages = try ring.run.messages().sorted { ($0.to.first?.rank ?? 0) < ($1.to.first?.rank ?? 0) }
            let tokens = messages.map { message in
                (message.payload ?? Data()).reversed().reduce(0) { $0 << 8 | Int($1) }
            }
            #expect(tokens == Array(1...passed))
            for (number, message) in messages.enumerated() {
                #expect(message.sender == TokenRing.members[number % 5] && message.receivers == [TokenRing.members[(number + 1) % 5]])
                #expect((message.from?.rank ?? .max) < (message.to.first?.rank ?? 0))
            }
        }

        @Test func fiveChannelsMakeTheRing() throws {
            let ring = try TokenRing.recorded()
            let channels = try ring.run.channels()
            let ends = channels.map { [$0.a.node, $0.b.node] }
            let expected = TokenRing.members.indices.map { [TokenRing.members[$0], TokenRing.members[($0 + 1) % 5]] }
            #expect(ends == expected)
            #expect(channels.allSatisfy { $0.evidence == "address" && $0.bytesBToA == 0 && $0.bytesAToB == 4 * UInt64(TokenRing.rounds) })
            // Who comes before its successor finds nobody there at first.
            #expect(ring.anomalies.keys.allSatisfy { $0 == "connect-failed: errno 111" }, "\(ring.anomalies)")
        }

        @Test func theStreamsAreThoseOnTheWire() throws {
            let ring = try TokenRing.recorded()
            let streams = try ring.run.streams()
            #expect(streams.count == 5 && streams == ring.wire)
        }
    }
}
