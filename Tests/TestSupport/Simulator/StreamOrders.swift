/// All orders in which the calls of a stream may have moved its bytes, as far as an observer can tell: who ended before another began comes
/// before it, the calls of a task keep their order, and nothing is received before it was sent.
///
/// Every order is followed, over a graph of states; what all of them have in common is certain. At most `mostStates` are looked at.
struct StreamOrders {
    /// A call that moved bytes.
    struct Call {
        /// Its number in the world.
        var operation: Int
        var task: Int
        /// Between these it moved all its bytes.
        var earliest: Int64
        var latest: Int64
        var count: UInt64
    }

    /// Bytes that a send handed to a receive.
    struct Pair: Hashable {
        var send: Int
        var receive: Int
        /// Where both calls begin in the stream.
        var starts: [UInt64]
    }

    /// How far one side has come: how many calls of each task were begun, and which of them is under way.
    private struct Side: Hashable {
        var begun: [Int]
        var current = -1
        var left: UInt64 = 0
    }

    private struct State: Hashable {
        var sent: Side
        var received: Side
    }

    private static let mostStates = 20_000

    private let sends: [[Call]]
    private let receives: [[Call]]
    /// Whether the times of both sides can be compared.
    private let isOneClock: Bool
    /// Whether bytes of a send can be those of a receive: their numbers in the world, and how many each has moved before.
    private let agree: (Int, UInt64, Int, UInt64, UInt64) -> Bool
    private var numbers: [State: Int] = [:]
    private var states: [State] = []
    private var steps: [(from: Int, to: Int, pair: Pair?)] = []

    /// The pairs that every order has in common at the same place; `nil` if there are too many orders to tell.
    static func certain(
        sends: [Call], receives: [Call], isOneClock: Bool, _ agree: @escaping (Int, UInt64, Int, UInt64, UInt64) -> Bool
    ) -> Set<Pair>? {
        var orders = StreamOrders(sends, receives, isOneClock, agree)
        return orders.explore() ? orders.common() : nil
    }

    private init(_ sends: [Call], _ receives: [Call], _ isOneClock: Bool, _ agree: @escaping (Int, UInt64, Int, UInt64, UInt64) -> Bool) {
        let byTask = { (calls: [Call]) in
            Dictionary(grouping: calls, by: \.task).sorted { $0.key < $1.key }.map { $0.value.sorted { $0.earliest < $1.earliest } }
        }
        (self.sends, self.receives) = (byTask(sends), byTask(receives))
        (self.isOneClock, self.agree) = (isOneClock, agree)
    }

    /// Finds all states, each behind those that lead to it; `false` if there are too many.
    private mutating func explore() -> Bool {
        let start = State(
            sent: Side(begun: sends.map { _ in 0 }), received: Side(begun: receives.map { _ in 0 }))
        numbers[start] = 0
        states = [start]
        var next = 0
        while next < states.count {
            guard states.count < Self.mostStates else { return false }
            follow(next)
            next += 1
        }
        return true
    }

    private mutating func follow(_ number: Int) {
        let state = states[number]
        if state.sent.left == 0 {
            for task in Self.candidates(sends, state.sent.begun) {
                var after = state
                Self.begin(sends, task, &after.sent)
                step(number, after, nil)
            }
        } else if state.received.left == 0 {
            for task in Self.candidates(receives, state.received.begun) {
                var after = state
                Self.begin(receives, task, &after.received)
                step(number, after, nil)
            }
        } else {
            let send = sends[state.sent.current][state.sent.begun[state.sent.current] - 1]
            let receive = receives[state.received.current][state.received.begun[state.received.current] - 1]
            if isOneClock && send.earliest > receive.latest { return }
            let count = min(state.sent.left, state.received.left)
            let (given, taken) = (send.count - state.sent.left, receive.count - state.received.left)
            guard agree(send.operation, given, receive.operation, taken, count) else { return }
            var after = state
            after.sent.left -= count
            after.received.left -= count
            if after.sent.left == 0 { after.sent.current = -1 }
            if after.received.left == 0 { after.received.current = -1 }
            let starts = [Self.moved(sends, state.sent) - send.count, Self.moved(receives, state.received) - receive.count]
            step(number, after, Pair(send: send.operation, receive: receive.operation, starts: starts))
        }
    }

    private mutating func step(_ from: Int, _ state: State, _ pair: Pair?) {
        let to = numbers[state, default: states.count]
        if to == states.count {
            numbers[state] = to
            states.append(state)
        }
        steps.append((from, to, pair))
    }

    /// The tasks whose next call may come next: no other call that is left ended before it began.
    private static func candidates(_ calls: [[Call]], _ begun: [Int]) -> [Int] {
        let next = calls.indices.filter { begun[$0] < calls[$0].count }
        return next.filter { task in
            next.allSatisfy { $0 == task || calls[$0][begun[$0]].latest > calls[task][begun[task]].earliest }
        }
    }

    private static func begin(_ calls: [[Call]], _ task: Int, _ side: inout Side) {
        side.current = task
        side.left = calls[task][side.begun[task]].count
        side.begun[task] += 1
    }

    /// How many bytes the calls move that were begun.
    private static func moved(_ calls: [[Call]], _ side: Side) -> UInt64 {
        zip(calls, side.begun).reduce(0) { sum, task in sum + task.0.prefix(task.1).reduce(0) { $0 + $1.count } }
    }

    /// Whether a state is an end: whoever is left has nobody to give to, or to take from.
    private func isEnd(_ state: State) -> Bool {
        let isGiven = state.sent.left == 0 && zip(state.sent.begun, sends).allSatisfy { $0 == $1.count }
        let isTaken = state.received.left == 0 && zip(state.received.begun, receives).allSatisfy { $0 == $1.count }
        return isGiven || isTaken
    }

    /// The pairs that lie on every way from the beginning to an end. Ways are counted modulo 2^64.
    private func common() -> Set<Pair> {
        var outgoing = [[Int]](repeating: [], count: states.count)
        var incoming = outgoing
        for (index, step) in steps.enumerated() {
            outgoing[step.from].append(index)
            incoming[step.to].append(index)
        }
        var ways = [UInt64](repeating: 0, count: states.count)
        ways[0] = 1
        for state in topological(incoming, outgoing) {
            for step in outgoing[state] { ways[steps[step].to] &+= ways[state] }
        }
        var rest = [UInt64](repeating: 0, count: states.count)
        for state in topological(incoming, outgoing).reversed() {
            // A way that has come to an end may still begin calls that move nothing more.
            rest[state] = isEnd(states[state]) ? 1 : outgoing[state].reduce(0) { $0 &+ rest[steps[$1].to] }
        }
        var through: [Pair: UInt64] = [:]
        for step in steps where !isEnd(states[step.from]) {
            if let pair = step.pair { through[pair, default: 0] &+= ways[step.from] &* rest[step.to] }
        }
        return Set(through.filter { $0.value == rest[0] && rest[0] != 0 }.keys)
    }

    private func topological(_ incoming: [[Int]], _ outgoing: [[Int]]) -> [Int] {
        var missing = incoming.map(\.count)
        var order = states.indices.filter { missing[$0] == 0 }
        var next = 0
        while next < order.count {
            for step in outgoing[order[next]] {
                missing[steps[step].to] -= 1
                if missing[steps[step].to] == 0 { order.append(steps[step].to) }
            }
            next += 1
        }
        return order
    }
}
