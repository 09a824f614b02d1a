/// Which accepting endpoints could be the other end of which connecting ones, and what follows from it.
///
/// The connecting and accepting endpoints of one *component* (those that reach each other over candidates) are
/// decided together. If there are as many of one as of the other, each is taken to have its partner here, and
/// whatever that forces is joined: an endpoint with one candidate gets it, and all others lose that candidate. If
/// the numbers differ, somebody's partner was not recorded, and nothing follows.
struct Candidates {
    /// When a connection was asked for, or accepted.
    struct Interval {
        var earliest: Int64
        var latest: Int64
    }

    /// What may be concluded within a component.
    enum Trust {
        /// Nothing, but that two endpoints without an alternative belong together.
        case pairs
        /// What an endpoint with one candidate takes, no other can have.
        case elimination
        /// Moreover, all connections came out of one listener's queue, which keeps their order: a connection's rank among the
        /// connects is its rank among the accepts, as far as times tell both.
        case queue
    }

    /// For each connecting endpoint the accepting ones that fit, and the other way round.
    private var ofConnect: [[Int]]
    private var ofAccept: [[Int]]
    /// The decisions: the accepting endpoint of each connecting one.
    private(set) var partner: [Int?]
    /// The endpoints that have candidates of which none could be chosen.
    private(set) var openConnects: [Int] = []
    private(set) var openAccepts: [Int] = []

    init(ofConnect: [[Int]], accepts: Int) {
        self.ofConnect = ofConnect
        ofAccept = [[Int]](repeating: [], count: accepts)
        partner = [Int?](repeating: nil, count: ofConnect.count)
        for (connect, list) in ofConnect.enumerated() { for accept in list { ofAccept[accept].append(connect) } }
    }

    /// Decides what can be decided; `trust` says how far, given the members of a component.
    mutating func decide(times: (connects: [Interval], accepts: [Interval]), trust: (_ connects: [Int], _ accepts: [Int]) -> Trust) {
        var seen = [Bool](repeating: false, count: ofConnect.count)
        for start in ofConnect.indices where !seen[start] && !ofConnect[start].isEmpty {
            let (connects, accepts) = component(of: start, &seen)
            let left = decide(connects, accepts, times, trust)
            if left == nil { for connect in connects { partner[connect] = nil } }
            openConnects += left?.connects ?? connects
            openAccepts += left?.accepts ?? accepts
        }
    }

    /// Decides one component; returns what stays open, `nil` for all of it.
    private mutating func decide(
        _ connects: [Int], _ accepts: [Int], _ times: (connects: [Interval], accepts: [Interval]), _ trust: ([Int], [Int]) -> Trust
    ) -> (connects: [Int], accepts: [Int])? {
        guard connects.count == accepts.count else { return nil }
        let trust = connects.count == 1 ? .elimination : trust(connects, accepts)
        guard trust != .pairs, let left = eliminate(connects, accepts) else { return nil }
        guard trust == .queue, !left.connects.isEmpty else { return left }
        restrict(left.connects, left.accepts, times)
        return eliminate(left.connects, left.accepts)
    }

    /// Takes a decision back.
    mutating func reopen(connect: Int, accept: Int) {
        partner[connect] = nil
        openConnects.append(connect)
        openAccepts.append(accept)
    }

    private func component(of start: Int, _ seen: inout [Bool]) -> (connects: [Int], accepts: [Int]) {
        var connects = [start]
        var accepts: Set<Int> = []
        seen[start] = true
        var next = 0
        while next < connects.count {
            for accept in ofConnect[connects[next]] where accepts.insert(accept).inserted {
                for connect in ofAccept[accept] where !seen[connect] {
                    seen[connect] = true
                    connects.append(connect)
                }
            }
            next += 1
        }
        return (connects.sorted(), accepts.sorted())
    }

    /// Joins whatever has one candidate left, until nothing has; returns what is left, or `nil` if an endpoint lost
    /// its last candidate: then not all partners are here.
    private mutating func eliminate(_ connects: [Int], _ accepts: [Int]) -> (connects: [Int], accepts: [Int])? {
        guard connects.allSatisfy({ !ofConnect[$0].isEmpty }), accepts.allSatisfy({ !ofAccept[$0].isEmpty }) else { return nil }
        var taken: Set<Int> = []
        var work: [(connect: Int, accept: Int)] = []
        work += connects.compactMap { ofConnect[$0].count == 1 ? ($0, ofConnect[$0][0]) : nil }
        work += accepts.compactMap { ofAccept[$0].count == 1 ? (ofAccept[$0][0], $0) : nil }
        while let (connect, accept) = work.popLast() {
            if partner[connect] == accept { continue }
            guard partner[connect] == nil, taken.insert(accept).inserted else { return nil }
            partner[connect] = accept
            for other in ofConnect[connect] where other != accept {
                ofAccept[other].removeAll { $0 == connect }
                guard let first = ofAccept[other].first else { return nil }
                if ofAccept[other].count == 1 { work.append((first, other)) }
            }
            for other in ofAccept[accept] where other != connect {
                ofConnect[other].removeAll { $0 == accept }
                guard let first = ofConnect[other].first else { return nil }
                if ofConnect[other].count == 1 { work.append((other, first)) }
            }
            ofConnect[connect] = [accept]
            ofAccept[accept] = [connect]
        }
        return (connects.filter { partner[$0] == nil }, accepts.filter { !taken.contains($0) })
    }

    /// Drops candidates whose rank among the accepts cannot be that of the connect.
    private mutating func restrict(_ connects: [Int], _ accepts: [Int], _ times: (connects: [Interval], accepts: [Interval])) {
        let connectRanks = Self.ranks(connects.map { times.connects[$0] })
        let acceptRanks = Self.ranks(accepts.map { times.accepts[$0] })
        var acceptRank: [Int: ClosedRange<Int>] = [:]
        for (index, accept) in accepts.enumerated() {
            acceptRank[accept] = acceptRanks[index]
            ofAccept[accept] = []
        }
        for (index, connect) in connects.enumerated() {
            ofConnect[connect].removeAll { !(acceptRank[$0]?.overlaps(connectRanks[index]) ?? false) }
            for accept in ofConnect[connect] { ofAccept[accept].append(connect) }
        }
    }

    /// Between which ranks the times leave each interval: those wholly before it come before, those wholly after it after.
    private static func ranks(_ intervals: [Interval]) -> [ClosedRange<Int>] {
        let starts = intervals.map(\.earliest).sorted()
        let ends = intervals.map(\.latest).sorted()
        return intervals.map { interval in
            let low = ends.partitionPoint { $0 >= interval.earliest }
            let high = starts.partitionPoint { $0 > interval.latest } - 1
            return min(low, high)...max(low, high)
        }
    }
}

extension Array {
    /// The index of the first element that `isBehind`, in an array in which all those that are come last. O(log n).
    func partitionPoint(_ isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
