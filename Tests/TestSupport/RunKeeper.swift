import Foundation
import Synchronization
public import Testing

/// Keeps the runs of tests that fail, and says with every failure where they are: most of what goes wrong once in a hundred times can only
/// be understood from the very traces.
public struct RunKeeper: SuiteTrait, TestTrait, TestScoping {
    /// Each test of a suite has runs of its own.
    public var isRecursive: Bool { true }

    /// Runs `function`; if it fails, its runs are marked.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let journal = RunJournal()
        let handler = IssueHandlingTrait.compactMapIssues { issue in
            var issue = issue
            for run in journal.keepRuns() { issue.comments.append("kept: \(run.path)") }
            return issue
        }
        try await handler.provideScope(for: test, testCase: testCase) {
            try await RunJournal.$current.withValue(journal) {
                do {
                    try await function()
                } catch {
                    // What a test throws becomes an issue elsewhere.
                    for run in journal.keepRuns() { Issue.record("kept: \(run.path)", severity: .warning) }
                    throw error
                }
            }
        }
    }
}

extension Trait where Self == RunKeeper {
    /// Runs of failed tests are kept.
    public static var keepingFailedRuns: Self { Self() }
}

/// The runs that a test has to do with.
final class RunJournal: Sendable {
    /// The one of the test that is running.
    @TaskLocal static var current: RunJournal?

    /// A run that has this file is one of a test that failed.
    private static let mark = "failed"
    private let places = Mutex<[URL]>([])

    /// Notes that the test uses the run at `place`.
    func note(_ place: URL) { places.withLock { if !$0.contains(place) { $0.append(place) } } }

    /// Marks the runs so far, so that none is removed; returns where they are.
    func keepRuns() -> [URL] {
        let places = places.withLock { $0 }
        return places.filter { FileManager.default.createFile(atPath: $0.appendingPathComponent(Self.mark).path, contents: nil) }
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
