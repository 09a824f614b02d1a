import Foundation
import TestSupport
import Testing

/// Five programs pass a token round 1 000 times; it counts how often it was passed.
private struct TokenRing {
    static let members = (0..<5).map { "member\($0)" }
    static let rounds = 1000
    private static let result = MadeOnce { try TokenRing() }
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
    @Suite(.inBothModes) struct TokenRingTests {
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

        /// The token is in one place at a time, so every receive comes before every later one.
        @Test func everyReceiveHappensBeforeEveryLaterOne() throws {
            let ring = try TokenRing.recorded()
            let receives = try ring.run.messages().compactMap(\.to.first).sorted { $0.rank < $1.rank }.map(\.position)
            for (first, second) in [(0, 1), (10, 17), (2500, 2503), (4000, 4999)] {
                let pair = [receives[first], receives[second]]
                let before: [ListedRelation] = try ring.run.list("happens-before", pair)
                #expect(before.map(\.relation) == ["before"])
                let way = try #require(before.first?.way)
                #expect(way.first?.from == pair[0] && way.last?.to == pair[1])
                #expect(zip(way, way.dropFirst()).allSatisfy { $0.to == $1.from })
                // It may stay inside a member for whole rounds, and otherwise follows the token.
                let passes = way.filter { $0.channel != nil }.map(\.to)
                #expect(!passes.isEmpty && passes == receives[...second].filter { passes.contains($0) })
                let after: [ListedRelation] = try ring.run.list("happens-before", pair.reversed())
                #expect(after.map(\.relation) == ["after"])
            }
        }

        @Test func aCutIsHowFarTheTokenTookEveryMember() throws {
            let ring = try TokenRing.recorded()
            let messages = try ring.run.messages().sorted { ($0.to.first?.rank ?? 0) < ($1.to.first?.rank ?? 0) }
            // The receive of token 3333, and the sends of the five tokens up to it.
            let receive = try #require(messages[3332].to.first)
            let cut: [ListedCutPlace] = try ring.run.list("cut", [receive.position])
            var expected = Dictionary(uniqueKeysWithValues: messages[3328...3332].map { ($0.sender ?? "", $0.from?.position) })
            expected[nodeName(receive.position)] = receive.position
            #expect(Dictionary(uniqueKeysWithValues: cut.map { ($0.node, $0.position) }) == expected)
            #expect(cut.compactMap(\.rank).max() == receive.rank)
        }

        @Test func aPositionTellsItsCallAndItsMessage() throws {
            let ring = try TokenRing.recorded()
            let message = try #require(try ring.run.messages().last)
            for place in [message.from?.position, message.to.first?.position] {
                let position = try #require(place)
                let shown = try #require(try ring.run.list("show", [position], as: ListedPosition.self).first)
                #expect(shown.messages == [message] && shown.operations.map(\.bytes) == [4])
                // A call in the buffer is one event.
                let isEntry = place == message.from?.position && !position.contains(".")
                #expect(shown.call?.hasPrefix(place == message.from?.position ? "sendto " : "recvfrom ") == true)
                #expect(shown.call?.hasSuffix(isEntry ? " is entered" : " returns") == true && shown.result == (isEntry ? nil : 4))
            }
        }
    }
}
