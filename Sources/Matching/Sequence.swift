import RunModel

/// One call of a side: a call that moved bytes in one direction at one end of a channel. Times are aligned.
struct Call {
    let ref: OperationRef
    let earliest: Int64
    let latest: Int64
    /// How many bytes it moved.
    let count: UInt64
    /// The thread, as a number within the side.
    let task: Int32
    /// How long its message was, as far as the call knows; and whether it may have been longer.
    var length: UInt64
    var mayBeLonger = false

    /// Whether this, a send of a message, can be what `receive` took.
    func fits(_ receive: Call) -> Bool { count == receive.length || (receive.mayBeLonger && receive.length < count) }
}

/// Where a call stands among the calls of its side.
struct Standing {
    /// What stands before it: bytes, or messages where these are kept apart.
    var start: UInt64
    /// The least of that in any order that is possible.
    var least: UInt64
    /// Whether it is the same in every order that is possible.
    var isCertain: Bool
}

/// The order in which the calls of one side moved their bytes.
///
/// A call that ended before another began comes before it, and the calls of one thread keep their order. Where calls overlap, all orders
/// are tried that `fits` allows: what is the same in all of them is certain.
///
/// O(calls), and for calls that overlap O(calls * possible states), of which at most `mostStates` are kept.
struct Sequence {
    /// Where each call stands, by its index in `calls`.
    private(set) var standings: [Standing] = []
    /// The indices of the calls, in the chosen order: that of their events where nothing tells more.
    private(set) var order: [Int] = []
    private let calls: [Call]
    private let unit: (Call) -> UInt64

    /// So many sets of calls that may have come first are followed at once.
    static let mostStates = 64
    /// After so many calls, the next moment at which only one set is possible ends a part of the search.
    static let longestPart = 256

    /// The sequence of `calls`, which stand in the order of their events.
    ///
    /// - Parameters:
    ///   - unit: how much a call adds to what stands before the next: its bytes, or 1.
    ///   - fits: whether the call of an index can stand behind so much.
    init(_ calls: [Call], unit: @escaping (Call) -> UInt64, fits: (Int, UInt64) -> Bool) {
        self.calls = calls
        self.unit = unit
        standings.reserveCapacity(calls.count)
        order.reserveCapacity(calls.count)
        var start: UInt64 = 0
        let ends = Self.clusterEnds(calls)
        var first = 0
        for end in ends {
            let cluster = first..<end
            let total = cluster.reduce(UInt64(0)) { $0 &+ unit(calls[$1]) }
            if cluster.allSatisfy({ calls[$0].task == calls[first].task }) {
                for index in cluster {
                    standings.append(Standing(start: start, least: start, isCertain: true))
                    order.append(index)
                    start &+= unit(calls[index])
                }
            } else {
                for _ in cluster { standings.append(Standing(start: start, least: start, isCertain: false)) }
                settle(cluster, from: start, fits)
                start &+= total
            }
            first = end
        }
    }

    /// Takes another of the possible orders: what is certain has the same place in all of them.
    mutating func choose(_ order: [Int]) {
        self.order = order
        var start: UInt64 = 0
        for index in order {
            standings[index].start = start
            start &+= unit(calls[index])
        }
    }

    /// Where the calls fall apart into clusters: all calls before such an index ended before any behind it began.
    private static func clusterEnds(_ calls: [Call]) -> [Int] {
        var earliestBehind = [Int64](repeating: .max, count: calls.count + 1)
        for index in calls.indices.reversed() { earliestBehind[index] = min(earliestBehind[index + 1], calls[index].earliest) }
        var ends: [Int] = []
        var latest = Int64.min
        for index in calls.indices {
            latest = max(latest, calls[index].latest)
            if latest <= earliestBehind[index + 1] || index + 1 == calls.count { ends.append(index + 1) }
        }
        return ends
    }

    /// Finds the places of the calls of a cluster.
    private mutating func settle(_ cluster: Range<Int>, from start: UInt64, _ fits: (Int, UInt64) -> Bool) {
        var search = ClusterSearch(calls, cluster, from: start, unit: unit)
        search.run(fits)
        for (index, standing) in zip(cluster, search.standings) { standings[index] = standing }
        order += search.order
    }
}

/// All orders of the calls of one cluster, followed side by side: a *state* is a set of calls that may have come first, one after another
/// from the cluster's beginning. It is kept as the number of calls of each thread in it.
private struct ClusterSearch {
    /// A call that leads from one state to another.
    private struct Step {
        let from: Int32
        let to: Int32
        let call: Int32
        let start: UInt64
    }

    private let calls: [Call]
    private let cluster: Range<Int>
    private let unit: (Call) -> UInt64
    /// The calls of each thread.
    private var threads: [[Int32]] = []
    /// The states of the current level, `threads.count` numbers each, and what stands before the next call in each.
    private var states: [Int32]
    private var ends: [UInt64]
    /// The steps of each level of the current part.
    private var levels: [[Step]] = []
    /// More was possible than could be followed, or nothing: from here to the end of the cluster nothing is certain.
    private var isLost = false
    /// Where the last part began of which all is known.
    private var partStart: UInt64
    private(set) var standings: [Standing]
    private(set) var order: [Int] = []

