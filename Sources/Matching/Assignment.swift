import RunModel

/// Which of some sends each of some receives took, where all of these must have come from those, or from sends that nobody recorded.
struct Assignment {
    /// What is known of the way from the senders to the receivers.
    struct Way {
        /// Nothing overtakes anything: all is of one host, from one sender who sends one message at a time, for one receiver who takes
        /// one at a time.
        var isInOrder = false
        /// Moreover, nothing is lost, and nothing goes elsewhere.
        var isComplete = false
        /// A message may be received more than once.
        var mayRepeat = false
        /// What has the same contents as a message that was received already is a copy of that.
        var hasCopies = false
        /// By so much the times of senders and receivers may contradict each other.
        var slack: Int64 = 0
        /// What was received after this may have been sent after the end of the sender's trace.
        var silence = Int64.max
    }

    /// For each receive its send; -1 if none fits.
    private(set) var send: [Int32]
    /// Whether nothing else is possible.
    private(set) var isCertain: [Bool]
    /// The first send that may be the one, while no earlier one can; -1 if it may be one that nobody recorded.
    private(set) var earliest: [Int32]
    private let sends: [Datagram]
    private let receives: [Datagram]
    private let way: Way

    /// Decides for `receives`, sorted by when they returned, among `sends`, sorted by when they were entered.
    ///
    /// - Parameter contents: what tells more than lengths and times, where it is known of all.
    ///
    /// O(sends + receives), with a logarithm where they are not in order, and O(`mostLonger`) for each part of a message.
    init(_ sends: [Datagram], _ receives: [Datagram], _ way: Way, _ contents: Contents) {
        (self.sends, self.receives, self.way) = (sends, receives, way)
        send = [Int32](repeating: -1, count: receives.count)
        isCertain = [Bool](repeating: false, count: receives.count)
        earliest = send
        if assignByContent(contents) { return }
        if way.isComplete && assignOneByOne() { return }
        if way.isInOrder && assignInOrder() { return }
        assignByLength()
    }

    private func couldBe(_ send: Int, _ receive: Int) -> Bool { notAfter(sends[send].earliest, receives[receive].latest, way.slack) }

    /// Whether a receive may be of a message that was sent after the end of its sender's trace.
    private func isSilent(_ receive: Int) -> Bool { way.silence != .max && notAfter(way.silence, receives[receive].latest, way.slack) }

    // MARK: In order

    /// The first receive took the first message that was sent, and so on. `false`, and nothing done, if that does not fit.
    private mutating func assignOneByOne() -> Bool {
        let count = min(sends.count, receives.count)
        guard receives.count == count || isSilent(count), (0..<count).allSatisfy({ sends[$0].fits(receives[$0]) && couldBe($0, $0) }) else {
            return false
        }
        for index in 0..<count {
            send[index] = Int32(truncatingIfNeeded: index)
            isCertain[index] = true
        }
        earliest = send
        return true
    }

