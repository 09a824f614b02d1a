import Foundation
import TestSupport
import Testing

/// `ridealong up` that is told to stop, or has to.
extension RecordedTests {
    @Suite struct UpStopTests {
        /// Nodes of all kinds: quick to end, with children in sessions of their own, and one that waits.
        private static let restless = """
            nodes:
              sleeper: {command: sleep 1000, service: true}
              family: {command: [sh, -c, "setsid sleep 1000 & sleep 1000 & wait"]}
              late: {command: sleep 1000, after: family started, stop-signal: SIGUSR1}
            """

        /// Runs `command` under a program that sends it `signal` after some milliseconds, and adopts what it leaves behind.
        /// What it printed: how the command ended, and what was left.
        private func interrupt(
            _ command: [String], of run: RecordedRun, after delay: Int, signal: Int32 = SIGINT, times: Int = 1,
            environment: [String: String] = [:]
        ) throws -> (end: Int32, left: [Substring], finished: Finished) {
            let parent = try Programs.compile("last-parent", in: run.workshop)
            let finished = try run.start([parent, "\(delay)", "\(signal)", "\(times)"] + command, environment: environment)
                .finish(within: 120)
            let lines = finished.output.split(separator: "\n")
            guard let end = lines.last(where: { $0.hasPrefix("end ") }).flatMap({ Int32($0.dropFirst(4)) }) else {
                throw Failure("last-parent ended with \(finished.status): \(finished.errors)\(finished.output)")
            }
            return (end, lines.filter { $0.hasPrefix("left ") }, finished)
        }

        @Test func ctrlCAtAnyMomentOfTheStartLeavesNothingBehind() throws {
            let seed = UInt64.random(in: 0...UInt64.max)
            var random = SeededGenerator(seed: seed)
            for round in 0..<25 {
                let up = try UpRun("up-stop", Self.restless)
                let delay = Int.random(in: 0...(20 * round), using: &random)
                let signal = [SIGINT, SIGTERM, SIGHUP].randomElement(using: &random) ?? SIGINT
                let stopped = try interrupt(up.command, of: up.run, after: delay, signal: signal)
                #expect(stopped.end == -signal, "seed \(seed), \(delay) ms: \(stopped.finished.output)\(stopped.finished.errors)")
                #expect(stopped.left.isEmpty, "seed \(seed), \(delay) ms")
                for node in ["sleeper", "family", "late"] {
                    #expect(up.isWhole(node) != false, "seed \(seed), \(delay) ms: \(node) \(stopped.finished.output)")
                }
            }
        }

        @Test func ctrlCAtAnySecondOfFiveNodesLeavesNothingBehind() throws {
            let seed = UInt64.random(in: 0...UInt64.max)
            var random = SeededGenerator(seed: seed)
            for round in 0..<6 {
                let web = try WebRun("up-ctrl-c")
                let delay = 700 * round + Int.random(in: 0..<700, using: &random)
                let stopped = try interrupt(web.up.command, of: web.up.run, after: delay, environment: WebRun.environment)
                #expect([-SIGINT, 0].contains(stopped.end), "seed \(seed), \(delay) ms: \(stopped.finished.output)")
                #expect(stopped.left.isEmpty, "seed \(seed), \(delay) ms: \(stopped.finished.output)")
                let states = WebRun.nodes.map(web.up.isWhole)
                #expect(!states.contains(false), "seed \(seed), \(delay) ms: \(stopped.finished.output)")
                if states.contains(true) { try web.up.run.index() }
            }
        }

        @Test func nodesEndInReverseOrderEachByItsOwnSignal() throws {
            let up = try UpRun("up-order", Self.restless)
            let command = try up.run.start(up.command)
            try wait(for: "all nodes to run") { try News.list(command.output()).filter { $0.state == "running" }.count == 3 }
            command.send(SIGTERM)
            let finished = try command.finish()
            #expect(finished.status == -SIGTERM && finished.errors.isEmpty)
            let news = try News.list(finished.output)
            let stopping = news.filter { $0.state == "stopping" || $0.state == "ended" }
            #expect(stopping.map(\.node) == ["late", "late", "family", "family", "sleeper", "sleeper"])
            #expect(stopping.map(\.signal) == ["SIGUSR1", "SIGUSR1"] + Array(repeating: "SIGTERM", count: 4))
        }

        /// Shells have them ignore it.
        @Test func inTheBackgroundTheNodesCanStillBeEndedBySIGINT() throws {
            let up = try UpRun(
                "up-background", "nodes: {server: {command: sleep 1000, stop-signal: INT, service: true}, client: {command: sleep 1}}")
            let news = try News.list(up.run.start(["/usr/bin/env", "--ignore-signal=INT"] + up.command).succeed().output)
            #expect(news.last?.node == "server" && news.last?.signal == "SIGINT")
        }

        /// A node that takes no notice of what it is sent, and says so.
        private static func stubborn(grace: Int) -> String {
            "nodes: {stubborn: {command: [sh, -c, \"trap '' TERM; echo no; while :; do sleep 0.1; done\"], grace: \(grace)}}"
        }

