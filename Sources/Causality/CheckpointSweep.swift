import RunModel

/// Goes once over all influences in a linear order, and decides which blocks get a checkpoint.
///
/// If every line took one at every block, working them out would cost O(influences * lines). One line that all others hear of is enough:
/// what comes before its checkpoint comes before theirs, too, and is not gone over again. So a line takes one only if it has not heard of a
/// new one for two blocks, and goes on as long as it hears of nobody else's. Lines that never hear of each other each take their own.
/// All checkpoints together go over each influence a few times at most: what is over that has to wait.
struct CheckpointSweep {
    private(set) var graph: RelationGraph
    /// How many influences were taken, by all lines together: the time by which checkpoints are new or old.
    private var time: Int32 = 0
    private var states: [State]
    /// How many influences were gone over for checkpoints.
    private var work = 0
    /// So many times the influences there are, at most.
    private static let patience = 3
    /// For each influence under way, the newest checkpoint that its giver had heard of.
    private var carried: [Int32]

    /// What each line knows.
    private struct State {
        /// When the newest checkpoint was taken that the line has heard of; its own count, too. -1: none.
        var heard: Int32 = -1
        /// When it took its own last one.
        var own: Int32 = -1
        /// When its last block began, and the one before.
        var began: (last: Int32, before: Int32) = (-1, -1)
        /// How many influences it took.
        var taken = 0
        /// How many of them before it may take its next checkpoint.
        var pause = 0
    }

    init(_ graph: RelationGraph) {
        self.graph = graph
        states = Array(repeating: State(), count: graph.lineCount)
        carried = [Int32](repeating: -1, count: graph.table.all.count)
    }

    mutating func run(_ ranks: InfluenceRanks, order: TotalOrder) {
        var incoming = graph.table.into.map(\.lowerBound)
        var outgoing = graph.table.from.map(\.lowerBound)
        for (rank, id) in order.sequence.enumerated() {
            advance(Int(id.index), to: Int32(truncatingIfNeeded: rank), ranks, &incoming, &outgoing)
        }
        // Links may lead on behind the last operation of a node.
        for node in incoming.indices { advance(node, to: .max, ranks, &incoming, &outgoing) }
    }

    /// Takes and gives all that `node` takes and gives up to `rank`.
    private mutating func advance(_ node: Int, to rank: Int32, _ ranks: InfluenceRanks, _ incoming: inout [Int], _ outgoing: inout [Int]) {
        let (inEnd, outEnd) = (graph.table.into[node].upperBound, graph.table.from[node].upperBound)
        while true {
            let taken = incoming[node] < inEnd ? ranks.to[incoming[node]] : .max
            let given = outgoing[node] < outEnd ? ranks.from[outgoing[node]] : .max
            if incoming[node] < inEnd, taken <= rank, taken <= given {
                take(incoming[node])
                incoming[node] += 1
            } else if outgoing[node] < outEnd, given <= rank {
                let line = graph.chains.line(of: ranks.fromChain[outgoing[node]], graph.ordering)
                carried[Int(graph.table.outgoing[outgoing[node]])] = states[line].heard
                outgoing[node] += 1
            } else {
                return
            }
        }
    }

    private mutating func take(_ index: Int) {
        guard let line = graph.target(index) else { return }
        if states[line].taken.isMultiple(of: graph.capacity) && states[line].taken > 0 {
            begin(states[line].taken / graph.capacity, of: line)
        }
        states[line].taken += 1
        states[line].heard = max(states[line].heard, carried[index])
        time += 1
    }

    /// Begins block `number` of `line`, perhaps with a checkpoint.
    private mutating func begin(_ number: Int, of line: Int) {
        let state = states[line]
        let leads = state.own >= 0 && state.heard == state.own
        if leads || state.heard <= state.began.before, state.taken >= state.pause, work <= Self.patience * Int(time) {
            let (reaches, visited) = graph.addCheckpoint(number, of: line)
            work += visited + graph.lineCount
            // Checkpoints take no more room than what they stand for.
            states[line].pause = state.taken + reaches
            states[line].own = time
            states[line].heard = time
        }
        states[line].began = (time, state.began.last)
    }
}
