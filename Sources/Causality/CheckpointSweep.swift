import RunModel

/// Goes once over all influences in a linear order, and works out how far every line has come in the past of each checkpoint.
///
/// Each line has a vector with one number for each line; what is under way carries the vector of the line that gave it. These are kept only
/// as long as something is under way with them: no vector for each operation. O(influences * lines / 16).
struct CheckpointSweep {
    /// For each line, the indices of the influences on it.
    private(set) var members: [[Int32]]
    /// For each line, the checkpoints of its blocks but the first.
    private(set) var checkpoints: [[[Moment]?]]

    private let ordering: Ordering
    private let table: InfluenceTable
    private let chains: Chains
    private let capacity: Int
    private let lines: Int
    /// What each line knows of each: one more than an index of `table.outgoing`.
    private var vectors: VectorRows
    /// The vectors under way.
    private var pool: VectorRows
    private var free: [Int32] = []
    /// For each row of the pool, how many influences are under way with it.
    private var users: [Int32] = []
    /// For each line, the row of the pool that equals its vector; -1 for none.
    private var current: [Int32]
    /// Lines of whose past something is not known, because too much was under way.
    private var isBroken: [Bool]
    /// For each influence under way, its row of the pool (-1 for none), and where it stands in `table.outgoing`.
    private var carried: [(row: Int32, place: Int32)]

    /// Nothing more is put under way when the pool has taken so many bytes. Then checkpoints are left out, and questions take longer.
    private static let maximumPool = 128 << 20
    /// With more lines, vectors would take too much memory: no checkpoints.
    private static let maximumLines = 4096

    init(_ ordering: Ordering, _ table: InfluenceTable, chains: Chains, capacity: Int) {
        self.ordering = ordering
        self.table = table
        self.chains = chains
        self.capacity = capacity
        lines = chains.lineCount(ordering)
        members = [[Int32]](repeating: [], count: lines)
        checkpoints = [[[Moment]?]](repeating: [], count: lines)
        let isTooWide = lines > Self.maximumLines
        vectors = VectorRows(width: isTooWide ? 0 : lines, count: lines)
        pool = VectorRows(width: isTooWide ? 0 : lines, count: 0)
        current = [Int32](repeating: -1, count: lines)
        isBroken = [Bool](repeating: isTooWide, count: lines)
        carried = Array(repeating: (-1, -1), count: table.all.count)
    }

    mutating func run(nodes: [NodeActivity], order: TotalOrder) {
        var incoming = table.into.map(\.lowerBound)
        var outgoing = table.from.map(\.lowerBound)
        var next = [Int](repeating: 0, count: nodes.count)
        for id in order.sequence {
            let node = Int(id.index)
            let moment = nodes[node].operations[next[node]].at
            next[node] += 1
            advance(node, to: moment, &incoming[node], &outgoing[node])
        }
        // Links may lead on behind the last operation of a node.
        for node in nodes.indices { advance(node, to: Moment(packed: .max), &incoming[node], &outgoing[node]) }
    }

    /// Takes and gives all that `node` takes and gives up to `moment`.
    private mutating func advance(_ node: Int, to moment: Moment, _ incoming: inout Int, _ outgoing: inout Int) {
        let (inEnd, outEnd) = (table.into[node].upperBound, table.from[node].upperBound)
        while true {
            let taken = incoming < inEnd ? table.all[incoming].to : nil
            let given = outgoing < outEnd ? table.all[Int(table.outgoing[outgoing])].from : nil
            if let taken, taken <= moment, taken <= given ?? taken {
                take(incoming)
                incoming += 1
            } else if let given, given <= moment {
                give(outgoing)
                outgoing += 1
            } else {
                return
            }
        }
    }

    private mutating func give(_ place: Int) {
        let index = Int(table.outgoing[place])
        let line = chains.line(of: table.all[index].fromChain, ordering)
        guard line != chains.line(of: table.all[index].toChain, ordering) else { return }
        carried[index].place = Int32(truncatingIfNeeded: place)
        guard !isBroken[line] else { return }
        if current[line] < 0 { current[line] = newRow(copying: line) }
        guard current[line] >= 0 else { return }
        carried[index].row = current[line]
        users[Int(current[line])] += 1
    }

    private mutating func take(_ index: Int) {
        let line = chains.line(of: table.all[index].toChain, ordering)
        let source = chains.line(of: table.all[index].fromChain, ordering)
        guard line != source else { return }
        if !members[line].isEmpty && members[line].count.isMultiple(of: capacity) {
            checkpoints[line].append(isBroken[line] ? nil : checkpoint(of: line, before: table.all[index].to))
        }
        members[line].append(Int32(truncatingIfNeeded: index))
        let (row, place) = carried[index]
        guard row >= 0 else {
            isBroken[line] = true
            return
        }
        users[Int(row)] -= 1
        // What the line knew of the giver's past already says nothing new.
        if vectors[line, source] <= place {
            vectors.join(line, pool, Int(row))
            vectors[line, source] = place + 1
            let old = current[line]
            current[line] = -1
            if old >= 0 && users[Int(old)] == 0 { free.append(old) }
        }
        if users[Int(row)] == 0 && current[source] != row { free.append(row) }
    }

    /// A row of the pool that equals the vector of `line`; -1 if there is no room.
    private mutating func newRow(copying line: Int) -> Int32 {
        if let row = free.popLast() {
            pool.copy(Int(row), from: vectors, line)
            return row
        }
        guard pool.bytes < Self.maximumPool else { return -1 }
        users.append(0)
        return Int32(truncatingIfNeeded: pool.append(from: vectors, line))
    }

    private func checkpoint(of line: Int, before moment: Moment) -> [Moment] {
        (0..<lines).map { other in
            if other == line { return Moment(packed: moment.packed &- 1) }
            let place = Int(vectors[line, other])
            return place == 0 ? .beginning : table.all[Int(table.outgoing[place - 1])].from
        }
    }
}

/// Rows of numbers that are compared as wholes.
private struct VectorRows {
    private var words: [SIMD16<Int32>]
    private let stride: Int

    init(width: Int, count: Int) {
        stride = (width + 15) / 16
        words = Array(repeating: .zero, count: stride * count)
    }

    var bytes: Int { words.count * 64 }

    subscript(row: Int, column: Int) -> Int32 {
        get { words[row * stride + column / 16][column % 16] }
        set { words[row * stride + column / 16][column % 16] = newValue }
    }

    /// The greater of both in each column.
    mutating func join(_ row: Int, _ other: VectorRows, _ otherRow: Int) {
        for word in 0..<stride {
            let (a, b) = (words[row * stride + word], other.words[otherRow * stride + word])
            words[row * stride + word] = a.replacing(with: b, where: b .> a)
        }
    }

    mutating func copy(_ row: Int, from other: VectorRows, _ otherRow: Int) {
        for word in 0..<stride { words[row * stride + word] = other.words[otherRow * stride + word] }
    }

    /// Returns the number of the new row.
    mutating func append(from other: VectorRows, _ otherRow: Int) -> Int {
        let row = words.count / max(stride, 1)
        words.append(contentsOf: other.words[otherRow * stride..<(otherRow + 1) * stride])
        return row
    }
}
