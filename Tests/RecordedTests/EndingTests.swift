import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Programs that end each other: by a signal, by a reset, and by waiting for each other for ever.
    @Suite(.inBothModes) struct EndingTests {
        @Test func aConnectionThatIsResetSaysSoToWhoeverStillUsesIt() throws {
            let run = try RecordedRun("reset")
            let program = try Programs.compile("reset", in: run.workshop)
            let port = try Ports.free()
            let server = try run.record([program, "server", "\(port)"], as: "server")
            try Ports.wait(for: server, toListenOn: port)
            try run.record([program, "client", "\(port)"], as: "client").succeed()
            try server.succeed()
            #expect(try run.index().isEmpty)
            let channel = try #require(try run.channels().first)
            #expect(channel.bytesAToB == 100 && channel.bytesBToA == 50 && channel.evidence == "address")
            let messages = try run.messages()
            #expect(messages.map(\.bytes) == [100, 50] && messages.map(\.delivered) == [100, 10])
            let log = try run.log().filter { $0.channel == channel.channel }
            let ofServer = log.filter { $0.node == "server" }
            #expect(ofServer.map(\.operation) == ["accept", "receive", "send", "error", "error", "close"])
            // ECONNRESET, and then EPIPE.
            #expect(ofServer.compactMap(\.error) == [104, 32])
            let reset = try #require(log.first { $0.node == "client" && $0.operation == "close" })
            let noticed = try #require(ofServer.first { $0.operation == "error" })
            #expect(reset.rank < noticed.rank)
        }

        @Test func whatAKilledProcessSentIsKnownAndItsEndIsSeenElsewhere() throws {
            let count = 20
            let run = try RecordedRun("killed-child")
            let program = try Programs.compile("killed-child", in: run.workshop)
            let port = try Ports.free()
            let listener = try run.record([program, "\(port)"], as: "listener")
            try Ports.wait(for: listener, toListenOn: port)
            #expect(try run.record([program, "\(port)", "\(count)"], as: "family").succeed().output == "\(count)\n")
            #expect(try listener.succeed().output == "\(count)\n")
            try run.index()
            let channel = try #require(try run.channels().first { $0.kind == "tcp" })
            let messages = try run.messages().filter { $0.channel == channel.channel }
            #expect(messages.map { $0.payload?.word } == (1...count).map { UInt32($0) })
            #expect(messages.allSatisfy { $0.sender == "family" && $0.receivers == ["listener"] && $0.delivered == 4 })
            let child = try #require(try run.nodes().first { $0.node == "family" }?.processes?.first { $0.forked != nil })
            #expect(child.status == SIGKILL && channel.a.processes == [child.id])
            let log = try run.log().filter { $0.channel == channel.channel }
            let death = try #require(log.first { $0.node == "family" && $0.operation == "close" })
            let end = try #require(log.first { $0.node == "listener" && $0.operation == "end" })
            #expect(death.process == child.id)
            // What the parent did right before it killed the child comes before what the death caused, in both orders.
            let last = try #require(try run.log().first { $0.node == "family" && $0.operation == "send" && $0.bytes == 1 })
            for options in [[], ["--recorded"]] {
                for cause in [death, last] {
                    let relations: [ListedRelation] = try run.list("happens-before", [cause.position, end.position] + options)
                    #expect(relations.map(\.relation) == ["before"], "\(cause.position) \(end.position) \(options)")
                }
            }
        }
    }
}

extension Data {
    /// Its first four bytes as a little-endian number.
    var word: UInt32? { count < 4 ? nil : prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) } }

    /// Its bytes as little-endian numbers of four bytes each.
    var words: [UInt32] { stride(from: startIndex, to: endIndex - 3, by: 4).compactMap { self[$0...].word } }
}
