import Foundation
import RRTrace

/// `bench TRACE RIDEALONG THRESHOLDS [ROUNDS]`: all contestants take turns on one trace, the best round of each counts. Ends with 1 if a promise
/// is not kept.
@main
struct Bench {
    /// Rounds, if nothing else is asked for.
    static let standardRounds = 7

    /// How many times as many are tried before a promise counts as broken: another program may have held the processors.
    static let patience = 5

    static func main() {
        do {
            let words = CommandLine.arguments
            guard words.count >= 4 else { throw BenchmarkError("usage: bench TRACE RIDEALONG THRESHOLDS [ROUNDS]") }
            let rounds = words.count > 4 ? Int(words[4]) ?? standardRounds : standardRounds
            exit(try measure(words[1], ridealong: words[2], thresholds: Threshold.read(words[3]), rounds: rounds) ? 0 : 1)
        } catch {
            FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
            exit(2)
        }
    }

    /// Measures and prints; returns whether all promises are kept.
    private static func measure(_ trace: String, ridealong: String, thresholds: [Threshold], rounds: Int) throws -> Bool {
        let contestants = try Contestant.all(trace, ridealong: ridealong)
        let memory = try indexMemory(contestants)
        var best = ["\(Contestant.indexName), MB": memory]
        let clock = ContinuousClock()
        var round = 0
        repeat {
            for contestant in contestants {
                let time = try clock.measure { try contestant.run() } / .seconds(1)
                best[contestant.name] = min(best[contestant.name] ?? .infinity, time)
            }
            round += 1
        } while try round < rounds || (round < patience * rounds && !thresholds.allSatisfy { try $0.verdict(best).isKept })
        var frames = try FrameCursor(TraceDirectory(path: trace))
        while frames.advance() {}
        print("\(frames.event) events, best of \(round) rounds:")
        for contestant in contestants {
            let time = best[contestant.name] ?? .nan
            let name = contestant.name.padding(toLength: 20, withPad: " ", startingAt: 0)
            print("  \(name)", String(format: "%8.3f s  %8.0f ns an event", time, time / Double(max(frames.event, 1)) * 1e9))
        }
        print(String(format: "  index, peak memory  %8.0f MB", memory))
        let verdicts = try thresholds.map { try $0.verdict(best) }
        for verdict in verdicts { print("  \(verdict.line)") }
        return verdicts.allSatisfy(\.isKept)
    }

    /// The peak memory of `index`, in MB. Before anything else is run: the system tells the largest of all children so far.
    private static func indexMemory(_ contestants: [Contestant]) throws -> Double {
        try contestants.first { $0.name == Contestant.indexName }?.run()
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage) == 0 else { throw BenchmarkError("getrusage failed") }
        return Double(usage.ru_maxrss) * 1024 / 1e6
    }
}