    init(_ calls: [Call], _ cluster: Range<Int>, from start: UInt64, unit: @escaping (Call) -> UInt64) {
        self.calls = calls
        self.cluster = cluster
        self.unit = unit
        partStart = start
        ends = [start]
        standings = cluster.map { _ in Standing(start: start, least: .max, isCertain: false) }
        var numbers: [Int32: Int] = [:]
        for index in cluster {
            let number = numbers[calls[index].task] ?? threads.count
            if number == threads.count {
                numbers[calls[index].task] = number
                threads.append([])
            }
            threads[number].append(Int32(truncatingIfNeeded: index))
        }
        states = [Int32](repeating: 0, count: threads.count)
    }

    mutating func run(_ fits: (Int, UInt64) -> Bool) {
        for _ in cluster {
            if !advance(fits) {
                finishPart()
                isLost = true
                _ = advance { _, _ in true }
            }
            if isLost || (ends.count == 1 && levels.count >= Sequence.longestPart) { finishPart() }
        }
        finishPart()
    }

    /// Goes one call further in all states; leaves everything as it is, and returns `false`, if that leads nowhere or to too many.
    private mutating func advance(_ fits: (Int, UInt64) -> Bool) -> Bool {
        var next: [Int32] = []
        var nextEnds: [UInt64] = []
        var steps: [Step] = []
        let width = threads.count
        for state in ends.indices {
            let counts = Array(states[state * width..<(state + 1) * width])
            for (thread, call) in candidates(counts) where fits(Int(call), ends[state]) {
                var reached = counts
                reached[thread] += 1
                let known = nextEnds.indices.first { next[$0 * width..<($0 + 1) * width].elementsEqual(reached) }
                if known == nil {
                    if nextEnds.count == Sequence.mostStates { return false }
                    next += reached
                    nextEnds.append(ends[state] &+ unit(calls[Int(call)]))
                }
                steps.append(Step(from: Int32(state), to: Int32(known ?? nextEnds.count - 1), call: call, start: ends[state]))
            }
        }
        guard !steps.isEmpty else { return false }
        (states, ends) = (next, nextEnds)
        levels.append(steps)
        return true
    }

    /// The calls that may come next: no other that is left ended before they began. If nothing is certain any more, the first by event.
    private func candidates(_ counts: [Int32]) -> [(thread: Int, call: Int32)] {
        var fronts: [(thread: Int, call: Int32)] = []
        for (thread, count) in counts.enumerated() where Int(count) < threads[thread].count {
            fronts.append((thread, threads[thread][Int(count)]))
        }
        guard let firstEnding = fronts.min(by: { ends($0.call) < ends($1.call) }) else { return [] }
        let possible = fronts.filter { $0.call == firstEnding.call || !isBefore(firstEnding.call, $0.call) }
        return isLost ? possible.min { $0.call < $1.call }.map { [$0] } ?? [] : possible
    }

    private func ends(_ call: Int32) -> (Int64, Int32) { (calls[Int(call)].latest, call) }

    private func isBefore(_ one: Int32, _ other: Int32) -> Bool {
        let (end, start) = (calls[Int(one)].latest, calls[Int(other)].earliest)
        return end < start || (end == start && one < other)
    }

    /// Concludes from all steps of the part: those that lead nowhere are dropped, and of the rest the first of each level by event is
    /// taken. Goes on with one state.
    private mutating func finishPart() {
        guard !levels.isEmpty else { return }
        prune()
        let isOne = ends.count == 1 && !isLost
        var most = [UInt64](repeating: 0, count: cluster.count)
        var state: Int32 = 0
        for steps in levels {
            for step in steps {
                let index = Int(step.call) - cluster.lowerBound
                standings[index].least = min(standings[index].least, isLost ? partStart : step.start)
                most[index] = max(most[index], step.start)
            }
            guard let taken = steps.filter({ $0.from == state }).min(by: { $0.call < $1.call }) else { continue }
            state = taken.to
            order.append(Int(taken.call))
            standings[Int(taken.call) - cluster.lowerBound].start = taken.start
        }
        // If one state is left, all orders that lead there have the same calls.
        if isOne {
            for steps in levels {
                for step in steps {
                    let index = Int(step.call) - cluster.lowerBound
                    standings[index].isCertain = standings[index].least == most[index]
                }
            }
            partStart = ends[0]
        }
        let width = threads.count
        states = Array(states[Int(state) * width..<(Int(state) + 1) * width])
        ends = [ends[Int(state)]]
        levels = []
    }

    /// Drops the steps that lead to no state of the last level.
    private mutating func prune() {
        var lives = [Bool](repeating: true, count: ends.count)
        for level in levels.indices.reversed() {
            levels[level].removeAll { !lives[Int($0.to)] }
            lives = [Bool](repeating: false, count: Sequence.mostStates)
            for step in levels[level] { lives[Int(step.from)] = true }
        }
    }
}
