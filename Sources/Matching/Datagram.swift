import RunModel

/// A message that a datagram socket sent or received; times are aligned.
struct Datagram {
    let ref: OperationRef
    /// Its number among the messages of all datagram sockets.
    let number: Int32
    /// The endpoint.
    let slot: Int32
    /// Whom it goes to or comes from, as a number of `Datagrams.addresses`; -1: not known.
    let peer: Int32
    let earliest: Int64
    let latest: Int64
    /// How many bytes the call moved, and how many the message had, as far as the call knows.
    let count: UInt64
    let length: UInt64

    /// Whether this, a send, can be what `receive` took; if `wholly`, with all its bytes.
    func fits(_ receive: Datagram, wholly: Bool) -> Bool {
        length == receive.length || (!wholly && receive.length == receive.count && receive.count < length)
    }
}

/// Which of some sends each of some receives took, where all of these must have come from those.
struct Assignment {
    /// For each receive its send; -1 if none fits.
    private(set) var send: [Int32]
    /// Whether nothing else is possible.
    private(set) var isCertain: [Bool]
    /// The first send that may be the one; no earlier one can.
    private(set) var earliest: [Int32]
    private let sends: [Datagram]
    private let receives: [Datagram]
    private let slack: Int64

    /// Decides for `receives`, sorted by when they returned, among `sends`, sorted by when they were entered.
    ///
    /// - Parameters:
    ///   - isInOrder: nothing overtakes anything, nor is doubled: all is of one host, for one receiver, who takes one message at a time.
    ///   - fingerprint: a number that is equal for equal messages, where contents are known.
    ///
    /// O(sends + receives), with a logarithm where they are not in order.
    init(
        _ sends: [Datagram], _ receives: [Datagram], isInOrder: Bool, slack: Int64, fingerprint: (OperationRef) -> UInt64?
    ) {
        (self.sends, self.receives, self.slack) = (sends, receives, slack)
        send = [Int32](repeating: -1, count: receives.count)
        isCertain = [Bool](repeating: false, count: receives.count)
        earliest = send
        if assignByContent(fingerprint) { return }
        if isInOrder && (assignInOrder(wholly: true) || assignInOrder(wholly: false)) { return }
        assignByLength()
    }

    private func couldBe(_ send: Int, _ receive: Int) -> Bool { notAfter(sends[send].earliest, receives[receive].latest, slack) }

    // MARK: In order

    /// Puts every receive as early as it can be, and as late; where the two agree, nothing else is possible. `false`, and nothing done, if
    /// the receives do not fit in order.
    private mutating func assignInOrder(wholly: Bool) -> Bool {
        var first = [Int32](repeating: -1, count: receives.count)
        var next = 0
        for receive in receives.indices {
            while next < sends.count, !sends[next].fits(receives[receive], wholly: wholly) { next += 1 }
            guard next < sends.count, couldBe(next, receive) else { return false }
            first[receive] = Int32(truncatingIfNeeded: next)
            next += 1
        }
        var last = sends.count - 1
        for receive in receives.indices.reversed() {
            while last >= 0, !couldBe(last, receive) || !sends[last].fits(receives[receive], wholly: wholly) { last -= 1 }
            isCertain[receive] = first[receive] == Int32(truncatingIfNeeded: last)
            last -= 1
        }
        (send, earliest) = (first, first)
        return true
    }

    // MARK: By what is alike

    /// Messages that look alike, in the order of time: how many of the sends are taken so far, and how many when last there was none left.
    private struct Likeness {
        var sends: [Int32] = []
        var taken = 0
        var settled = 0
    }

    /// Equal contents; `false`, and nothing done, unless the contents of all are known.
    private mutating func assignByContent(_ fingerprint: (OperationRef) -> UInt64?) -> Bool {
        guard let first = receives.first, fingerprint(first.ref) != nil else { return false }
        let (given, taken) = (sends.compactMap { fingerprint($0.ref) }, receives.compactMap { fingerprint($0.ref) })
        guard given.count == sends.count, taken.count == receives.count else { return false }
        assign(given, taken)
        return true
    }

    private mutating func assignByLength() { assign(sends.map(\.length), receives.map(\.length)) }

    /// Each receive takes the first send that looks like it and is not taken yet; one for which there is none, the last that was.
    private mutating func assign(_ given: [UInt64], _ taken: [UInt64]) {
        var likenesses: [UInt64: Likeness] = [:]
        for (index, key) in given.enumerated() { likenesses[key, default: Likeness()].sends.append(Int32(truncatingIfNeeded: index)) }
        for (receive, key) in taken.enumerated() {
            guard var like = likenesses.removeValue(forKey: key) else { continue }
            defer { likenesses[key] = like }
            // Sends are sorted by time, so that those that come into question are the first ones.
            let possible = like.sends.partitionPoint { !couldBe(Int($0), receive) }
            earliest[receive] = like.sends[0]
            if possible > like.taken {
                send[receive] = like.sends[like.taken]
                isCertain[receive] = like.taken == like.settled && possible == like.taken + 1
                like.taken += 1
                if like.taken == possible { like.settled = possible }
            } else if possible > 0 {
                send[receive] = like.sends[possible - 1]
                isCertain[receive] = possible == 1
            }
        }
    }
}
