import Foundation
import RRTrace

/// Measures, prints, and ends with 1 if a promise is not kept:
///
/// - `bench reading TRACE RIDEALONG THRESHOLDS [ROUNDS]`: all contestants take turns on one trace, the best round of each counts;
/// - `bench ordering DIRECTORY THRESHOLDS [ROUNDS]`: matching, ordering and questions, on made-up traffic; DIRECTORY is for its index;
/// - `bench capture SERVERS PAIR RIDEALONG THRESHOLDS [ROUNDS]`: replaying the nodes of two runs, recorded with the syscall buffer: two
///   servers whose load was not recorded, and a server with its load;
/// - `bench recording DIRECTORY RIDEALONG THRESHOLDS`: recording a server under load; DIRECTORY is for its traces.
@main
struct Bench {
    /// Rounds, if nothing else is asked for.
    static let readingRounds = 7
    static let orderingRounds = 1
    static let captureRounds = 3

    /// How many times as many are tried before a promise counts as broken: another program may have held the processors.
    static let patience = 5

    static func main() {
        do {
            let words = CommandLine.arguments
            let rounds = { (index: Int, standard: Int) in words.count > index ? Int(words[index]) ?? standard : standard }
            switch (words.dropFirst().first, words.count) {
            case ("reading", 5...):
                exit(
                    try read(words[2], ridealong: words[3], Threshold.read(words[4], words[1]), rounds: rounds(5, readingRounds)) ? 0 : 1)
            case ("ordering", 4...):
                exit(try order(words[2], Threshold.read(words[3], words[1]), rounds: rounds(4, orderingRounds)) ? 0 : 1)
            case ("capture", 6...):
                let bench = try CaptureBench(servers: words[2], pair: words[3], ridealong: words[4])
                exit(try capture(bench, Threshold.read(words[5], words[1]), rounds: rounds(6, captureRounds)) ? 0 : 1)
            case ("recording", 5):
                let bench = try RecordingBench(words[2], ridealong: words[3])
                print("recording a redis server under redis-benchmark:")
                exit(try judge(Threshold.read(words[4], words[1]), bench.measure()) ? 0 : 1)
            case (OrderingBench.single, 5):
                // What `ordering` starts for each size.
                try OrderingBench.one(nodes: Int(words[2]) ?? 1, operations: Int(words[3]) ?? 0, words[4])
            default: throw BenchmarkError("usage: bench reading TRACE RIDEALONG THRESHOLDS, or another of its parts: see its source")
            }
        } catch {
            FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
            exit(2)
        }
    }

    /// Reading a trace; returns whether all promises are kept.
    private static func read(_ trace: String, ridealong: String, _ thresholds: [Threshold], rounds: Int) throws -> Bool {
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
        return try judge(thresholds, best)
    }

    /// Matching and ordering; returns whether all promises are kept.
    private static func order(_ directory: String, _ thresholds: [Threshold], rounds: Int) throws -> Bool {
        try repeatedly("\(OrderingBench.operations) made-up operations", thresholds, rounds: rounds) {
            try OrderingBench.measure(directory)
        }
    }

    /// Replaying and capturing; returns whether all promises are kept.
    private static func capture(_ bench: CaptureBench, _ thresholds: [Threshold], rounds: Int) throws -> Bool {
        try repeatedly("replaying a redis server", thresholds, rounds: rounds, bench.measure)
    }

    /// Measures until all promises are kept, or patience ends; of each figure the best counts.
    private static func repeatedly(
        _ what: String, _ thresholds: [Threshold], rounds: Int, _ measure: () throws -> [String: Double]
    ) throws -> Bool {
        let isMoreBetter = Set(thresholds.filter { $0.over == nil && $0.atLeast != nil }.map(\.what))
        var best: [String: Double] = [:]
        var round = 0
        repeat {
            for (name, value) in try measure() {
                best[name] = best[name].map { isMoreBetter.contains(name) ? max($0, value) : min($0, value) } ?? value
            }
            round += 1
        } while try round < rounds || (round < patience * rounds && !thresholds.allSatisfy { try $0.verdict(best).isKept })
        print("\(what), best of \(round) rounds:")
        for (name, value) in best.sorted(by: { $0.key.localizedStandardCompare($1.key) == .orderedAscending }) {
            print("  \(name.padding(toLength: 40, withPad: " ", startingAt: 0))", String(format: "%14.6f", value))
        }
        return try judge(thresholds, best)
    }

    private static func judge(_ thresholds: [Threshold], _ best: [String: Double]) throws -> Bool {
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
