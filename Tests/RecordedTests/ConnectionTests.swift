import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Connections that do not go the plain way.
    @Suite(.inBothModes) struct ConnectionTests {
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
            let run = try RecordedRun("half-close", chance: .pieces)
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
            let run = try RecordedRun("both-ways", chance: .pieces)
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
            let forward = streams[StreamKey(from: clientPort, to: port)] == Self.bytes(count: count, added: 0)
            let backward = streams[StreamKey(from: port, to: clientPort)] == Self.bytes(count: count, added: 7)
            #expect(forward && backward)
        }

        @Test func connectionsMadeInTheBackgroundAreJoinedByOrderOrLeftOpen() throws {
            let run = try RecordedRun("background", chance: .everything)
            let client = [try Programs.installed("python3"), Programs.source("background-client.py")]
            let (server, port) = try run.recordForkingServer(workers: 2, connections: 4)
            try run.record(client + ["\(port)", "1", "2"], as: "alone").succeed()
            let together = try [("one", 101), ("other", 201)].map { [run] name, first in
                try run.record(client + ["\(port)", "\(first)", "3"], as: name)
            }
            for client in together { try client.succeed() }
            try server.succeed()
            let anomalies = try run.index()
            let channels = try run.channels()
            let ofOne = channels.filter { $0.a.node == "alone" }
            #expect(ofOne.map(\.b.node) == ["server", "server"] && ofOne.allSatisfy { $0.evidence == "order" })
            // Of two that do the same at the same time it may be open which is which: then neither is joined, and both are counted.
            let open = channels.filter { $0.a.node != nil && $0.b.node == nil }
            #expect(channels.count { $0.a.node != nil } == 8 && channels.count == 8 + open.count)
            #expect((anomalies["address-unknown"] ?? 0) == open.count && open.allSatisfy { $0.evidence == "alone" })
            for messages in Dictionary(grouping: try run.messages(), by: \.channel).values {
                let known = messages.filter { $0.payload != nil }.map(\.number)
                #expect(Set(known.map { $0 % 1000 }).count == 1 && known.count <= 2)
                for message in messages where message.from != nil && !message.to.isEmpty {
                    let nodes = [message.sender, message.receivers.first]
                    let client = message.number % 1000 > 200 ? "other" : message.number % 1000 > 100 ? "one" : "alone"
                    #expect(nodes == (message.number > 1000 ? ["server", client] : [client, "server"]))
                }
            }
        }

        @Test func whatAClientThatWasKilledLeftBehindIsAccountedFor() throws {
            let run = try RecordedRun("killed-client", chance: .everything)
            let program = try Programs.compile("both-ways", in: run.workshop)
            let port = try Ports.free()
            let server = try run.record([program, "server", "\(port)", "1000000000"], as: "server")
            try Ports.wait(for: server, toListenOn: port)
            let client = try run.record([program, "client", "\(port)", "1000000000"], as: "client")
            // It has a second thread as soon as it is connected; then come some hundred calls, or some thousands.
            try wait(for: "the client's second thread") { try threads(of: client) == 2 }
            usleep(200_000)
            // The program, not its recorder: rr ends the trace well.
            let rr = try #require(try client.children().first)
            kill(try #require(try childProcesses(of: rr).first), SIGKILL)
            #expect(try client.finish().status == -SIGKILL)
            #expect(try server.finish().status == 1)
            try run.index()
            #expect(try run.nodes().allSatisfy { $0.complete })
            let channel = try #require(try run.channels().first)
            let messages = try run.messages()
            let sent = { (node: String) in messages.filter { $0.sender == node }.reduce(0) { $0 + $1.bytes } }
            let fromClient = messages.filter { $0.receivers.first == "server" }.reduce(0) { $0 + $1.delivered }
            #expect(channel.bytesBToA == sent("server") && channel.bytesAToB == max(sent("client"), fromClient))
            #expect(messages.contains { $0.sender == "server" && $0.delivered < $0.bytes }, "something was on its way")
            let received = messages.filter { $0.receivers.first == "server" }.reduce(into: Data()) {
                // With the buffer, what was on its way is known, too.
                $0 += ($1.payload ?? Data()).prefix(Int($1.delivered))
            }
            let isRight = received == Self.bytes(count: Int(fromClient), added: 0)
            #expect(isRight && fromClient > 0)
        }

        /// How many threads the program has that `recording` records.
        private func threads(of recording: Command) throws -> Int {
            guard let rr = try recording.children().first, let program = try childProcesses(of: rr).first else { return 0 }
            return try FileManager.default.contentsOfDirectory(atPath: "/proc/\(program)/task").count
        }

        /// The beginning of what both-ways sends.
        private static func bytes(count: Int, added: Int) -> Data {
            let period = Data((0..<65_536).map { UInt8(truncatingIfNeeded: $0 * 31 + $0 / 256 + added) })
            var bytes = Data(capacity: count + period.count)
            while bytes.count < count { bytes += period }
            return bytes.prefix(count)
        }
    }
}
