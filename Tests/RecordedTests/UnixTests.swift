import Foundation
import TestSupport
import Testing

/// A server on a Unix socket and nine clients at once. A trace does not tell the addresses of Unix sockets; the truth is in the
/// bytes: every client says its number.
private struct UnixRun {
    static let clients = (1...9).map { "client\($0)" }
    /// How often client 0 would ask; every other asks once more than the one before it, so that lengths tell apart who came at once.
    static let rounds = 10
    static let questions = clients.indices.reduce(0) { $0 + rounds + $1 + 1 }
    private static let result = MadeOnce { try UnixRun() }
    static func recorded() throws -> UnixRun { try result.get() }

    let run: RecordedRun
    /// The clients in the order in which the server accepted them, as it says itself.
    let accepted: [String]
    let anomalies: [String: Int]

    private init() throws {
        run = try RecordedRun("unix")
        accepted = try run.recordUnixClients(Self.clients, rounds: Self.rounds, each: 1)
        anomalies = try run.index()
    }
}

extension RecordedRun {
    /// Records a server on a Unix socket and `clients` at once; returns their names in the order in which the server accepted them.
    /// Client n asks `rounds` times, and n times `each` more.
    func recordUnixClients(_ clients: [String], rounds: Int, each: Int = 0, options: [String] = []) throws -> [String] {
        let program = try Programs.compile("unix-echo", in: workshop)
        // The length of such a path is limited, that of a build directory is not.
        let path = "/tmp/ridealong-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock"
        defer { unlink(path) }
        let server = try record([program, "server", path, "\(clients.count)"], as: "server", options: options)
        try wait(for: "the server's socket") { FileManager.default.fileExists(atPath: path) && server.isRunning }
        let started = try clients.enumerated().map { number, name in
            try record([program, "client", path, "\(number + 1)", "\(rounds + (number + 1) * each)"], as: name, options: options)
        }
        for client in started { try client.succeed() }
        return try server.succeed().output.split(separator: "\n").map { String($0) }
    }

    /// The nodes that connected to `server`, in the order in which it accepted them; `nil` where that is not known.
    func accepted(by server: String) throws -> [String?] {
        let channels = Dictionary(uniqueKeysWithValues: try channels().map { ($0.channel, $0) })
        return try log().filter { $0.node == server && $0.operation == "accept" }.map { $0.channel.flatMap { channels[$0]?.a.node } }
    }
}

extension RecordedTests {
    @Suite(.inBothModes) struct UnixTests {
        @Test func nineClientsMakeNineChannels() throws {
            let unix = try UnixRun.recorded()
            let channels = try unix.run.channels()
            #expect(channels.compactMap(\.a.node).sorted() == UnixRun.clients)
            #expect(channels.count == 9, "\(unix.anomalies)")
            for channel in channels {
                #expect(channel.b.node == "server" && channel.kind == "unix" && channel.evidence == "order")
                let number = (channel.a.node.flatMap { UnixRun.clients.firstIndex(of: $0) } ?? 0) + 1
                #expect(channel.bytesAToB == 8 * UInt64(UnixRun.rounds + number) && channel.bytesBToA == channel.bytesAToB)
            }
            #expect(unix.anomalies.isEmpty)
            #expect(try unix.run.accepted(by: "server") == unix.accepted)
        }

        @Test func everyClientIsTalkedToOnItsOwnChannel() throws {
            let unix = try UnixRun.recorded()
            let messages = try unix.run.messages()
            #expect(messages.count == 2 * UnixRun.questions)
            for message in messages {
                let words = try #require(message.payload).words
                let client = message.sender == "server" ? message.receivers.first : message.sender
                #expect(client == "client\(words[0])" && message.delivered == 8)
                #expect((message.sender == "server") == (words[1] > 1000))
            }
        }

        @Test func everyAnswerComesAfterItsQuestionAndBeforeTheNext() throws {
            let channels = Dictionary(grouping: try UnixRun.recorded().run.messages(), by: \.channel).values
            for messages in channels {
                let counts = try messages.map { try #require($0.payload).words[1] }
                let client = try #require(messages.first?.payload).words[0]
                #expect(counts == (1...UInt32(UnixRun.rounds) + client).flatMap { [$0, $0 + 1000] })
            }
        }
    }
}
