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

/// The order in which the calls of one side moved their bytes: a call that ended before another began comes before it, and the calls of one
/// thread keep their order. Where calls of several threads overlap, that of their events is taken, until an `OrderSearch` tells more.
struct Sequence {
    /// Calls that overlap: all calls before the cluster ended before any of it began, and all behind it began later.
    struct Cluster {
        /// The indices of its calls, and in `order` their places.
        let calls: Range<Int>
        /// What stands before it, and before the next.
        let bounds: Range<UInt64>
        /// Whether it has calls of several threads.
        let isOpen: Bool
    }

    /// Where each call stands, by its index in `calls`.
    private(set) var standings: [Standing] = []
    /// The indices of the calls, in the chosen order.
    private(set) var order: [Int]
    /// How the calls fall apart.
    let clusters: [Cluster]
    let calls: [Call]
    /// How much a call adds to what stands before the next: its bytes, or 1.
    let unit: (Call) -> UInt64

    /// The sequence of `calls`, which stand in the order of their events. O(calls).
    init(_ calls: [Call], unit: @escaping (Call) -> UInt64) {
        self.calls = calls
        self.unit = unit
        order = Array(calls.indices)
        standings.reserveCapacity(calls.count)
        var clusters: [Cluster] = []
        var (start, first) = (UInt64(0), 0)
        for end in Self.clusterEnds(calls) {
            let isOpen = calls[first..<end].contains { $0.task != calls[first].task }
            let begin = start
            for call in calls[first..<end] {
                standings.append(Standing(start: start, least: isOpen ? begin : start, isCertain: !isOpen))
                start &+= unit(call)
            }
            clusters.append(Cluster(calls: first..<end, bounds: begin..<max(begin, start), isOpen: isOpen))
            first = end
        }
        self.clusters = clusters
    }

    /// Whether all calls have a certain place.
    var isCertain: Bool { standings.allSatisfy(\.isCertain) }

    /// Puts the calls of a cluster in `order`; `standings` says more about some of them.
    mutating func settle(_ cluster: Cluster, order found: [Int], _ known: [Int: Standing]) {
        var start = cluster.bounds.lowerBound
        for (place, index) in zip(cluster.calls, found) {
            order[place] = index
            standings[index] = known[index] ?? Standing(start: start, least: cluster.bounds.lowerBound, isCertain: false)
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
}
