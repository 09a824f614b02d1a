import Foundation
import RRTrace

/// `bench TRACE THRESHOLDS [ROUNDS]`: all contestants take turns on one trace, the best round of each counts. Ends with 1 if a promise
/// is not kept.
@main
struct Bench {
    /// Rounds, if nothing else is asked for.
    static let standardRounds = 7

    static func main() {
        do {
            let words = CommandLine.arguments
            guard words.count >= 3 else { throw BenchmarkError("usage: bench TRACE THRESHOLDS [ROUNDS]") }
            let rounds = words.count > 3 ? Int(words[3]) ?? standardRounds : standardRounds
            exit(try measure(words[1], thresholds: Threshold.read(words[2]), rounds: rounds) ? 0 : 1)
        } catch {
            FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
            exit(2)
        }
    }

    /// Measures and prints; returns whether all promises are kept.
    private static func measure(_ trace: String, thresholds: [Threshold], rounds: Int) throws -> Bool {
        let contestants = try Contestant.all(trace)
        var best: [String: Double] = [:]
        let clock = ContinuousClock()
        for _ in 0..<rounds {
            for contestant in contestants {
                let time = try clock.measure { try contestant.run() } / .seconds(1)
                best[contestant.name] = min(best[contestant.name] ?? .infinity, time)
            }
        }
        var frames = try FrameCursor(TraceDirectory(path: trace))
        while frames.advance() {}
        print("\(frames.event) events, best of \(rounds) rounds:")
        for contestant in contestants {
            let time = best[contestant.name] ?? .nan
            let name = contestant.name.padding(toLength: 20, withPad: " ", startingAt: 0)
            print("  \(name)", String(format: "%8.3f s  %8.0f ns an event", time, time / Double(max(frames.event, 1)) * 1e9))
        }
        let verdicts = try thresholds.map { try $0.verdict(best) }
        for verdict in verdicts { print("  \(verdict.line)") }
        return verdicts.allSatisfy(\.isKept)
    }
}
