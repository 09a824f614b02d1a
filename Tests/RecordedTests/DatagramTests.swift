import Foundation
import TestSupport
import Testing

/// The numbers in those lines of what a program printed that contain `word`.
private func numbers(_ output: String, _ word: String) -> [[UInt32]] {
    output.split(separator: "\n").filter { $0.contains(word) }.map { line in
        line.split { !$0.isNumber }.compactMap { UInt32($0) }
    }
}

/// How long the datagrams of a client's question are; it is given by the client's and its own number.
private func length(of question: [UInt32]) -> UInt64 {
    12 + UInt64(question[0] * 11 + question[1] * 7) % 50 * 2 + UInt64(question[0] % 2)
}

/// The first questions of a client.
private func questions(_ count: Int, of client: Int) -> [[UInt32]] { (0..<UInt32(count)).map { [UInt32(client), $0] } }

extension ListedMessage {
    /// The words of a datagram: client, number, and the server that answered or 0.
    fileprivate var words: [UInt32] { Array((payload ?? Data()).words.prefix(3)) }
}

/// What the programs of a run of datagrams say, and what Ridealong says of them.
private struct Datagrams {
    let run: RecordedRun
    /// The messages in the order in which they were sent; those without a known send in that of their receives.
    let messages: [ListedMessage]
    let talk: Talk
    let anomalies: [String: Int]

    init(_ run: RecordedRun) throws {
        self.run = run
        anomalies = try run.index()
        messages = try run.messages().sorted { ($0.from?.rank ?? $0.to.first?.rank ?? 0) < ($1.from?.rank ?? $1.to.first?.rank ?? 0) }
        talk = try Talk(run)
    }

    /// What `node` sent.
    func sent(by node: String) -> [ListedMessage] { messages.filter { $0.sender == node } }

    /// What `node` received, in the order in which it received it.
    func received(by node: String) -> [(rank: Int, process: Int32, message: ListedMessage)] {
        messages.flatMap { message in
            message.to.filter { nodeName($0.position) == node }.map { ($0.rank, talk.process(of: $0.position), message) }
        }.sorted { $0.0 < $1.0 }
    }

    /// The `sent` messages of one process must be about these questions, in this order; what of them certainly arrived must say so, too.
    /// Returns how many arrived somewhere.
    func expect(_ sent: [ListedMessage], toBe questions: [[UInt32]], sourceLocation: SourceLocation = #_sourceLocation) -> Int {
        #expect(sent.map(\.bytes) == questions.map(length), sourceLocation: sourceLocation)
        let wrong = zip(sent, questions).filter { $0.payload != nil && $0.isCertain && Array($0.words.prefix(2)) != $1 }
        #expect(wrong.isEmpty, "another datagram than was sent", sourceLocation: sourceLocation)
        return sent.reduce(0) { $0 + $1.to.count }
    }
}

extension RecordedTests {
    /// UDP: numbered datagrams, of which the programs say which they sent and which they took.
    @Suite(.inBothModes) struct DatagramTests {
        @Test func processesThatShareASocketAndServersThatShareAPort() throws {
            let count = 40
            let run = try RecordedRun("udp-shared", chance: .everything)
            let program = try Programs.compile("datagram-server", in: run.workshop)
            let client = try Programs.compile("datagram-client", in: run.workshop)
            let shared = try run.record([program, "0", "10", "2"], as: "shared")
            let port = try run.port(printedBy: shared)
            let reused = try Ports.free()
            let servers = try [20, 30].map { [run] in try run.record([program, "\(reused)", "\($0)"], as: "server\($0)") }
            for server in servers { _ = try run.port(printedBy: server) }
            let capture = try LoopbackCapture(of: [port, reused], over: .udp, for: run)
            var said: [Int: String] = [:]
            let pair = try [1, 2].map { [run] in try run.record([client, "\(port)", "\($0)", "\(count)"], as: "client\($0)") }
            for (number, client) in pair.enumerated() { said[number + 1] = try client.succeed().output }
            // Which of the two gets a socket's datagrams is the kernel's choice: both, sooner or later.
            while try servers.contains(where: { try !$0.output().contains("question") }) {
                let number = said.count + 1
                let one = try run.record([client, "\(reused)", "\(number)", "\(count)", "8"], as: "client\(number)")
                said[number] = try one.succeed().output
            }
            let all = ["shared": shared, "server20": servers[0], "server30": servers[1]]
            try wait(for: "the last question") {
                try all.values.reduce(0) { try $0 + numbers($1.output(), "question").count } == count * said.count
            }
            let served = try all.mapValues { try numbers($0.output(), "question") }
            try run.stop(shared, servers[0], servers[1])
            let wire = try capture.finishDatagrams()
            let datagrams = try Datagrams(run)
            #expect(datagrams.anomalies.isEmpty)
            #expect(wire.count == datagrams.messages.count && wire.count == 2 * count * said.count)
            var (arrived, answered) = (0, 0)
            for (number, text) in said {
                answered += numbers(text, "answer").count
                arrived += datagrams.expect(datagrams.sent(by: "client\(number)"), toBe: questions(count, of: number))
                #expect(datagrams.received(by: "client\(number)").map { Array($0.message.words.suffix(2)) } == numbers(text, "answer"))
            }
            #expect(arrived == count * said.count)
            for (node, questions) in served {
                // What each server says is in its own order; a node's output is not, as two write to it.
                let lists = Dictionary(grouping: questions, by: { $0[0] }).mapValues { $0.map { Array($0.dropFirst()) } }
                let taken = Dictionary(grouping: datagrams.received(by: node), by: \.process)
                #expect(Set(taken.values.map { $0.map { Array($0.message.words.prefix(2)) } }) == Set(lists.values))
                // A process answers what it has just taken.
                let sent = Dictionary(grouping: datagrams.sent(by: node), by: { datagrams.talk.process(of: $0.from?.position) })
                for (process, answers) in sent {
                    answered -= datagrams.expect(answers, toBe: (taken[process] ?? []).map { Array($0.message.words.prefix(2)) })
                }
            }
            #expect(answered == 0, "as many answers arrived as were sent and are known to have arrived")
        }

