import Foundation
import Indexer
import RunModel
import TestSupport
import Testing

@testable import Replay

@Suite struct DebugSessionTests {
    @Test(arguments: Scenario.Mode.allCases)
    func aReceiveShowsTheRequestInTheWorkerThatTookIt(mode: Scenario.Mode) throws {
        let scenario = try Scenario.recorded(mode)
        let receives = try scenario.calls("recvfrom", returns: true, in: "server")
        let seen = try receives.map { event in
            try scenario.message("*request", at: event, of: "server").expect(function: "receive_request", text: "question")
        }
        switch mode {
        case .traced:
            #expect(seen.sorted() == Scenario.questions)
            #expect(Set(receives.map(\.task)).count == 2, "each worker takes three of the six connections")
        case .buffered:
            // A receive that finds its bytes waiting leaves no event of its own; those of the clients that come alone do not.
            #expect(Set(seen).isSubset(of: Scenario.questions) && Set(seen).isSuperset(of: [0, 1]))
        }
    }

    @Test func aSendShowsTheReplyInTheWorkerThatIsAboutToSendIt() throws {
        let scenario = try Scenario.recorded()
        for event in try scenario.calls("sendto", returns: false, in: "server") {
            let reply = try scenario.message("reply", at: event, of: "server")
            #expect(Scenario.questions.contains(try reply.expect(function: "send_reply", text: "reply to")))
        }
    }

    @Test func aBufferedSendShowsWhatIsAboutToBeSentOnBothSides() throws {
        let scenario = try Scenario.recorded(.buffered)
        let replies = try scenario.buffered(44, in: "server")
        let replied = try replies.map { call in
            try scenario.message("reply", at: call, of: "server").expect(function: "send_reply", text: "reply to")
        }
        #expect(replied.sorted() == Scenario.questions)
        for (node, questions) in [("client", [0, 1]), ("shell", [0]), ("threads", [100, 200, 300])] {
            let asked = try scenario.buffered(44, in: node).map { call in
                try scenario.message("*request", at: call, of: node).expect(function: "send_request", text: "question")
            }
            #expect(asked.sorted() == questions)
        }
    }

    @Test func aBufferedReceiveShowsWhatWasReceived() throws {
        let scenario = try Scenario.recorded(.buffered)
        let (waited, found) = (try scenario.calls("recvfrom", returns: true, in: "server"), try scenario.buffered(45, in: "server"))
        let seen = try (waited + found).map { event in
            try scenario.message("*request", at: event, of: "server").expect(function: "receive_request", text: "question")
        }
        #expect(seen.sorted() == Scenario.questions)
    }

    @Test(arguments: ["client", "shell"])
    func aClientShowsWhatItSendsAndReceives(node: String) throws {
        let scenario = try Scenario.recorded()
        let sends = try scenario.calls("sendto", returns: false, in: node)
        let sent = try sends.map { event in
            try scenario.message("*request", at: event, of: node).expect(function: "send_request", text: "question")
        }
        let receives = try scenario.calls("recvfrom", returns: true, in: node)
        let received = try receives.map { event in
            try scenario.message("reply", at: event, of: node).expect(function: "receive_reply", text: "reply to")
        }
        #expect(sent == (node == "client" ? [0, 1] : [0]) && received == sent)
    }

    @Test(arguments: Scenario.Mode.allCases)
    func theThreadThatMadeTheCallIsSelected(mode: Scenario.Mode) throws {
        let scenario = try Scenario.recorded(mode)
        let receives = try scenario.calls("recvfrom", returns: true, in: "threads")
        let received = try receives.map { event in
            try scenario.message("reply", at: event, of: "threads").expect(function: "receive_reply", text: "reply to")
        }
        // `expect` compares the thread; the first one asked question 100, the second 200.
        let threads = Set(receives.map(\.task)).sorted()
        #expect(received == receives.map { 100 * ((threads.firstIndex(of: $0.task) ?? 0) + 1) } && threads.count == 3)
    }

    @Test func codeBetweenAReturnAndAFlushOfTheSyscallBufferHasNotRun() throws {
        let scenario = try Scenario.recorded(.buffered)
        // Between its last sleep and the next event, the client sends its request: a call that only the syscall buffer knows.
        let event = try #require(try scenario.calls("clock_nanosleep", returns: true, in: "client").last)
        let target = try ReplayTarget(Moment(event: event.number), in: scenario.directory(of: "client"))
        #expect(target?.stop == .beforeReturn)
        #expect(try scenario.message("request", at: event, of: "client").expect(function: "ask", text: "question") == 1)
    }

    @Test func nothingButTheCommandsReachesStandardOutput() throws {
        let scenario = try Scenario.recorded()
        let event = try #require(try scenario.calls("recvfrom", returns: true, in: "server").first)
        let finished = try scenario.session(at: event, of: "server", commands: "echo here\\n").finish()
        #expect(finished.output == "here\n" && finished.status == 0)
    }

