import RunModel

/// How many accepts a connection that shows no answer may have to wait behind: the length of a queue that is looked through.
private let longestQueue = 256

extension Histories {
    /// The indices in `accepts` (sorted by the latest time of their accept) of all that fit `connecting`.
    ///
    /// Looks at those from its connect to the first sign that it was accepted, or to the end of a long queue.
    func candidates(for connecting: Int, among accepts: [Int], _ slack: Int64, where fits: (Int, Int) -> Bool) -> [Int] {
        let history = whole(connecting)
        var found: [Int] = []
        var queue = 0
        var index = accepts.partitionPoint { notAfter(history.openEarliest, all[$0].openLatest, slack) }
        while index < accepts.count, queue < longestQueue {
            let accepted = all[accepts[index]].openLatest
            guard notAfter(accepted, history.answered, slack) else { break }
            if !notAfter(accepted, history.openEarliest, slack) { queue += 1 }
            if fits(connecting, accepts[index]) && areConsistent(connecting: connecting, accepting: accepts[index]) { found.append(index) }
            index += 1
        }
        return found
    }

    /// By how many nanoseconds the times of any two of these endpoints may contradict each other.
    func slack(_ slots: [Int]) -> Int64 { slots.allSatisfy { all[$0].host == all[slots[0]].host } ? 0 : slackBetweenHosts }

    /// What may be concluded among endpoints whose addresses are not known. Nothing where clocks are not exact: then too much fits.
    func trust(_ connects: [Int], _ accepts: [Int]) -> Candidates.Trust {
        guard slack(connects + accepts) == 0 else { return .pairs }
        // A TCP connect in the background returns before the connection is in the queue.
        guard let first = accepts.first, all[first].kind != .tcp, accepts.allSatisfy({ all[$0].id.node == all[first].id.node })
        else { return .elimination }
        let name = endpoint(first).local
        let isOneName = name != nil && name != .unixUnnamed && accepts.allSatisfy { endpoint($0).local == name }
        return isOneName || listeners(all[first].id.node, all[first].kind) <= 1 ? .queue : .elimination
    }

    /// Whether a Unix socket that connected to some name can have met one that was accepted under another, if there are `names` to connect
    /// to. A path may have several names.
    func couldBeNamed(_ connecting: Int, _ accepting: Int, among names: Set<Address>) -> Bool {
        guard let wanted = endpoint(connecting).remote, let name = endpoint(accepting).local, wanted != name else { return true }
        guard case .unixPath = wanted, case .unixPath = name else { return false }
        return !names.contains(wanted)
    }

    /// Whether the addresses known of two TCP endpoints allow them to be connected.
    func couldBeAddressed(_ connecting: Int, _ accepting: Int) -> Bool {
        let (from, to) = (endpoint(connecting), endpoint(accepting))
        if let known = from.remote, let local = to.local, known != local { return false }
        if let known = from.local, let remote = to.remote, known != remote { return false }
        let isLocal = [from.local, from.remote, to.local, to.remote].contains { $0?.isHostLocal ?? false }
        return !isLocal || all[connecting].host == all[accepting].host
    }
}
