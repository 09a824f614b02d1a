/// All orders in which the calls of both sides of a direction can have moved its bytes, or messages, where calls of several threads
/// overlap.
///
/// Both sides are gone through together, on all ways that `agrees` allows, side by side: what is the same on all of them is certain. Where
/// only one way is left, a *part* of the search ends, and conclusions are drawn. Only *stretches* of the stream are gone through in
/// which something is open.
///
/// O(steps), of which there are few where times, lengths or contents tell much; after `mostStates` in one part, only the order of events is
/// followed, and nothing is certain up to the end of the stretch.
struct OrderSearch {
    /// So many states are followed in one part.
    static let mostStates = 4096

    /// Whether a receive can have taken what a send gave: the indices of both calls, how much each has moved before, and how much it is.
    typealias Agreement = (_ send: Int, _ sent: UInt64, _ receive: Int, _ received: UInt64, _ count: UInt64) -> Bool

    private struct State: Hashable {
        var sent: SequenceCursor
        var received: SequenceCursor
    }

    /// What leads from one state to another: bytes that go from a send to a receive, and where these two begin in the stream.
    private struct Step {
        let from: Int32
        let to: Int32
        let send: Int32
        let receive: Int32
        let sendStart: UInt64
        let receiveStart: UInt64
    }

    private var sends: SequenceThreads
    private var receives: SequenceThreads
    private let agrees: Agreement
    private var states: [State] = []
    private var offsets: [UInt64] = []
    private var numbers: [State: Int32] = [:]
    /// States from which the search has still to go on, and those at which it has ended.
    private var frontier: [Int32] = []
    private var endings: [Int32] = []
    private var steps: [Step] = []
    private var isLost = false
    /// What was found out about the calls of a stretch: where they stand, and in which order they come on the way that is chosen.
    private var found = Findings()

    private struct Findings {
        /// For each receive the send it took from first; -1: that is not the same on all ways.
        var givers: [Int: Int32] = [:]
        var sent: [Int: Standing] = [:]
        var received: [Int: Standing] = [:]
        var sends: [Int] = []
        var receives: [Int] = []
    }

    /// Goes through everything that is open in the two sequences, and puts into them what it finds.
    ///
    /// Returns, for receives, the send that each took from first, where that is certain.
    static func settle(_ sent: inout Sequence, _ received: inout Sequence, _ agrees: @escaping Agreement) -> [Int: Int] {
        var search = OrderSearch(sent, received, agrees)
        var givers: [Int: Int] = [:]
        for stretch in stretches(sent, received) {
            search.run(stretch)
            search.conclude(stretch, &sent, search.found.sends, search.found.sent)
            search.conclude(stretch, &received, search.found.receives, search.found.received)
            for (receive, send) in search.found.givers where send >= 0 { givers[receive] = Int(send) }
        }
        return givers
    }

    private init(_ sent: Sequence, _ received: Sequence, _ agrees: @escaping Agreement) {
        (sends, receives) = (SequenceThreads(sent), SequenceThreads(received))
        self.agrees = agrees
    }