        @Test(.disabled(if: PacketLoss.obstacle != nil, Comment(rawValue: PacketLoss.obstacle ?? "")))
        func datagramsThatTheKernelDropsArriveNowhere() throws {
            let count = 120
            let run = try RecordedRun("udp-loss", chance: .everything)
            let server = try run.record([try Programs.compile("datagram-server", in: run.workshop), "0", "1"], as: "server")
            let port = try run.port(printedBy: server)
            let capture = try LoopbackCapture(of: [port], over: .udp, for: run)
            let loss = try PacketLoss(percent: 5, to: port)
            let client = [try Programs.compile("datagram-client", in: run.workshop), "\(port)"]
            var clients: [Int: String] = [:]
            // One of so many is dropped, sooner or later.
            while try clients.isEmpty || loss.dropped() == 0 {
                let number = clients.count + 1
                clients[number] = try run.record(client + ["\(number)", "\(count)"], as: "client\(number)").succeed().output
            }
            // What was not dropped is served, even if its client has given it up.
            let dropped = try loss.dropped()
            try wait(for: "the last question") {
                try numbers(server.output(), "question").count + dropped == clients.count * count
            }
            let served = numbers(try server.output(), "question").map { Array($0.dropFirst()) }
            try run.stop(server)
            let wire = try capture.finishDatagrams()
            #expect(wire.count == clients.count * count + served.count)
            let datagrams = try Datagrams(run)
            var (arrived, answered) = (0, 0)
            for (number, output) in clients {
                let answers = numbers(output, "answer")
                answered += answers.count
                arrived += datagrams.expect(datagrams.sent(by: "client\(number)"), toBe: questions(count, of: number))
                #expect(datagrams.received(by: "client\(number)").map { $0.message.words[1] } == answers.map { $0[0] })
            }
            #expect(datagrams.received(by: "server").map { Array($0.message.words.prefix(2)) } == served)
            #expect(datagrams.expect(datagrams.sent(by: "server"), toBe: served) == answered)
            #expect(arrived == served.count)
        }

        @Test func aRelayThatReordersAndDuplicatesIsSeenThrough() throws {
            let (count, seed) = (120, UInt32.random(in: 1..<1_000_000))
            let run = try RecordedRun("udp-relay", chance: .everything)
            let server = try run.record([try Programs.compile("datagram-server", in: run.workshop), "0", "1"], as: "server")
            let relay = try run.record(
                [try Programs.compile("datagram-relay", in: run.workshop), "\(try run.port(printedBy: server))", "\(seed)"], as: "relay")
            let port = try run.port(printedBy: relay)
            let client = [try Programs.compile("datagram-client", in: run.workshop), "\(port)", "7", "\(count)"]
            let said = try run.record(client, as: "client").succeed().output
            try wait(for: "the relay to pass on what it holds back") {
                let passed = try relay.output()
                let taken = try numbers(server.output(), "question").map { $0[2] }
                let back = numbers(passed, "client").map { $0[0] }
                return Set(taken).count == count && numbers(passed, "server").count == taken.count
                    && taken.allSatisfy { number in back.count { $0 == number } >= taken.count { $0 == number } }
            }
            // It may be about to pass the last one for the second time.
            usleep(100_000)
            let passed = numbers(try relay.output(), "to ").map { $0[0] }
            let served = numbers(try server.output(), "question").map { $0[2] }
            try run.stop(server, relay)
            try #require(Set(served).count < served.count && served != served.sorted(), "nothing was mixed up with seed \(seed)")
            let datagrams = try Datagrams(run)
            #expect(datagrams.expect(datagrams.sent(by: "client"), toBe: questions(count, of: 7)) == count, "seed \(seed)")
            #expect(datagrams.expect(datagrams.sent(by: "server"), toBe: served.map { [7, $0] }) == served.count, "seed \(seed)")
            let answers = numbers(said, "answer").map { $0[0] }
            let arrived = datagrams.expect(datagrams.sent(by: "relay"), toBe: passed.map { [7, $0] })
            #expect(arrived == served.count + answers.count, "seed \(seed)")
            #expect(datagrams.received(by: "server").map { $0.message.words[1] } == served, "seed \(seed)")
            #expect(datagrams.received(by: "client").map { $0.message.words[1] } == answers, "seed \(seed)")
            #expect(datagrams.received(by: "client").allSatisfy { $0.message.sender == "relay" })
            #expect(datagrams.received(by: "server").allSatisfy { $0.message.sender == "relay" })

            // Without the relay, nobody knows how the two talk to each other, and nobody says so.
            let ends = try RecordedRun("udp-without-relay", with: ["client", "server"], of: run, chance: .everything)
            try ends.index()
            for message in try ends.messages() { #expect(message.from == nil || message.to.isEmpty) }
        }
    }
}
