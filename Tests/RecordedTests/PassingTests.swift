import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Endpoints that go from one process to another: across exec, and with messages.
    @Suite struct PassingTests {
        @Test func aSocketPairIsFollowedAcrossExec() throws {
            let count = 20
            let run = try RecordedRun("pair-exec")
            try run.record([try Programs.compile("pair-exec", in: run.workshop), "\(count)"], as: "pair").succeed()
            #expect(try run.index().isEmpty)
            let processes = try #require(try run.nodes().first?.processes)
            let other = try #require(processes.first { $0.forked != nil })
            #expect(processes.count == 2 && other.firstExec != nil && other.command.last == "7")
            let channels = try run.channels()
            #expect(channels.map(\.kind) == ["unix"] && channels.map(\.evidence) == ["creation"])
            #expect(channels.first?.bytesAToB == channels.first?.bytesBToA)
            let messages = try run.messages()
            #expect(messages.map { $0.payload?.word } == (1...UInt32(count)).flatMap { [$0, $0 + 1000] })
            let processOf = Dictionary(try run.log().map { ($0.position, $0.process) }, uniquingKeysWith: { $1 })
            for message in messages {
                let isQuestion = (message.payload?.word ?? 0) < 1000
                #expect((processOf[message.from?.position ?? ""] == other.id) == !isQuestion)
                #expect((processOf[message.to.first?.position ?? ""] == other.id) == isQuestion)
                #expect(message.delivered == 4)
            }
            // The parent closes its own end. The other end has four descriptors in its time, and the last one counts.
            let endings = try run.log().filter { ["close", "end"].contains($0.operation) }
            #expect(endings.map(\.operation) == ["close", "end", "close"])
            #expect(endings.map { $0.process == other.id } == [false, true, true])
        }

        @Test func listenersThatShareAPortAreToldApart() throws {
            let questions = 8
            let run = try RecordedRun("reuse-port")
            let program = try Programs.compile("reuse-server", in: run.workshop)
            let client = try Programs.compile("message-client", in: run.workshop)
            let port = try Ports.free()
            let servers = try ["east", "west"].map { [run] in try run.record([program, "\(port)", "2"], as: $0) }
            for server in servers {
                try wait(for: "two listeners") { try server.output().split(separator: "\n").count { $0 == "listening" } == 2 }
            }
            // Who gets a connection is the kernel's choice: both nodes, sooner or later.
            var clients: [String] = []
            while try clients.isEmpty || servers.contains(where: { try $0.questions().isEmpty }) {
                clients.append("client\(clients.count + 1)")
                try run.record([client, "\(port)", "\(questions)"], as: clients[clients.count - 1]).succeed()
            }
            let truth = try servers.map { try $0.questions() }
            try run.stop(servers[0], servers[1])
            #expect(try run.index().isEmpty)
            let channels = try run.channels()
            #expect(channels.count == clients.count * questions)
            #expect(channels.allSatisfy { $0.evidence == "address" && clients.contains($0.a.node ?? "") })
            let messages = Dictionary(grouping: try run.messages(), by: \.channel)
            for (name, served) in zip(["east", "west"], truth) {
                let own = channels.filter { $0.b.node == name }
                let found = own.map { Served(process: $0.b.processes?.first ?? 0, question: messages[$0.channel]?.first?.number ?? -1) }
                #expect(found.sorted() == served.sorted())
                #expect(own.allSatisfy { messages[$0.channel]?.map(\.receivers) == [[name], [$0.a.node ?? ""]] })
            }
        }
    }
}

/// Which process took a question, as the programs say it.
private struct Served: Comparable {
    let process: Int32
    let question: Int

    static func < (a: Served, b: Served) -> Bool { (a.process, a.question) < (b.process, b.question) }
}

extension Command {
    /// The questions that a server has printed so far, with the process that took each.
    fileprivate func questions() throws -> [Served] {
        try output().matches(of: /(?:process|worker) (\d+) question (\d+)\n/).compactMap { match in
            guard let process = Int32(match.1), let question = Int(match.2) else { return nil }
            return Served(process: process, question: question)
        }
    }
}