    /// The parts of the stream that open clusters cover; those of both sides that overlap make one stretch.
    private static func stretches(_ sent: Sequence, _ received: Sequence) -> [Range<UInt64>] {
        let open = (sent.clusters + received.clusters).filter(\.isOpen).map(\.bounds)
        var stretches: [Range<UInt64>] = []
        for bounds in open.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = stretches.last, bounds.lowerBound < last.upperBound {
                stretches[stretches.count - 1] = last.lowerBound..<max(last.upperBound, bounds.upperBound)
            } else {
                stretches.append(bounds)
            }
        }
        return stretches
    }

    private func conclude(_ stretch: Range<UInt64>, _ sequence: inout Sequence, _ path: [Int], _ standings: [Int: Standing]) {
        let first = sequence.clusters.partitionPoint { $0.bounds.upperBound > stretch.lowerBound }
        var next = 0
        for cluster in sequence.clusters[first...].prefix(while: { $0.bounds.lowerBound < stretch.upperBound }) where cluster.isOpen {
            while next < path.count, path[next] < cluster.calls.lowerBound { next += 1 }
            var order: [Int] = []
            while next < path.count, path[next] < cluster.calls.upperBound {
                order.append(path[next])
                next += 1
            }
            let taken = Set(order)
            sequence.settle(cluster, order: order + cluster.calls.filter { !taken.contains($0) }, standings)
        }
    }

    // MARK: Going through

    private mutating func run(_ stretch: Range<UInt64>) {
        (found, isLost) = (Findings(), false)
        sends.forget()
        receives.forget()
        let start = State(sent: sends.cursor(at: stretch.lowerBound), received: receives.cursor(at: stretch.lowerBound))
        begin(start, at: stretch.lowerBound)
        while let next = takeFirst() {
            if frontier.isEmpty && endings.isEmpty && next > 0 {
                restart(at: next)
            } else if !follow(next, stretch) {
                endings.append(next)
            }
            if states.count > Self.mostStates { simplify() }
        }
        finishPart(endings)
    }

    private mutating func begin(_ state: State, at offset: UInt64) {
        (states, offsets, numbers) = ([state], [offset], [state: 0])
        (frontier, endings, steps) = ([0], [], [])
    }

    /// Takes the state out of the frontier that has come least far.
    private mutating func takeFirst() -> Int32? {
        let first = frontier.min { (offsets[Int($0)], $0) < (offsets[Int($1)], $1) }
        frontier.removeAll { $0 == first }
        return first
    }

    /// Too many ways: follows only that of the events from here on.
    private mutating func simplify() {
        guard let next = takeFirst() else { return }
        isLost = true
        restart(at: next)
    }

    /// Ends the part at a state, and begins the next one there.
    private mutating func restart(at number: Int32) {
        let (state, offset) = (states[Int(number)], offsets[Int(number)])
        finishPart([number])
        begin(state, at: offset)
    }

    /// Goes one step further from a state on all ways. `false` if it is an end: of the stretch, or of what one side moved.
    private mutating func follow(_ number: Int32, _ stretch: Range<UInt64>) -> Bool {
        let (state, offset) = (states[Int(number)], offsets[Int(number)])
        if offset >= stretch.upperBound { return false }
        let givers = sends.opened(state.sent, isSingle: isLost)
        let takers = receives.opened(state.received, isSingle: isLost)
        if givers.isEmpty || takers.isEmpty { return false }
        for giver in givers {
            let given = sends.sequence.unit(sends.sequence.calls[Int(giver.call)]) - giver.left
            for taker in takers {
                let taken = receives.sequence.unit(receives.sequence.calls[Int(taker.call)]) - taker.left
                let count = min(giver.left, taker.left)
                guard agrees(Int(giver.call), given, Int(taker.call), taken, count) else { continue }
                let next = State(sent: sends.moved(giver, by: count), received: receives.moved(taker, by: count))
                let to = self.number(next, at: offset &+ count)
                steps.append(
                    Step(
                        from: number, to: to, send: giver.call, receive: taker.call, sendStart: offset &- given,
                        receiveStart: offset &- taken))
            }
        }
        return true
    }

    private mutating func number(_ state: State, at offset: UInt64) -> Int32 {
        if let known = numbers[state] { return known }
        let number = Int32(truncatingIfNeeded: states.count)
        numbers[state] = number
        states.append(state)
        offsets.append(offset)
        frontier.append(number)
        return number
    }

    // MARK: Conclusions

    /// Concludes from all steps of a part that lead to one of `endings`.
    private mutating func finishPart(_ endings: [Int32]) {
        var isAlive = [Bool](repeating: false, count: states.count)
        for state in endings { isAlive[Int(state)] = true }
        /// For each state the first step by event that leads on.
        var first = [Int](repeating: -1, count: states.count)
        // Steps stand in the order of the states that they come from, and lead to later ones.
        for (index, step) in steps.enumerated().reversed() where isAlive[Int(step.to)] {
            isAlive[Int(step.from)] = true
            let known = first[Int(step.from)]
            if known < 0 || (step.send, step.receive) < (steps[known].send, steps[known].receive) { first[Int(step.from)] = index }
            Self.note(Int(step.send), step.sendStart, isLost, &found.sent)
            Self.note(Int(step.receive), step.receiveStart, isLost, &found.received)
            noteGiver(step)
        }
        if endings.count > 1 { doubtUncommon(endings) }
        var state = 0
        while first[state] >= 0 {
            let step = steps[first[state]]
            if found.sends.last != Int(step.send) { found.sends.append(Int(step.send)) }
            if found.receives.last != Int(step.receive) { found.receives.append(Int(step.receive)) }
            state = Int(step.to)
        }
    }

    private mutating func noteGiver(_ step: Step) {
        guard step.receiveStart == offsets[Int(step.from)] else { return }
        let known = found.givers[Int(step.receive)] ?? step.send
        found.givers[Int(step.receive)] = known == step.send && !isLost ? known : -1
    }

    private static func note(_ call: Int, _ start: UInt64, _ isLost: Bool, _ standings: inout [Int: Standing]) {
        let known = standings[call] ?? Standing(start: start, least: start, isCertain: true)
        standings[call] = Standing(
            start: start, least: isLost ? 0 : min(known.least, start), isCertain: known.isCertain && known.start == start && !isLost)
    }

    /// What some ways end without has no certain place.
    private mutating func doubtUncommon(_ endings: [Int32]) {
        for cursor in Set(endings.map { states[Int($0)].sent }) {
            for call in Set(steps.map(\.send)) where !sends.hasBegun(call, cursor) { found.sent[Int(call)]?.isCertain = false }
        }
        for cursor in Set(endings.map { states[Int($0)].received }) {
            for call in Set(steps.map(\.receive)) where !receives.hasBegun(call, cursor) {
                found.received[Int(call)]?.isCertain = false
                found.givers[Int(call)] = -1
            }
        }
    }
}
