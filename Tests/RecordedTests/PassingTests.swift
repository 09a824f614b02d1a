import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Endpoints that go from one process to another: across exec, and with messages.
    @Suite(.inBothModes) struct PassingTests {
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

        /// A server that hands its connections to workers, and a client; returns the run, and what the workers say.
        private func handOver(toWorkers workers: Int, _ count: Int) throws -> (RecordedRun, [Served]) {
            let run = try RecordedRun("passing-\(workers)")
            let server = try run.record([try Programs.compile("passing-server", in: run.workshop), "\(workers)", "\(count)"], as: "server")
            let client = try Programs.compile("message-client", in: run.workshop)
            try run.record([client, "\(try run.port(printedBy: server))", "\(count)"], as: "client").succeed()
            let served = Self.questions(in: try server.succeed().output)
            try #require(served.count == count && Set(served.map(\.process)).count == workers)
            return (run, served)
        }

        @Test func aConnectionThatIsHandedOverGoesOnInTheOtherProcess() throws {
            let (run, served) = try handOver(toWorkers: 1, 6)
            #expect(try run.index().isEmpty)
            let channels = try run.channels().filter { $0.kind == "tcp" }
            #expect(channels.count == 6 && channels.allSatisfy { $0.a.node == "client" && $0.b.node == "server" })
            let (messages, talk, log) = (try run.messages(), try Talk(run), try run.log())
            for channel in channels {
                #expect(channel.evidence == "address" && channel.bytesAToB == 32 && channel.bytesBToA == 32)
                let said = messages.filter { $0.channel == channel.channel }
                #expect(said.count == 2 && said.allSatisfy { $0.delivered == 32 })
                let question = try #require(said.first { $0.sender == "client" })
                let worker = served.first { $0.question == question.number }?.process
                #expect(talk.process(of: question.to.first?.position) == worker)
                #expect(talk.process(of: said.first { $0.sender == "server" }?.from?.position) == worker)
                // The parent accepted it before.
                let accepted = try #require(log.first { $0.channel == channel.channel && $0.operation == "accept" })
                let pair = [accepted.position, try #require(question.to.first).position]
                let relations: [ListedRelation] = try run.list("happens-before", pair)
                #expect(accepted.process != worker && relations.map(\.relation) == ["before"])
            }
        }

        /// The first worker lacks the way to the second, too; but what a server hands on is the connection that it has not used.
        @Test func theConnectionThatNobodyUsedIsWhatIsHandedOver() throws {
            let (run, served) = try handOver(toWorkers: 2, 6)
            #expect(try run.index().isEmpty)
            let (messages, talk) = (try run.messages(), try Talk(run))
            let questions = messages.filter { $0.bytes == 32 && $0.receivers == ["server"] }
            #expect(questions.count == 6 && questions.allSatisfy { $0.sender == "client" })
            for question in questions {
                #expect(served.contains(Served(process: talk.process(of: question.to[0].position), question: question.number)))
            }
            let channels = try run.channels().filter { $0.kind == "tcp" }
            #expect(channels.count == 6 && channels.allSatisfy { $0.a.node == "client" && $0.b.node == "server" })
        }

        /// A front that accepts, and a worker that is a node of its own; the front takes some of what is asked before it hands over.
        @Test(arguments: [0, 8]) func aConnectionThatIsHandedToAnotherNodeGoesOnThere(_ taken: Int) throws {
            let count = 5
            let run = try RecordedRun("passing-nodes-\(taken)")
            let program = try Programs.compile("passing-front", in: run.workshop)
            let path = "/tmp/ridealong-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock"
            defer { unlink(path) }
            let worker = try run.record([program, "worker", path, "\(count)", "\(taken)"], as: "worker")
            _ = try run.port(printedBy: worker)
            let front = try run.record([program, "front", path, "\(count)", "\(taken)"], as: "front")
            let client = try Programs.compile("message-client", in: run.workshop)
            try run.record([client, "\(try run.port(printedBy: front))", "\(count)"], as: "client").succeed()
            let served = Self.questions(in: try worker.succeed().output)
            try front.succeed()
            #expect(served.map(\.question) == Array(0..<count))
            #expect(try run.index(options: ["--capture", "all"]).isEmpty)
            let channels = try run.channels().filter { $0.kind == "tcp" }
            #expect(channels.count == count && channels.allSatisfy { $0.a.node == "client" && $0.b.node == "front" })
            let messages = try run.messages()
            for (number, channel) in channels.enumerated() {
                #expect(channel.evidence == "address" && channel.bytesAToB == 32 && channel.bytesBToA == 32)
                let said = messages.filter { $0.channel == channel.channel }
                #expect(said.map(\.number) == [number, number + 1000] && said.allSatisfy { $0.delivered == 32 && $0.isCertain })
                #expect(said.first?.receivers == (taken > 0 ? ["front", "worker"] : ["worker"]))
                #expect(said.last?.sender == "worker" && said.last?.receivers == ["client"])
            }
        }

        @Test func listenersThatShareAPortAreToldApart() throws {
            let questions = 8
            let run = try RecordedRun("reuse-port", chance: .everything)
            let program = try Programs.compile("reuse-server", in: run.workshop)
            let client = try Programs.compile("message-client", in: run.workshop)
            let port = try Ports.free()
            let servers = try ["east", "west"].map { [run] in try run.record([program, "\(port)", "2"], as: $0) }
            for server in servers {
                try wait(for: "two listeners") { try server.output().split(separator: "\n").count { $0 == "listening" } == 2 }
            }
            // Who gets a connection is the kernel's choice: both nodes, sooner or later.
            var clients: [String] = []
            while try clients.isEmpty || servers.contains(where: { try Self.questions(in: $0.output()).isEmpty }) {
                clients.append("client\(clients.count + 1)")
                try run.record([client, "\(port)", "\(questions)"], as: clients[clients.count - 1]).succeed()
            }
            let truth = try servers.map { Self.questions(in: try $0.output()) }
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

        /// The questions that a server printed, with the process that took each.
        private static func questions(in output: String) -> [Served] {
            output.matches(of: /(?:process|worker) (\d+) question (\d+)\n/).compactMap { match in
                guard let process = Int32(match.1), let question = Int(match.2) else { return nil }
                return Served(process: process, question: question)
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
