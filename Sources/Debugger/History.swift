import Replay

/// The places that the user has jumped from and to, as a browser keeps pages; and those with a name.
struct History {
    /// A place of a process.
    struct Spot {
        let debuggee: Debuggee
        let place: ProcessReplay.Place
        /// Its position, for people.
        let text: String
    }

    private var past: [Spot] = []
    private var future: [Spot] = []
    /// The bookmarks, by name.
    private(set) var bookmarks: [(name: String, spot: Spot)] = []

    /// The most places that are kept: a spot holds its registers, about a kilobyte.
    private static let limit = 1000

    /// The user jumps away from `spot`.
    mutating func leave(_ spot: Spot) {
        future = []
        past.append(spot)
        if past.count > Self.limit { past.removeFirst() }
    }

    /// The user goes back from `spot`, or forward again: to where?
    mutating func step(back: Bool, from spot: Spot) throws(DebugError) -> Spot {
        guard let there = back ? past.popLast() : future.popLast() else { throw .noHistory(isBack: back) }
        if back { future.append(spot) } else { past.append(spot) }
        return there
    }

    /// Gives `spot` a name; one that was used before now means this.
    mutating func mark(_ name: String, _ spot: Spot) {
        bookmarks.removeAll { $0.name == name }
        bookmarks.append((name, spot))
    }

    /// The spot of that name.
    func bookmark(_ name: String) -> Spot? { bookmarks.first { $0.name == name }?.spot }
}