    @Test func theExitCodeIsThatOfTheCommands() throws {
        let scenario = try Scenario.recorded()
        let event = try #require(try scenario.calls("recvfrom", returns: true, in: "client").first)
        let chosen = try scenario.session(at: event, of: "client", commands: "quit 7\n").finish()
        #expect(chosen.status == 7)
        let failed = try scenario.session(at: event, of: "client", commands: "print no_such_variable\necho more\\n").finish()
        #expect(failed.status == 1 && failed.output.isEmpty && failed.errors.contains("no_such_variable"))
    }

    @Test func aProcessThatOnlyDiesAfterTheEventIsShownWhereItEnds() throws {
        let scenario = try Scenario.recorded()
        let event = try #require(try scenario.calls("exit_group", returns: false, in: "server").first)
        let finished = try scenario.session(at: event, of: "server", commands: "python print(gdb.selected_frame().name())")
            .finish()
        #expect(finished.output == "main\n" && finished.status == 0)
    }

    @Test func anInteractiveSessionBeginsWithTheHeadlineAndTheUsersFrame() throws {
        let scenario = try Scenario.recorded()
        let event = try #require(try scenario.calls("recvfrom", returns: true, in: "server").first)
        let finished = try scenario.session(at: event, of: "server", commands: nil, input: "print request->text\n").finish()
        let headline = try #require(finished.output.range(of: Scenario.headline))
        let after = finished.output[headline.upperBound...]
        #expect(after.contains(/#1 .* in receive_request \(/) && after.contains(/\$1 = "question \d+"/))
        #expect(finished.status == 0)
    }

    @Test func noProcessIsLeft() throws {
        let scenario = try Scenario.recorded()
        let event = try #require(try scenario.calls("recvfrom", returns: true, in: "client").first)
        let copy = scenario.directory.appendingPathComponent("left-alone")
        try FileManager.default.copyItem(atPath: scenario.trace("client"), toPath: copy.path)
        let session = try scenario.session(
            at: event, of: "client", commands: "python import time; time.sleep(60)", trace: copy.path)
        while try processes(naming: copy.path).isEmpty { usleep(10_000) }
        // As `timeout -s KILL` would.
        #expect(try session.finish(within: 2).status == -9)
        var left = try processes(naming: copy.path)
        for _ in 0..<500 where !left.isEmpty {
            usleep(10_000)
            left = try processes(naming: copy.path)
        }
        #expect(left.isEmpty)
    }

    @Test func missingFilesAreSaidBeforeRRStarts() throws {
        let rr = RRInvocation(executable: "/nonexistent/rr")
        let nowhere = ReplayTarget(trace: "/nonexistent/trace", process: 1, moment: Moment(event: 1))
        #expect(throws: ReplayError.noTrace(path: "/nonexistent/trace")) {
            try DebugSession(target: nowhere, rr: rr).start(inheriting: [:])
        }
        let trace = try Scenario.recorded().trace("client")
        let somewhere = ReplayTarget(trace: trace, process: 1, moment: Moment(event: 1))
        #expect(throws: ReplayError.noBatchFile(path: "/nonexistent/commands")) {
            try DebugSession(target: somewhere, rr: rr, batch: "/nonexistent/commands").start(inheriting: [:])
        }
        #expect(throws: ReplayError.cannotStart(executable: "/nonexistent/rr", errno: ENOENT)) {
            try DebugSession(target: somewhere, rr: rr).start(inheriting: [:])
        }
    }

    @Test func theCommandStandsWhereAMessageIsReceivedOrSent() throws {
        let scenario = try Scenario.recorded()
        // A copy, as a run that was gathered from several machines: rr complains of each file whose inode is another.
        let run = scenario.directory.appendingPathComponent("gathered")
        try FileManager.default.copyItem(at: scenario.run, to: run)
        let indexed = try Command([Executables.ridealong.path, "index", "--run", run.path], in: scenario.directory).finish()
        try #require(indexed.status == 0, "\(indexed)")
        let sent = try #require(try scenario.calls("sendto", returns: false, in: "client").last)
        let commands = scenario.directory.appendingPathComponent("payload.gdb")
        try Data("python print(gdb.selected_frame().name())\nprint *request\nquit 3\n".utf8).write(to: commands)
        for (options, function) in [([], "receive_request"), (["--send"], "send_request")] {
            let finished = try Command(
                [Executables.ridealong.path, "debug", "--run", run.path, "client@\(sent.number)", "--batch", commands.path]
                    + options,
                in: scenario.directory
            ).finish()
            #expect(finished.status == 3 && !finished.errors.contains("ERROR"))
            #expect(finished.output.contains(/^\w+\n\$1 = \{number = 1, text = "question 1"/), "\(finished)")
            #expect(finished.output.hasPrefix(function + "\n"))
        }
        let piped = try Command(
            ["/bin/sh", "-c", "echo 'print request->number' | \"$0\" \"$@\"", Executables.ridealong.path, "debug", "--run", run.path]
                + ["client@\(sent.number)", "--batch", "/dev/stdin"],
            in: scenario.directory
        ).finish()
        #expect(piped.output == "$1 = 1\n" && piped.status == 0)
    }

    /// The living processes with `path` in their command line.
    private func processes(naming path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }.filter { pid in
            // A process may end while we look.
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            return String(decoding: line, as: UTF8.self).contains(path)
        }
    }
}
