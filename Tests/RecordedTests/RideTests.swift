import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Riding messages with gdb through three tiers: a client of two threads, a proxy of two workers, a backend of two threads.
    @Suite(.inBothModes) struct RideTests {
        /// The three tiers, recorded and indexed, once for each mode.
        private func tiers(_ name: String) throws -> RecordedRun {
            let run = try RecordedRun(name, chance: .everything)
            let (front, back) = (try Ports.free(), try Ports.free())
            let programs = try ["backend", "proxy", "client"].map { try Programs.compile("chain-\($0)", in: run.workshop) }
            let backend = try run.record([programs[0], "\(back)", "2"], as: "backend")
            try Ports.wait(for: backend, toListenOn: back)
            let proxy = try run.record([programs[1], "\(front)", "\(back)", "2"], as: "proxy")
            try Ports.wait(for: proxy, toListenOn: front)
            try run.record([programs[2], "\(front)", "8", "2"], as: "client").succeed()
            try proxy.succeed()
            try backend.succeed()
            try run.index()
            return run
        }

        /// What gdb prints that begins at `position` and does `commands`; `options` are those of `debug`.
        private func session(_ run: RecordedRun, _ position: String, _ commands: String, options: [String] = []) throws -> Finished {
            let file = run.workshop.appendingPathComponent("\(UUID().uuidString).gdb")
            try Data(commands.utf8).write(to: file)
            return try run.ridealong(["debug", "--run", run.directory.path, position, "--batch", file.path] + options)
        }

        /// Prints where the user stands: function, its caller, thread, and all registers, of which `number` is the line.
        private static let look = """
            define look
            python
            frame = gdb.selected_frame()
            names = [one.name() for one in (frame, frame.older())]
            pairs = gdb.execute("info registers", to_string=True).split()
            print("AT", *names, gdb.selected_thread().ptid[1], hash(" ".join(pairs)))
            end
            end

            """

        private func places(_ finished: Finished) -> [[Substring]] {
            finished.output.split(separator: "\n").filter { $0.hasPrefix("AT ") }.map { $0.split(separator: " ").dropFirst().map { $0 } }
        }

        /// The first question of a thread of the client, and what became of it: sends and receives, by their positions.
        private func way(_ run: RecordedRun) throws -> [(sent: String, received: String)] {
            let messages = try run.messages()
            let asked = try ["client", "proxy"].map { node in
                try #require(messages.first { $0.text.contains("question 103") && $0.sender == node })
            }
            return try asked.map {
                (sent: try #require($0.from?.position), received: try #require($0.to.first?.position))
            }
        }

        @Test func aQuestionIsRiddenThroughTheProxyToTheBackendAndBack() throws {
            let run = try tiers("ride")
            let way = try way(run)
            let commands = """
                look
                ride
                look
                up
                print question.number
                ride
                look
                ride back
                look
                ride back
                look
                back
                look
                back
                look
                forward
                look
                """
            let finished = try session(run, way[0].sent, Self.look + commands, options: ["--send"])
            let seen = places(finished)
            try #require(finished.status == 0 && seen.count == 8, "\(finished)")
            let functions = seen.map { "\($0[0]) in \($0[1])" }
            #expect(
                functions == [
                    "send_all in send_question", "receive_all in handle_question", "receive_all in serve", "send_all in pass_on",
                    "send_all in send_question", "send_all in pass_on", "receive_all in serve", "send_all in pass_on",
                ], "\(finished)")
            // Two times the same place is the same thread with the same registers.
            #expect(seen[4] == seen[0] && seen[5] == seen[3] && seen[6] == seen[2] && seen[7] == seen[3], "\(finished)")
            for position in [way[0].received, way[1].received, way[1].sent, way[0].sent] {
                #expect(finished.output.contains("\(position)  (rank"), "\(position): \(finished)")
            }
            #expect(finished.output.contains("= 103\n"))
        }

        @Test func whatCannotBeRiddenSaysWhy() throws {
            let run = try tiers("ride-errors")
            let first = try #require(try run.messages().first { $0.sender == "client" }?.from?.position)
            let commands = """
                python
                for command in ("goto nowhere@1", "goto 100000", "ride sideways", "forward", "goto client@1", "ride back"):
                    try:
                        print(command, "|", gdb.execute(command, to_string=True).splitlines()[0])
                    except gdb.error as error:
                        print(command, "|", error)
                end
                """
            let finished = try session(run, first, commands, options: ["--send"])
            let lines = finished.output.split(separator: "\n")
            try #require(finished.status == 0 && lines.count == 6, "\(finished)")
            #expect(lines[0].contains("there is no node") && lines[1].contains("no operation has rank"), "\(lines)")
            #expect(lines[2].contains("ride sideways"), "\(lines)")
            #expect(lines[3].contains("history") && lines[5].contains("received no message"), "\(lines)")
        }

        /// Breakpoints, steps both ways, calls and watchpoints among rides, as somebody types who has lost all patience.
        @Test func randomCommandsNeverLoseTheSession() throws {
            let run = try tiers("ride-random")
            let seed = ProcessInfo.processInfo.environment["RIDEALONG_SEED"].flatMap(UInt32.init) ?? UInt32.random(in: 1...1_000_000)
            let messages = try run.messages()
            let sends = messages.compactMap(\.from?.position).map { "s \($0)" }
            let places = sends + messages.flatMap(\.to).map { "r \($0.position)" }
            let log = run.workshop.appendingPathComponent("commands")
            let session = try run.start(
                [
                    Executables.ridealong.path, "debug", "--run", run.directory.path, String(sends[0].dropFirst(2)), "--batch",
                    Programs.source("fuzz-debugger.py"),
                ],
                environment: [
                    "FUZZ_SEED": "\(seed)", "FUZZ_COUNT": "\(Self.commandCount)", "FUZZ_PLACES": places.joined(separator: ","),
                    "FUZZ_LOG": log.path,
                ])
            let finished = try session.finish()
            let wrong = finished.output.split(separator: "\n").filter { $0.hasPrefix("WRONG") }
            #expect(finished.status == 0 && wrong.isEmpty, "RIDEALONG_SEED=\(seed), commands in \(log.path): \(wrong) \(finished.errors)")
            #expect(finished.output.hasSuffix("done \(Self.commandCount)\n"))
        }

        /// How many commands are tried: `RIDEALONG_COMMANDS`, else a few.
        private static let commandCount = ProcessInfo.processInfo.environment["RIDEALONG_COMMANDS"].flatMap { Int($0) } ?? 60
    }
}
