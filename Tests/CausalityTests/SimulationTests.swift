import Foundation
import Testing

/// Worlds whose truth is known: what is found in their recordings must be true, and what can be decided must be found.
///
/// `RIDEALONG_SEED=n` tries one world, `RIDEALONG_SEEDS=n` so many.
@Suite struct SimulationTests {
    static let environment = ProcessInfo.processInfo.environment
    static let seed = environment["RIDEALONG_SEED"].flatMap(UInt64.init)
    static let count = environment["RIDEALONG_SEEDS"].flatMap(UInt64.init) ?? 300
    /// So many at a time can run in parallel.
    static let parts: UInt64 = 4

    @Test(arguments: 0..<parts) func whatIsFoundIsTrue(part: UInt64) {
        let seeds = Self.seed.map { part == 0 ? [$0] : [] } ?? Array(stride(from: part + 1, through: Self.count, by: Int(Self.parts)))
        var (recorded, wrong) = (0, 0)
        var right: [String: Int] = [:]
        for seed in seeds {
            let trial = Trial(seed: seed)
            recorded += trial.recorded
            wrong += trial.wrong
            right.merge(trial.right, uniquingKeysWith: +)
            if !trial.faults.isEmpty { Issue.record("RIDEALONG_SEED=\(seed): \(trial.faults.prefix(5).joined(separator: "\n"))") }
        }
        guard Self.seed == nil, Self.count >= 300 else { return }
        // Every way of joining was tried often enough to mean something, and nearly everything was joined.
        for way in ["tcp by address", "unixStream by creation", "unixStream by order", "tcp by order"] {
            #expect((right[way] ?? 0) >= 20, "\(way): \(right)")
        }
        #expect(right.values.reduce(0, +) * 100 >= recorded * 90, "of \(recorded): \(right)")
        #expect(wrong * 1000 <= recorded, "with neither true partner recorded, \(wrong) of \(recorded) fit by chance")
    }
}
