import Capture
import Foundation
import RRTrace
import Recorder
import RunModel
import Synchronization
import TestSupport
import Testing

@testable import Replay

/// How far a replay is, and whether it hangs.
@Suite("Progress of a capture pass", .serialized)
struct ProgressTests {
    private static let computing = Result {
        let directory = Executables.directory.appendingPathComponent("progress-tests")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return try RecordedTrace.make("computing", syscallBuffer: true, [try Programs.compile("computing", in: directory)])
    }

    private func agent() throws -> RRInvocation {
        let environment = ProcessInfo.processInfo.environment
        return try RRInvocation.forReplay(of: nil, in: environment).withCaptureAgent(in: environment)
    }

    /// The ENTERING frames of calls that are captured, as events.
    private func calls(of trace: RecordedTrace, in file: CaptureFile) throws -> [UInt64] {
        var frames = try FrameCursor(TraceDirectory(path: trace.path))
        var events: [UInt64] = []
        while frames.advance() {
            if let call = frames.syscall, call.state == .entering, file.captures(call.number) { events.append(frames.event) }
        }
        return events
    }

    /// The longest time between two frames, in nanoseconds.
    private func longestStep(of trace: RecordedTrace) throws -> Int64 {
        var frames = try FrameCursor(TraceDirectory(path: trace.path))
        var longest: Int64 = 0
        var latest: Int64?
        while frames.advance() {
            longest = max(longest, frames.time - (latest ?? frames.time))
            latest = frames.time
        }
        return longest
    }

    @Test("a computation takes as long as it took, whatever the patience, and its event is told meanwhile")
    func longComputation() throws {
        let trace = try Self.computing.get()
        let patience = Duration.nanoseconds(try longestStep(of: trace) / 2)
        try withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("calls").path
            let pass = CapturePass(trace: trace.path, rr: try agent(), bufferHeaderSize: 30, patience: patience)
            var reached: [UInt64: Int] = [:]
            let file = try pass.run(into: path) { reached[$0, default: 0] += 1 }
            #expect(try CaptureCheck(file, of: TraceDirectory(path: trace.path)).counts.isExact)
            // While it computes, it stands at the last call before that.
            let calls = try calls(of: trace, in: file)
            let longest = try #require(reached.filter { $0.key > 0 }.max { $0.value < $1.value })
            #expect(calls.contains(longest.key) && longest.value > 20, "\(reached)")
        }
    }

    @Test("a follower finds every call of a whole capture, and how long the program computed after each")
    func follower() throws {
        let trace = try Self.computing.get()
        try withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("calls").path
            let file = try CapturePass(trace: trace.path, rr: try agent(), bufferHeaderSize: 30).run(into: path)
            var follower = ReplayFollower(path: path, tracePath: trace.path)
            #expect(follower.moved() && !follower.moved())
            follower.follow()
            let last = try calls(of: trace, in: file).last
            #expect(follower.event == last && follower.recordedComputing < 1_000_000_000)
        }
    }

    @Test("a replay that stands still is ended where it is, and both are named")
    func hang() throws {
        let trace = try Self.computing.get()
        try withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("calls").path
            let whole = try CapturePass(trace: trace.path, rr: try agent(), bufferHeaderSize: 30).run(into: path)
            let last = try #require(try calls(of: trace, in: whole).last)
            var rr = RRInvocation(executable: "/bin/sh", globalOptions: ["-c", "cp \(path) $RIDEALONG_CAPTURE; exec sleep 60", "rr"])
            rr.environment = [:]
            let pass = CapturePass(trace: trace.path, rr: rr, bufferHeaderSize: 30, patience: .seconds(1))
            #expect(throws: ReplayError.hung(trace: trace.path, event: last, seconds: 1)) { try pass.run(into: path + "-again") }
        }
    }

    @Test("rr itself, stopped in the middle, is ended with all that it replays")
    func stopped() throws {
        try withTemporaryDirectory { directory in
            let program = try Programs.compile("pair-exec", in: directory)
            let trace = try RecordedTrace.make("stopped", syscallBuffer: true, [program, "1000"])
            let path = directory.appendingPathComponent("calls").path
            let pass = CapturePass(trace: trace.path, rr: try agent(), bufferHeaderSize: 30, patience: .seconds(1))
            var replay: [Int32] = []
            var caught: ReplayError?
            do throws(ReplayError) {
                _ = try pass.run(into: path) { event in
                    guard event > 0, replay.isEmpty else { return }
                    replay = Self.processes { $0.contains(trace.path) }.flatMap { rr in [rr] + Self.processes(under: rr) }
                    if let rr = replay.first { kill(rr, SIGSTOP) }
                }
            } catch {
                caught = error
            }
            guard case .hung(trace.path, let event, _) = caught, event > 0 else {
                return #expect(Bool(false), "\(caught.debugDescription)")
            }
            #expect(replay.count > 1, "rr and what it replays")
            try wait(for: "\(replay) to be gone") { Set(Self.processes { _ in true }).isDisjoint(with: replay) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasPrefix("calls") } == [])
        }
    }

    /// The processes whose words are as wanted; not those that are dead, and have none.
    private static func processes(_ isWanted: ([String]) -> Bool) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { process in
            let words = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
            return !words.isEmpty && isWanted(words.split(separator: "\0").map(String.init))
        }
    }

    private static func processes(under process: Int32) -> [Int32] {
        ((try? childProcesses(of: process)) ?? []).flatMap { [$0] + processes(under: $0) }
    }

    @Test("the event at which rr gives up is taken from what it says")
    func failedEvent() {
        let text = "[FATAL ./src/Task.cc:12:f()]\n (task 71 (rec:4711) at time 217)\n -> Assertion `x' failed to hold."
        #expect(CapturePass.event(in: text) == 217)
        for text in ["", "at time 3", "(rec:1) at time 99999999999999999999999"] { #expect(CapturePass.event(in: text) == nil) }
    }
}

