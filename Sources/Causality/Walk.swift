import RunModel

/// Finds what comes before a moment of a line, going back along lines and influences, nearest first.
///
/// Holds a few moments for each line. All lines are gone back together, a block at a time, until the checkpoints that are met stand for the
/// rest: what lies behind them is not visited.
struct Walk<Failure: Error> {
    /// Where what was looked for was found.
    enum Hit {
        /// At the end of this way.
        case influence(entry: Int)
        /// Before the block of this number, which the entry leads to.
        case checkpoint(entry: Int, block: Int)
    }

    /// A stretch of a line that comes before the start: it ends at `end`, from where `influence` (none: the start) leads on to `parent`.
    private struct Entry {
        var line: Int
        var end: Moment
        var influence: Influence?
        var parent: Int
        /// The block to go on in; `nil`: the last one at or before `end`.
        var block: Int?
    }

    /// For each line how far it comes before the start, as far as is known; `beginning`: not at all.
    private(set) var latest: [Moment]
    /// How many influences were gone over.
    private(set) var visited = 0
    private let source: any InfluenceSource<Failure>
    private let usesCheckpoints: Bool
    /// What is looked for: this line, at or after this moment.
    private let target: (line: Int, moment: Moment)?
    /// For each line: checkpoints tell all that comes before this moment of it.
    private var settled: [Moment]
    /// For each line: from here down to what is settled, all was followed, or will be by an entry to come.
    private var reached: [Moment]
    private var found: [Entry]
    private var next = 0

    init(
        _ source: any InfluenceSource<Failure>, from line: Int, _ moment: Moment, block: Int? = nil,
        to target: (line: Int, moment: Moment)? = nil, usingCheckpoints: Bool = true
    ) {
        self.source = source
        self.target = target
        usesCheckpoints = usingCheckpoints
        latest = [Moment](repeating: .beginning, count: source.lineCount)
        settled = latest
        reached = latest
        latest[line] = moment
        if block != nil { reached[line] = moment }
        found = [Entry(line: line, end: moment, influence: nil, parent: -1, block: block)]
    }

    /// Goes on until the target is found; `nil` if it does not come before the start.
    mutating func run() throws(Failure) -> Hit? {
        while next < found.count {
            if let hit = try visit(next) { return hit }
            next += 1
        }
        return nil
    }

    /// Follows the influences on one stretch: all of it if the line was visited before, else one block, and the others later.
    private mutating func visit(_ entry: Int) throws(Failure) -> Hit? {
        let (line, end) = (found[entry].line, found[entry].end)
        if let number = found[entry].block {
            guard settled[line] < end, let block = try source.block(number, of: line) else { return nil }
            let (hit, goesOn) = follow(block, from: entry, downTo: .beginning)
            if goesOn { goOn(entry, before: block) }
            return hit
        }
        let before = reached[line]
        guard max(settled[line], before) < end else { return nil }
        reached[line] = end
        var block = try source.block(of: line, atOrBefore: end)
        while let current = block {
            let (hit, goesOn) = follow(current, from: entry, downTo: before)
            if hit != nil || !goesOn { return hit }
            if before == .beginning {
                goOn(entry, before: current)
                return nil
            }
            block = try source.block(Int(current.number) - 1, of: line)
        }
        return nil
    }

    private mutating func goOn(_ entry: Int, before block: InfluenceBlock) {
        guard let first = block.influences.first else { return }
        var further = found[entry]
        further.end = min(further.end, first.to)
        further.block = Int(block.number) - 1
        found.append(further)
    }

    /// Follows those influences of a block that lead to the entry's stretch, down to a moment; whether more may lie before the block.
    private mutating func follow(_ block: InfluenceBlock, from entry: Int, downTo floor: Moment) -> (hit: Hit?, goesOn: Bool) {
        let (line, end) = (found[entry].line, found[entry].end)
        let checkpoint = usesCheckpoints ? block.checkpoint : nil
        if let checkpoint, join(checkpoint) { return (.checkpoint(entry: entry, block: Int(block.number)), false) }
        let floor = max(floor, settled[line])
        visited += block.influences.count
        for influence in block.influences.reversed() where influence.to <= end {
            guard floor < influence.to else { return (nil, false) }
            if let hit = follow(influence, from: entry) { return (hit, false) }
        }
        return (nil, checkpoint == nil && block.number > 0)
    }

    /// Takes in what is known to come before a block; whether the target does.
    private mutating func join(_ checkpoint: [Reach]) -> Bool {
        for reach in checkpoint where latest.indices.contains(Int(reach.line)) && reach.moment > settled[Int(reach.line)] {
            settled[Int(reach.line)] = reach.moment
            if reach.moment > latest[Int(reach.line)] { latest[Int(reach.line)] = reach.moment }
        }
        return target.map { latest[$0.line] >= $0.moment } ?? false
    }

    private mutating func follow(_ influence: Influence, from entry: Int) -> Hit? {
        let line = source.chains.line(of: influence.fromChain, source.ordering)
        guard latest[line] < influence.from else { return nil }
        latest[line] = influence.from
        found.append(Entry(line: line, end: influence.from, influence: influence, parent: entry, block: nil))
        guard let target, target.line == line, target.moment <= influence.from else { return nil }
        return .influence(entry: found.count - 1)
    }

    /// The influences from an entry's stretch to the start.
    func path(from entry: Int) -> [Influence] {
        var path: [Influence] = []
        var entry = entry
        while let influence = found[entry].influence {
            path.append(influence)
            entry = found[entry].parent
        }
        return path
    }

    /// The line of an entry.
    func line(of entry: Int) -> Int { found[entry].line }
}

extension InfluenceSource {
    /// The influences on the way from one line's moment to another's; `nil` if there is no way.
    ///
    /// A checkpoint says that there is a way, but not which: then the search goes on from where the line of the checkpoint first knew.
    func way(from a: (line: Int, moment: Moment), to b: (line: Int, moment: Moment)) throws(Failure) -> [Influence]? {
        var walk = Walk<Failure>(self, from: b.line, b.moment, to: a)
        guard var hit = try walk.run() else { return nil }
        var way: [Influence] = []
        while true {
            guard case .checkpoint(let entry, let block) = hit else {
                if case .influence(let entry) = hit { way = walk.path(from: entry) + way }
                return way
            }
            way = walk.path(from: entry) + way
            let line = walk.line(of: entry)
            let before = try firstBlock(of: line, knowing: a, upTo: block) - 1
            guard let last = try self.block(before, of: line)?.influences.last else { break }
            walk = Walk<Failure>(self, from: line, last.to, block: before, to: a)
            guard let further = try walk.run() else { break }
            hit = further
        }
        // The checkpoints contradict the influences: an index that was damaged. The influences decide.
        walk = Walk<Failure>(self, from: b.line, b.moment, to: a, usingCheckpoints: false)
        guard case .influence(let entry) = try walk.run() else { return nil }
        return walk.path(from: entry)
    }

    /// The first block of `line` whose checkpoint has `known` in it, of those up to `last`, which has. Where blocks have no checkpoints, a
    /// later one may be found, which is as good, only slower.
    private func firstBlock(of line: Int, knowing known: (line: Int, moment: Moment), upTo last: Int) throws(Failure) -> Int {
        var (low, high) = (0, last)
        while high - low > 1 {
            let middle = (low + high) / 2
            let reach = try checkpoint(middle, of: line)?.first { Int($0.line) == known.line }
            if let reach, reach.moment >= known.moment { high = middle } else { low = middle }
        }
        return high
    }
}
