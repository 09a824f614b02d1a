import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// What a replay has captured lies in files, and files get lost, or lose their end.
    @Suite struct StoredCaptureTests {
        /// A program that asks itself questions, recorded with the syscall buffer, and indexed; its only capture.
        private func recorded(_ name: String) throws -> (run: RecordedRun, capture: URL) {
            let run = try RecordedRun("capture-\(name)")
            let program = try Programs.compile("pair-exec", in: run.workshop)
            try run.record([program, "200"], as: "pair", options: ["--syscall-buffer", "on"]).succeed()
            #expect(try run.index().isEmpty)
            let captures = run.directory.appendingPathComponent(".ridealong/captures")
            let names = try FileManager.default.contentsOfDirectory(atPath: captures.path)
            #expect(names.count == 1)
            return (run, captures.appendingPathComponent(try #require(names.first)))
        }

        private func commands(_ run: RecordedRun) -> [[String]] {
            [["messages"], ["messages", "--json", "--payload"], ["calls"], ["blocked"], ["check", "--bytes"]].map {
                $0 + ["--run", run.directory.path]
            }
        }

        @Test func aCaptureCutShortIsAnErrorUntilItIsMadeAnew() throws {
            let (run, capture) = try recorded("cut-short")
            let before = try run.everything()
            let whole = try Data(contentsOf: capture)
            try #require(whole.count > 60_000)
            try whole.prefix(60_000).write(to: capture)
            // What was received, the trace has; `messages` without --payload, too.
            for command in commands(run) where command[0] != "messages" {
                let finished = try run.ridealong(command)
                #expect(finished.status != 0, "\(command)")
                #expect(finished.errors.contains("\(capture.path) is cut off (60000 of \(whole.count) bytes)"), "\(command) \(finished)")
            }
            let again: [ListedFinding] = try run.list("index")
            #expect(again.first?.read == ["pair"])
            #expect(try Data(contentsOf: capture).count == whole.count)
            #expect(try run.everything() == before)
            for command in commands(run) { try run.start([Executables.ridealong.path] + command).succeed() }
            let third: [ListedFinding] = try run.list("index")
            #expect(third.first?.read == [])
        }

        @Test func aCaptureThatIsGoneIsMadeAnew() throws {
            let (run, capture) = try recorded("gone")
            let before = try run.everything()
            try FileManager.default.removeItem(at: capture)
            #expect(try run.everything() == before)
            let compared = try run.ridealong(["check", "--bytes", "--run", run.directory.path])
            #expect(compared.status == 0 && compared.output.contains("\n0 bytes arrived as they were sent"))
            // Without it the descriptors of the calls are not known.
            let calls = try run.ridealong(["calls", "--run", run.directory.path])
            #expect(calls.status != 0 && calls.errors.contains("\(capture.path), which a replay of the node made, is gone"))
            // Nor which call a position in the buffer is; of events all else can still be said.
            let messages = try run.messages()
            let buffered = try #require(messages.compactMap(\.from).first { $0.position.contains(".") }?.position)
            let show = { (position: String) in try run.ridealong(["show", "--run", run.directory.path, position]) }
            #expect(try show(buffered).errors.contains("is gone: run `ridealong index` again"))
            #expect(try show("\(buffered.prefix { $0 != "." })").status == 0)
            // Who wants no replay gets none.
            let without: [ListedFinding] = try run.list("index", ["--capture", "off"])
            #expect(without.first?.read == [] && !FileManager.default.fileExists(atPath: capture.path))
            let again: [ListedFinding] = try run.list("index")
            #expect(again.first?.read == ["pair"] && FileManager.default.fileExists(atPath: capture.path))
            #expect(try run.everything() == before)
        }

        @Test func aNodeThatWasIndexedWithoutAReplayIsReplayedWhenOneIsWanted() throws {
            let (run, capture) = try recorded("late")
            let before = try run.everything()
            try run.removeIndex()
            #expect(try run.index(options: ["--capture", "off"]).keys.contains { $0.hasPrefix("hidden-in-buffer") })
            #expect(try run.index().isEmpty && run.everything() == before && FileManager.default.fileExists(atPath: capture.path))
        }
    }
}
