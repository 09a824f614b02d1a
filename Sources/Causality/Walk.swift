import RunModel

/// Finds what comes before a moment of a line, going back along lines and influences, nearest first.
///
/// Holds one moment for each line. A block's checkpoint stands for all that comes before the block: what lies behind it is not visited.
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
    }

    /// For each line how far it comes before the start, as far as is known; `beginning`: not at all.
    private(set) var latest: [Moment]
    private let source: any InfluenceSource<Failure>
    private let usesCheckpoints: Bool
    /// What is looked for: this line, at or after this moment.
    private let target: (line: Int, moment: Moment)?
    /// For each line: all that comes before this moment of it is in `latest`, or will be by the entries to come.
    private var settled: [Moment]
    private var found: [Entry]
    private var next = 0
    /// The block to begin in, if not the last one of the line.
    private var firstBlock: Int?

    init(
        _ source: any InfluenceSource<Failure>, from line: Int, _ moment: Moment, block: Int? = nil,
        to target: (line: Int, moment: Moment)? = nil, usingCheckpoints: Bool = true
    ) {
        self.source = source
        self.target = target
        usesCheckpoints = usingCheckpoints
        firstBlock = block
        latest = [Moment](repeating: .beginning, count: source.lineCount)
        settled = latest
        latest[line] = moment
        found = [Entry(line: line, end: moment, influence: nil, parent: -1)]
    }

    /// Goes on until the target is found; `nil` if it does not come before the start.
    mutating func run() throws(Failure) -> Hit? {
        while next < found.count {
            if let hit = try visit(next) { return hit }
            next += 1
        }
        return nil
    }

    /// Follows the influences on one stretch.
    private mutating func visit(_ entry: Int) throws(Failure) -> Hit? {
        let (line, end) = (found[entry].line, found[entry].end)
        guard settled[line] < end else { return nil }
        var block: InfluenceBlock?
        if let number = firstBlock {
            block = try source.block(number, of: line)
        } else {
            block = try source.block(of: line, atOrBefore: end)
        }
        firstBlock = nil
        while let current = block {
            let checkpoint = usesCheckpoints ? current.checkpoint : nil
            if let checkpoint, join(checkpoint) { return .checkpoint(entry: entry, block: Int(current.number)) }
            for influence in current.influences.reversed() where influence.to <= end {
                guard settled[line] < influence.to else { break }
                if let hit = follow(influence, from: entry) { return hit }
            }
            guard checkpoint == nil, let first = current.influences.first, settled[line] < first.to else { break }
            block = try source.block(Int(current.number) - 1, of: line)
        }
        settled[line] = max(settled[line], end)
        return nil
    }

    /// Takes in what is known to come before a block; whether the target does.
    private mutating func join(_ checkpoint: [Moment]) -> Bool {
        for line in 0..<min(checkpoint.count, latest.count) where checkpoint[line] > settled[line] {
            settled[line] = checkpoint[line]
            if checkpoint[line] > latest[line] { latest[line] = checkpoint[line] }
        }
        return target.map { latest[$0.line] >= $0.moment } ?? false
    }

    private mutating func follow(_ influence: Influence, from entry: Int) -> Hit? {
        let line = source.chains.line(of: influence.fromChain, source.ordering)
        guard latest[line] < influence.from else { return nil }
        latest[line] = influence.from
        found.append(Entry(line: line, end: influence.from, influence: influence, parent: entry))
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

    /// The first block of `line`, of those up to `last`, which knows, whose checkpoint has `moment` of another line in it.
    private func firstBlock(of line: Int, knowing known: (line: Int, moment: Moment), upTo last: Int) throws(Failure) -> Int {
        var (low, high) = (0, last)
        while high - low > 1 {
            let middle = (low + high) / 2
            let checkpoint = try checkpoint(middle, of: line) ?? []
            if checkpoint.indices.contains(known.line) && checkpoint[known.line] >= known.moment { high = middle } else { low = middle }
        }
        return high
    }
}
