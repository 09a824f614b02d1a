import Foundation
import Synchronization
public import Testing

/// Has a test's programs recorded with rr's syscall buffer, without it, or both, one after the other; then what the listings say must be
/// the same. Keeps the runs of tests that fail, and says with every failure where they are: most of what goes wrong once in a hundred times
/// can only be understood from the very traces.
public struct RunKeeper: SuiteTrait, TestTrait, TestScoping {
    let buffers: [SyscallBuffer]

    /// Each test of a suite has runs of its own.
    public var isRecursive: Bool { true }

    /// Runs `function` once for each way to record; if it fails, its runs are marked.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        var answers: [[String: RunAnswers]] = []
        var hasFailed = false
        for buffer in buffers {
            let journal = RunJournal()
            let handler = IssueHandlingTrait.compactMapIssues { issue in
                var issue = issue
                if buffers.count > 1 { issue.comments.append("with --syscall-buffer \(buffer)") }
                for run in journal.keepRuns() { issue.comments.append("kept: \(run.path)") }
                return issue
            }
            try await handler.provideScope(for: test, testCase: testCase) {
                do {
                    try await RunJournal.$current.withValue(journal) {
                        try await SyscallBuffer.$current.withValue(buffer, operation: function)
                    }
                } catch {
                    // Recorded here, so that the other way is tried, too. What `#require` throws has been.
                    if error is ExpectationFailedError { _ = journal.keepRuns() } else { Issue.record(error) }
                }
            }
            hasFailed = hasFailed || journal.hasFailed
            if buffers.count > 1 && !hasFailed { answers.append(try journal.answers(buffer)) }
        }
        if hasFailed || answers.count < 2 { return }
        for (name, first) in answers[0] { first.expectEqual(answers[1][name], name) }
    }
}

extension Trait where Self == RunKeeper {
    /// Runs of failed tests are kept.
    public static var keepingFailedRuns: Self { Self(buffers: [.off]) }
    /// Each run is recorded without rr's syscall buffer, and with it, and what the listings say of both is the same.
    public static var inBothModes: Self { Self(buffers: SyscallBuffer.tested) }
}

/// Whether rr's syscall buffer is on.
public enum SyscallBuffer: String, CaseIterable, CustomStringConvertible, Sendable {
    case off
    case on

    /// What it is in the test that is running, if that does not say otherwise.
    @TaskLocal public static var current = Self.off

    /// The variable that has tests of both modes run in one only, for those who are in a hurry: `on` or `off`.
    private static let variable = "RIDEALONG_TEST_BUFFER"
    static let tested = ProcessInfo.processInfo.environment[variable].flatMap(Self.init).map { [$0] } ?? allCases

    /// As `--syscall-buffer` takes it.
    public var description: String { rawValue }
}

/// The runs that a test has to do with.
final class RunJournal: Sendable {
    /// The one of the test that is running.
    @TaskLocal static var current: RunJournal?

    /// A run that has this file is one of a test that failed.
    private static let mark = "failed"

    private struct State {
        var used: [URL] = []
        var made: [String: RecordedRun.Place] = [:]
        var hasFailed = false
    }
    private let state = Mutex(State())

    /// Whether runs had to be kept.
    var hasFailed: Bool { state.withLock { $0.hasFailed } }

    /// Notes that the test uses the run at `place`.
    func noteUse(of place: URL) { state.withLock { if !$0.used.contains(place) { $0.used.append(place) } } }

    /// Notes that the test has made a run.
    func noteMaking(of place: RecordedRun.Place) { state.withLock { $0.made[place.name] = place } }

    /// Marks the runs so far, so that none is removed; returns where they are.
    func keepRuns() -> [URL] {
        let places = state.withLock { state in
            state.hasFailed = true
            return state.used
        }
        return places.filter { FileManager.default.createFile(atPath: $0.appendingPathComponent(Self.mark).path, contents: nil) }
    }

    /// What the listings say of the runs that were made and have an index, by name. What was captured must be what the trace knows of;
    /// and where all that was sent is known, it must be what was received.
    func answers(_ buffer: SyscallBuffer) throws -> [String: RunAnswers] {
        let made = state.withLock { $0.made }
        return try made.compactMapValues { place in
            let run = RecordedRun(place)
            guard run.isIndexed else { return nil }
            try run.expectEveryCallJoined()
            if buffer == .on { try run.expectSentIsReceived(unknown: place.unknownBytes) }
            return place.chance == .everything ? nil : try RunAnswers(run, place.chance)
        }
    }

    /// Makes room for a new run at `place`: an earlier one is removed, or, if its test failed, moved aside.
    static func clear(_ place: URL) throws {
        let files = FileManager.default
        guard files.fileExists(atPath: place.path) else { return }
        guard files.fileExists(atPath: place.appendingPathComponent(mark).path) else { return try files.removeItem(at: place) }
        let kept = place.deletingLastPathComponent().appendingPathComponent("failed")
        try files.createDirectory(at: kept, withIntermediateDirectories: true)
        let stamp = Int(Date().timeIntervalSince1970)
        try files.moveItem(at: place, to: kept.appendingPathComponent("\(place.lastPathComponent)-\(stamp)"))
    }
}