        @Test func aNodeThatDoesNotEndIsMadeToEndByRRAndItsTraceIsWhole() throws {
            let up = try UpRun("up-stubborn", Self.stubborn(grace: 1))
            let command = try up.run.start(up.command)
            try wait(for: "the program to say no") { try up.hasPrinted("stubborn") }
            command.send(SIGTERM)
            let finished = try command.finish()
            #expect(finished.status == -SIGTERM && finished.errors.isEmpty && up.isWhole("stubborn") == true)
            let news = try News.list(finished.output)
            #expect(news.suffix(3).map(\.state) == ["stopping", "ending", "ended"] && news.last?.signal == "SIGKILL")
        }

        @Test func whoAsksThreeTimesGetsItOverWithAndIsToldThePrice() throws {
            let up = try UpRun("up-killed", Self.stubborn(grace: 1000))
            let command = try up.run.start(up.command)
            try wait(for: "the program to say no") { try up.hasPrinted("stubborn") }
            for state in ["stopping", "ending"] {
                command.send(SIGTERM)
                try wait(for: state) { try News.list(command.output()).last?.state == state }
            }
            let processes = try News.list(command.output()).compactMap(\.process)
            command.send(SIGTERM)
            let finished = try command.finish()
            #expect(finished.status == -SIGTERM && up.isWhole("stubborn") == false)
            #expect(finished.errors == "ridealong: the trace of stubborn is incomplete: what was written can be indexed\n")
            #expect(try News.list(finished.output).last?.trace == "incomplete")
            #expect(processes.count == 2 && processes.allSatisfy { kill($0, 0) != 0 })
        }

        @Test func theKeyAtATerminalReachesOnlyUp() throws {
            let up = try UpRun("up-terminal", Self.restless)
            let words = up.command.map { "'\($0)'" }.joined(separator: " ")
            // `script` gives its command a terminal, and turns what it reads into keys.
            let keys = "while ! grep -q late.*running '\(up.run.workshop.path)/typescript'; do sleep 0.1; done; printf '\u{3}'; sleep 2"
            let command = "{ \(keys); } | script -qefc \"exec \(words)\" '\(up.run.workshop.path)/typescript'"
            let finished = try up.run.start(["/bin/sh", "-c", command], environment: ["SHELL": "/bin/sh"]).finish()
            #expect(finished.status == 128 + SIGINT)
            // The terminal shows the key, and ends lines in its own way.
            let news = try News.list(finished.output.replacing("^C", with: "").replacing("\r\n", with: "\n"))
            let ended = news.filter { $0.state == "ended" }
            #expect(ended.map(\.node) == ["late", "family", "sleeper"])
            #expect(ended.map(\.signal) == ["SIGUSR1", "SIGTERM", "SIGTERM"])
        }

        @Test func ifUpIsKilledTheNodesEndAndTheirTracesAreWhole() throws {
            let up = try UpRun("up-sigkill", Self.restless)
            let command = try up.run.start(up.command)
            try wait(for: "all nodes to run") { try News.list(command.output()).filter { $0.state == "running" }.count == 3 }
            let processes = try News.list(command.output()).compactMap(\.process)
            #expect(processes.count == 6)
            command.send(SIGKILL)
            _ = try command.finish()
            try wait(for: "the traces to be whole") { ["sleeper", "family", "late"].allSatisfy { up.isWhole($0) == true } }
            try wait(for: "the processes to be gone") { processes.allSatisfy { kill($0, 0) != 0 && errno == ESRCH } }
        }

        @Test func ifARecorderIsKilledItsNodeHasFailedAndItsTraceIsWhole() throws {
            let up = try UpRun("up-recorder", Self.restless)
            let parent = try Programs.compile("last-parent", in: up.run.workshop)
            let command = try up.run.start([parent, "0", "0", "0"] + up.command)
            try wait(for: "all nodes to run") { try News.list(command.output()).filter { $0.state == "running" }.count == 3 }
            let recorder = try News.list(command.output()).first { $0.state == "starting" && $0.node == "family" }?.process
            kill(try #require(recorder), SIGKILL)
            let finished = try command.finish()
            #expect(finished.output.hasSuffix("\nend \(128 + SIGKILL)\n") && finished.status == 0, "\(finished.output)")
            #expect(["sleeper", "family", "late"].allSatisfy { up.isWhole($0) == true })
            #expect(finished.errors == "ridealong: family failed with 137: see \(up.run.directory.path)/family.log\n")
        }

        @Test func whenItCannotPrintTheNodesEndBeforeItDoes() throws {
            let up = try UpRun("up-deaf", Self.restless)
            let command = "exec \(up.command.map { "'\($0)'" }.joined(separator: " ")) > /dev/full"
            let finished = try up.run.start(["/bin/sh", "-c", command]).finish()
            #expect(finished.status == 1 && finished.errors.contains("No space left on device"))
        }
    }
}
