import Foundation
import TestSupport
import Testing

/// Worlds whose truth is known: what is found in their recordings must be true, and what can be decided must be found.
///
/// `RIDEALONG_SEED=n` tries one world, `RIDEALONG_SEEDS=n` so many (`make simulate`); `RIDEALONG_FEATURES` says what they contain.
@Suite struct SimulationTests {
    static let environment = ProcessInfo.processInfo.environment
    static let seed = environment["RIDEALONG_SEED"].flatMap(UInt64.init)
    static let count = environment["RIDEALONG_SEEDS"].flatMap(UInt64.init) ?? 500
    static let features = SimulationFeatures(text: environment["RIDEALONG_FEATURES"])
    /// So many at a time can run in parallel.
    static let parts: UInt64 = 4
    /// So many failures of a part are shrunk and printed, and so many worlds tried for each: some seconds, also without optimization.
    static let shown = 1
    static let attempts = 400

    @Test(arguments: 0..<parts) func whatIsFoundIsTrue(part: UInt64) {
        let seeds = Self.seed.map { part == 0 ? [$0] : [] } ?? Array(stride(from: part + 1, through: Self.count, by: Int(Self.parts)))
        var (recorded, wrong, deliveries) = (0, 0, 0)
        var failed: [UInt64] = []
        var right: [String: Int] = [:]
        for seed in seeds {
            let plan = Plan.scenario(seed: seed, features: Self.features)
            let trial = Trial(plan)
            recorded += trial.recorded
            wrong += trial.wrong
            deliveries += trial.simulation.deliveries.count
            right.merge(trial.right, uniquingKeysWith: +)
            if !trial.faults.isEmpty {
                failed.append(seed)
                if failed.count <= Self.shown { report(trial, plan) }
            }
        }
        #expect(failed.isEmpty, "\(failed.count) of \(seeds.count) worlds")
        guard Self.seed == nil, Self.count >= 500, Self.features == .all else { return }
        // Every way of joining was tried often enough to mean something, and nearly everything was joined.
        for way in [
            "tcp by address", "unixStream by creation", "unixStream by order", "tcp by order", "pipe by creation", "unixSequenced by order",
        ] {
            #expect((right[way] ?? 0) >= 20, "\(way): \(right)")
        }
        #expect(deliveries >= 40 * seeds.count, "only \(deliveries): the worlds have nothing to say")
        #expect(right.values.reduce(0, +) * 100 >= recorded * 90, "of \(recorded): \(right)")
        #expect(wrong * 500 <= recorded, "with neither true partner recorded, \(wrong) of \(recorded) fit by chance")
    }

    /// The seed, the faults, and the smallest world that shows one like the first of them.
    private func report(_ trial: Trial, _ plan: Plan) {
        let kind = Self.kind(trial.faults[0])
        let smallest = plan.shrunk(attempts: Self.attempts) { Trial($0).faults.contains { Self.kind($0) == kind } }
        let faults = Trial(smallest).faults
        Issue.record(
            """
            RIDEALONG_SEED=\(plan.seed): \(trial.faults.prefix(5).joined(separator: "\n"))
            The smallest world like it: \(faults.prefix(5).joined(separator: "\n"))
            \(smallest)
            \(Simulation(smallest))
            """)
    }

    /// A fault without its numbers.
    private static func kind(_ fault: String) -> String { String(fault.prefix(40).filter { !$0.isNumber }) }
}