/// What replays share.
@Suite("Memory budget of replays")
struct BudgetTests {
    /// A place, if there is one within a moment.
    private func enter(_ budget: ReplayBudget, alone: Bool = false) -> ReplayBudget.Place? {
        let found = Mutex<ReplayBudget.Place?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        let thread = Thread {
            let place = budget.enter(alone: alone)
            found.withLock { $0 = place }
            isDone.signal()
        }
        thread.start()
        return isDone.wait(timeout: .now() + .milliseconds(200)) == .success ? found.withLock { $0 } : nil
    }

    @Test("replays run side by side while they take less than half of it")
    func sideBySide() throws {
        let budget = ReplayBudget(bytes: 100)
        let first = try #require(enter(budget))
        #expect(budget.mayGoOn(first, taking: 49))
        let second = try #require(enter(budget))
        #expect(budget.mayGoOn(second, taking: 51))
        #expect(enter(budget) == nil)
    }

    @Test("of those that take too much together the last one ends, and the first never does")
    func tooMuch() throws {
        let budget = ReplayBudget(bytes: 100)
        let first = try #require(enter(budget))
        let second = try #require(enter(budget))
        #expect(budget.mayGoOn(first, taking: 1000) && !budget.mayGoOn(second, taking: 1))
        budget.leave(first)
        #expect(budget.mayGoOn(second, taking: 1000))
    }

    @Test("who must be alone waits for the others, and the others wait for it")
    func alone() throws {
        let budget = ReplayBudget(bytes: 100)
        let first = try #require(enter(budget))
        let waiting = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
        Thread {
            let place = budget.enter(alone: true)
            waiting.signal()
            ended.wait()
            budget.leave(place)
        }.start()
        #expect(waiting.wait(timeout: .now() + .milliseconds(200)) == .timedOut)
        let place = Mutex<ReplayBudget.Place?>(nil)
        Thread { place.withLock { $0 = budget.enter() } }.start()
        budget.leave(first)
        #expect(waiting.wait(timeout: .now() + 10) == .success)
        ended.signal()
        try wait(for: "a place behind the one that was alone") { place.withLockIfAvailable { $0 != nil } ?? false }
    }

    @Test("a pass that does not fit beside another is made again when it is alone")
    func passMadeAgain() throws {
        try withTemporaryDirectory { directory in
            let good = directory.appendingPathComponent("good")
            try Data(CaptureBytes().bytes).write(to: good)
            let script = "echo begun >>$BEGUN; sleep 2.5; cp $GOOD $RIDEALONG_CAPTURE"
            var rr = RRInvocation(executable: "/bin/sh", globalOptions: ["-c", script, "rr"])
            rr.environment = ["GOOD": good.path, "BEGUN": directory.appendingPathComponent("begun").path]
            let budget = ReplayBudget(bytes: 2)
            let other = budget.enter()
            Thread {
                usleep(1_500_000)
                budget.leave(other)
            }.start()
            _ = try CapturePass(trace: "/nowhere", rr: rr, bufferHeaderSize: 30, budget: budget)
                .run(into: directory.appendingPathComponent("calls").path)
            let begun = try String(contentsOf: directory.appendingPathComponent("begun"), encoding: .utf8)
            #expect(begun == "begun\nbegun\n")
        }
    }
}
