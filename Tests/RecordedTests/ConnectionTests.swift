import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Connections that do not go the plain way.
    @Suite struct ConnectionTests {
        @Test func oneAddressUsedThriceMakesThreeChannels() throws {
            let run = try RecordedRun("same-port")
            let client = try Programs.compile("same-port", in: run.workshop)
            let (server, port) = try run.recordForkingServer(workers: 1, connections: 3)
            let own = try Ports.free()
            try run.record([client, "\(own)", "\(port)", "3"], as: "client").succeed()
            try server.succeed()
            let anomalies = try run.index()
            #expect(anomalies.isEmpty)
            let channels = try run.channels()
            #expect(channels.map(\.a.node) == Array(repeating: "client", count: 3))
            #expect(channels.map(\.b.node) == Array(repeating: "server", count: 3))
            #expect(Set(channels.map { "\($0.a.address ?? "") \($0.b.address ?? "")" }) == ["127.0.0.1:\(own) 127.0.0.1:\(port)"])
            let messages = Dictionary(grouping: try run.messages(), by: \.channel)
            #expect(channels.map { (messages[$0.channel] ?? []).map(\.number) } == [[0, 1000], [1, 1001], [2, 1002]])
        }

        @Test func anInterruptedReceiveCountsOnce() throws {
            let run = try RecordedRun("interrupted")
            let client = try Programs.compile("interrupted", in: run.workshop)
            let (server, port) = try run.recordForkingServer(workers: 1, connections: 2)
            let output = try run.record([client, "\(port)"], as: "client").succeed().output
            try server.succeed()
            let counts = output.matches(of: /(\d+) alarms, (\d+) failed/).map { (Int($0.1) ?? 0, Int($0.2) ?? 0) }
            try #require(counts.count == 2 && counts[0].0 > 0 && counts[0].1 == 0 && counts[1].1 > 0, "nothing was interrupted: \(output)")
            let anomalies = try run.index()
            #expect(anomalies.isEmpty)
            let receives = try run.log().filter { $0.node == "client" && $0.operation == "receive" }
            #expect(receives.map(\.bytes) == [32, 32])
            let messages = try run.messages()
            #expect(messages.map(\.number) == [1, 1001, 2, 1002])
            #expect(messages.allSatisfy { $0.delivered == $0.bytes && $0.to.count == 1 })
        }

        @Test func aClosedPortMakesNoChannelAndHalfAStreamEndsAlone() throws {
            let run = try RecordedRun("half-close")
            let program = try Programs.compile("half-close", in: run.workshop)
            let (closed, port) = (try Ports.free(), try Ports.free())
            let server = try run.record([program, "server", "\(port)"], as: "server")
            try Ports.wait(for: server, toListenOn: port)
            let client = try run.record([program, "client", "\(closed)", "\(port)"], as: "client").succeed()
            try server.succeed()
            #expect(client.output == "21 bytes\n")
            let anomalies = try run.index()
            #expect(anomalies == ["connect-failed: errno 111": 1])
            let channels = try run.channels()
            #expect(channels.map(\.b.address) == ["127.0.0.1:\(port)"] && channels.map(\.a.node) == ["client"])
            #expect(channels.map(\.bytesAToB) == [21] && channels.map(\.bytesBToA) == [9])
            let words = try run.log().filter { $0.channel != nil }.map { "\($0.node) \($0.operation)" }
            let place = { (word: String) in words.firstIndex(of: word) ?? -1 }
            #expect(place("client shutdown") < place("server end") && place("server end") < place("server send"))
            #expect(place("server send") < place("client receive") && place("server close") < place("client end"))
            #expect(words.count { $0 == "server end" } == 1 && words.count { $0 == "client end" } == 1)
        }

        @Test func everyByteOfABigTransferBothWaysIsAccountedFor() throws {
            let count = 3_000_000
            let run = try RecordedRun("both-ways")
            let program = try Programs.compile("both-ways", in: run.workshop)
            let port = try Ports.free()
            let server = try run.record([program, "server", "\(port)", "\(count)"], as: "server")
            try Ports.wait(for: server, toListenOn: port)
            let client = try run.record([program, "client", "\(port)", "\(count)"], as: "client")
            try client.succeed(within: 120)
            try server.succeed()
            let anomalies = try run.index()
            #expect(anomalies.isEmpty)
            let channel = try #require(try run.channels().first)
            #expect(channel.bytesAToB == UInt64(count) && channel.bytesBToA == UInt64(count))
            let messages = try run.messages()
            #expect(messages.allSatisfy { $0.delivered == $0.bytes && $0.payload?.count == Int($0.bytes) })
            // Large pieces were sent, small ones received: a send is spread over many receives.
            #expect(messages.contains { $0.to.count > 10 })
            let clientPort = try #require(channel.a.address?.split(separator: ":").last.flatMap { UInt16($0) })
            let streams = try run.streams()
            let bytes = { (added: Int) in Data((0..<count).map { UInt8(truncatingIfNeeded: $0 * 31 + $0 / 256 + added) }) }
            let forward = streams[StreamKey(from: clientPort, to: port)] == bytes(0)
            let backward = streams[StreamKey(from: port, to: clientPort)] == bytes(7)
            #expect(forward && backward)
        }
    }
}