    /// Puts every receive as early as it can be, and as late; where the two agree, nothing else is possible. `false`, and nothing done, if
    /// the receives do not fit in order.
    private mutating func assignInOrder() -> Bool {
        var first = [Int32](repeating: -1, count: receives.count)
        var next = 0
        let behind = receives.indices.first(where: isSilent) ?? receives.count
        for receive in receives.indices {
            while next < sends.count, !sends[next].fits(receives[receive]) { next += 1 }
            guard next < sends.count, couldBe(next, receive) else {
                // Once one is of a message that nobody recorded, all are.
                if receive >= behind { break }
                return false
            }
            first[receive] = Int32(truncatingIfNeeded: next)
            next += 1
        }
        var last = sends.count - 1
        for receive in receives.indices[..<behind].reversed() {
            while last >= 0, !couldBe(last, receive) || !sends[last].fits(receives[receive]) { last -= 1 }
            isCertain[receive] = first[receive] == Int32(truncatingIfNeeded: last)
            earliest[receive] = first[receive]
            last -= 1
        }
        send = first
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
    private mutating func assignByContent(_ contents: Contents) -> Bool {
        let all = [sends, receives].joined()
        guard all.allSatisfy({ contents.isKnown($0.ref) }) else { return false }
        let fingerprints = all.compactMap { contents.fingerprint($0.ref, length: $0.count) }
        guard fingerprints.count == all.count else { return false }
        assign(Array(fingerprints[..<sends.count]), Array(fingerprints[sends.count...]), isContent: true)
        assignParts(isContent: true) { [sends, receives] send, receive in
            contents.fingerprint(sends[send].ref, length: receives[receive].count) == fingerprints[sends.count + receive]
        }
        return true
    }

    private mutating func assignByLength() {
        assign(sends.map(\.length), receives.map(\.length), isContent: false)
        assignParts(isContent: false) { _, _ in true }
        // Which of several that have the length, nobody can tell.
        for receive in receives.indices where receives[receive].mayBeLonger { isCertain[receive] = false }
    }

    /// Whether a receive took, or may have taken, only the beginning of a message, so that it does not look like that.
    private func isPart(_ receive: Int, isContent: Bool) -> Bool {
        receives[receive].mayBeLonger || isContent && receives[receive].count < receives[receive].length
    }

    /// Each receive of a whole message takes the first send that looks like it and is not taken yet; one for which there is none, the last
    /// that was, if it can be a copy.
    private mutating func assign(_ given: [UInt64], _ taken: [UInt64], isContent: Bool) {
        var likenesses: [UInt64: Likeness] = [:]
        for (index, key) in given.enumerated() { likenesses[key, default: Likeness()].sends.append(Int32(truncatingIfNeeded: index)) }
        for (receive, key) in taken.enumerated() where !isPart(receive, isContent: isContent) {
            guard var like = likenesses.removeValue(forKey: key) else { continue }
            defer { likenesses[key] = like }
            // Sends are sorted by time, so that those that come into question are the first ones.
            let possible = like.sends.partitionPoint { !couldBe(Int($0), receive) }
            let isSilent = isSilent(receive)
            if possible > like.taken {
                send[receive] = like.sends[like.taken]
                isCertain[receive] = (way.mayRepeat ? 0 : like.settled) == like.taken && possible == like.taken + 1
                like.taken += 1
                if like.taken == possible { like.settled = possible }
            } else if possible > 0 && !isSilent && (way.mayRepeat || isContent && way.hasCopies) {
                send[receive] = like.sends[possible - 1]
                isCertain[receive] = possible == 1
            }
            if isSilent { isCertain[receive] = false } else { earliest[receive] = like.sends[0] }
        }
    }

    /// Receives of the beginnings of messages take the first send that fits and that nobody has taken.
    private mutating func assignParts(isContent: Bool, _ agrees: (_ send: Int, _ receive: Int) -> Bool) {
        var isTaken = [Bool](repeating: false, count: sends.count)
        for index in send where index >= 0 { isTaken[Int(index)] = true }
        for receive in receives.indices where isPart(receive, isContent: isContent) {
            let inTime = sends.partitionPoint { !notAfter($0.earliest, receives[receive].latest, way.slack) }
            let looked = sends.indices[..<inTime].suffix(Self.mostLonger)
            let possible = looked.filter { sends[$0].fits(receives[receive]) && agrees($0, receive) }
            guard let first = possible.first else { continue }
            let isAlone = possible.count == 1 && looked.count == inTime
            let isCopy = isAlone && (way.mayRepeat || way.hasCopies)
            guard let found = possible.first(where: { !isTaken[$0] }) ?? (isCopy ? first : nil) else { continue }
            if !isSilent(receive) {
                isCertain[receive] = isAlone
                if looked.count == inTime { earliest[receive] = Int32(truncatingIfNeeded: first) }
            }
            isTaken[found] = true
            send[receive] = Int32(truncatingIfNeeded: found)
        }
    }

    /// So many of the sends before a receive are looked at for one that it took a part of.
    static let mostLonger = 256
}
