/// How far the calls of a side have come, on one of the ways that an `OrderSearch` follows.
struct SequenceCursor: Hashable {
    /// The cluster that it has come to.
    var cluster: Int
    /// For each thread of the cluster, how many of its calls have begun.
    var begun: [Int32]
    /// The call under way; -1 if there is none.
    var call: Int32 = -1
    /// How much that one has still to move.
    var left: UInt64 = 0
}

/// The calls of a sequence by cluster and thread, for those who go through them in every possible order.
struct SequenceThreads {
    let sequence: Sequence
    /// For the clusters that were asked for, the calls of each thread.
    private var known: [Int: [[Int32]]] = [:]

    init(_ sequence: Sequence) { self.sequence = sequence }

    /// Forgets what was asked for.
    mutating func forget() { known = [:] }

    private mutating func threads(of cluster: Int) -> [[Int32]] {
        guard cluster < sequence.clusters.count else { return [] }
        if let threads = known[cluster] { return threads }
        var numbers: [Int32: Int] = [:]
        var threads: [[Int32]] = []
        for index in sequence.clusters[cluster].calls {
            let number = numbers[sequence.calls[index].task] ?? threads.count
            if number == threads.count {
                numbers[sequence.calls[index].task] = number
                threads.append([])
            }
            threads[number].append(Int32(truncatingIfNeeded: index))
        }
        known[cluster] = threads
        return threads
    }

    /// The cursor behind so many bytes, or messages: at the edge of a cluster, or in one whose order is known. O(calls of the cluster).
    mutating func cursor(at start: UInt64) -> SequenceCursor {
        let cluster = sequence.clusters.partitionPoint { $0.bounds.upperBound > start }
        var cursor = SequenceCursor(cluster: cluster, begun: threads(of: cluster).map { _ in 0 })
        guard cluster < sequence.clusters.count else { return cursor }
        var end = sequence.clusters[cluster].bounds.lowerBound
        while end < start, let next = opened(cursor).first {
            let taken = min(start - end, next.left)
            cursor = moved(next, by: taken)
            end += taken
        }
        return cursor
    }

    /// The cursors at which a call is under way: this one, or one for each call that may come next; if `isSingle`, for the first of these
    /// by event.
    ///
    /// A call may come next if no other that is left ended before it began. O(threads), and as much for each cursor.
    mutating func opened(_ cursor: SequenceCursor, isSingle: Bool = false) -> [SequenceCursor] {
        if cursor.call >= 0 { return [cursor] }
        let threads = threads(of: cursor.cluster)
        var fronts: [(thread: Int, call: Int32)] = []
        for (thread, count) in cursor.begun.enumerated() where Int(count) < threads[thread].count {
            fronts.append((thread, threads[thread][Int(count)]))
        }
        let calls = sequence.calls
        guard let end = fronts.map({ (calls[Int($0.call)].latest, $0.call) }).min(by: <) else { return [] }
        let possible = fronts.sorted { $0.call < $1.call }.filter { front in
            let start = calls[Int(front.call)].earliest
            return front.call == end.1 || start < end.0 || (start == end.0 && front.call < end.1)
        }
        return possible.prefix(isSingle ? 1 : .max).map { front in
            var next = cursor
            next.begun[front.thread] += 1
            next.call = front.call
            next.left = sequence.unit(calls[Int(front.call)])
            return next
        }
    }

    /// The cursor after the call under way has moved so much more.
    mutating func moved(_ cursor: SequenceCursor, by count: UInt64) -> SequenceCursor {
        var next = cursor
        next.left -= count
        guard next.left == 0 else { return next }
        next.call = -1
        let threads = threads(of: cursor.cluster)
        if zip(threads, next.begun).allSatisfy({ $0.count == Int($1) }) {
            next.cluster += 1
            next.begun = self.threads(of: next.cluster).map { _ in 0 }
        }
        return next
    }

    /// Whether a call has begun at a cursor.
    mutating func hasBegun(_ call: Int32, _ cursor: SequenceCursor) -> Bool {
        guard cursor.cluster < sequence.clusters.count else { return true }
        let calls = sequence.clusters[cursor.cluster].calls
        guard calls.contains(Int(call)) else { return Int(call) < calls.lowerBound }
        return zip(threads(of: cursor.cluster), cursor.begun).contains { $0.prefix(Int($1)).contains(call) }
    }
}
