import Capture
import Foundation
import Recorder

/// Tells a replay that hangs from one that computes.
///
/// CPU time says nothing: with software counters, a replay that does not find its place again looks for it at full speed. What counts
/// is whether the program makes calls. Between two of them it may compute as long as it did when it was recorded, times `slowness`, and
/// `patience` longer.
struct CaptureWatch: ~Copyable {
    /// How many times slower than the recording a replay may be where it only computes.
    static let slowness: Int64 = 10
    /// The longest computation that is waited for, in nanoseconds of the recording: some days.
    private static let longestComputing: Int64 = 1_000_000_000_000_000
    /// How often it is looked what memory the replay has.
    private static let memoryInterval = Duration.seconds(1)

    private let patience: Duration
    private var follower: ReplayFollower
    private var latest = ContinuousClock.now
    private var measured = ContinuousClock.now

    /// A watch over the agent that writes, or is about to write, the file at `path`, in a replay of `trace`.
    init(path: String, trace: String, patience: Duration) {
        self.patience = patience
        follower = ReplayFollower(path: path, tracePath: trace)
    }

    /// The event that the replay has reached. The trace is read for it, so only who needs it asks.
    mutating func reached() -> UInt64 {
        follower.follow()
        return follower.event
    }

    /// How long it may take from the call at `reached()` to the next one.
    var allowance: Duration {
        patience + .nanoseconds(min(follower.recordedComputing, Self.longestComputing) * Self.slowness)
    }

    /// Looks; whether it must be taken to hang.
    mutating func isStuck() -> Bool {
        let now = ContinuousClock.now
        if follower.moved() { latest = now }
        guard now - latest > patience else { return false }
        follower.follow()
        return now - latest > allowance
    }

    /// The memory of rr, which is `process`, and its program, in bytes; `nil` if it was asked for just now.
    mutating func memory(of process: Int32) -> UInt64? {
        let now = ContinuousClock.now
        guard now - measured >= Self.memoryInterval else { return nil }
        measured = now
        return Memory.ofTree(process)
    }
}
