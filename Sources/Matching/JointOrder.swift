import RunModel

/// An order of the calls of both sides of a direction that keeps messages apart: the first message that was sent is the first that was
/// received, and so on, and all of them fit.
///
/// All orders are followed side by side, as long as they are few. A *state* is a set of calls on either side that came first, kept as the
/// number of calls of each thread in it; whatever led to it, the same can follow.
///
/// O(messages * states), with at most `mostStates`.
struct JointOrder {
    /// The indices of the sends and receives, in order.
    private(set) var sends: [Int] = []
    private(set) var receives: [Int] = []

    /// So many states are followed at once.
    static let mostStates = 256

    /// A state, how it was reached, and by which pair of calls.
    private struct State {
        var counts: [Int32]
        var from: Int32
        var send: Int32
        var receive: Int32
    }

    /// An order of all calls; `nil` if none was found in which all that were received are what was sent.
    init?(_ sends: [Call], _ receives: [Call], fits: (Int, Int) -> Bool) {
        let (givers, takers) = (Threads(sends), Threads(receives))
        let start = [Int32](repeating: 0, count: givers.all.count + takers.all.count)
        var levels: [[State]] = [[State(counts: start, from: -1, send: -1, receive: -1)]]
        let count = min(sends.count, receives.count)
        levels.reserveCapacity(count + 1)
        for _ in 0..<count {
            var next: [State] = []
            var known: Set<[Int32]> = []
            for (number, state) in levels[levels.count - 1].enumerated() {
                let possible = takers.candidates(state.counts[givers.all.count...])
                for (giver, send) in givers.candidates(state.counts[..<givers.all.count]) {
                    for (taker, receive) in possible where next.count < Self.mostStates && fits(send, receive) {
                        var counts = state.counts
                        counts[giver] += 1
                        counts[givers.all.count + taker] += 1
                        guard known.insert(counts).inserted else { continue }
                        next.append(
                            State(
                                counts: counts, from: Int32(number), send: Int32(truncatingIfNeeded: send),
                                receive: Int32(truncatingIfNeeded: receive)))
                    }
                }
            }
            if next.isEmpty { return nil }
            levels.append(next)
        }
        collect(levels, givers, takers)
    }

    /// Goes back from the first of the last states, and adds what is left on either side, in the order of events.
    private mutating func collect(_ levels: [[State]], _ givers: Threads, _ takers: Threads) {
        var number = 0
        for level in levels.dropFirst().reversed() {
            sends.append(Int(level[number].send))
            receives.append(Int(level[number].receive))
            number = Int(level[number].from)
        }
        sends.reverse()
        receives.reverse()
        let counts = levels[levels.count - 1][0].counts
        sends += givers.rest(counts[..<givers.all.count])
        receives += takers.rest(counts[givers.all.count...])
    }
}

/// The calls of one side, by thread.
private struct Threads {
    let all: [[Int]]
    private let calls: [Call]

    init(_ calls: [Call]) {
        self.calls = calls
        var numbers: [Int32: Int] = [:]
        var all: [[Int]] = []
        for (index, call) in calls.enumerated() {
            let number = numbers[call.task] ?? all.count
            if number == all.count {
                numbers[call.task] = number
                all.append([])
            }
            all[number].append(index)
        }
        self.all = all
    }

    /// The calls that may come next, by event, and their threads: no other that is left ended before they began.
    func candidates(_ counts: ArraySlice<Int32>) -> [(thread: Int, call: Int)] {
        var fronts: [(thread: Int, call: Int)] = []
        for (thread, count) in zip(all.indices, counts) where Int(count) < all[thread].count {
            fronts.append((thread, all[thread][Int(count)]))
        }
        guard let end = fronts.map({ calls[$0.call].latest }).min() else { return [] }
        let ending = fronts.filter { calls[$0.call].latest == end }.map(\.call).min()
        return fronts.filter {
            calls[$0.call].earliest < end || $0.call == ending || (calls[$0.call].earliest == end && $0.call < ending ?? 0)
        }
        .sorted { $0.call < $1.call }
    }

    func rest(_ counts: ArraySlice<Int32>) -> [Int] { zip(all, counts).flatMap { $0.dropFirst(Int($1)) }.sorted() }
}
