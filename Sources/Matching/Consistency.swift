import RunModel

/// Clocks of different hosts, even after alignment by their wall clocks, may differ by so much: 1 s. Within a host, time is exact.
let slackBetweenHosts: Int64 = 1_000_000_000

extension Histories {
    /// By how many nanoseconds the times of two endpoints may contradict each other.
    func slack(_ one: Int, _ other: Int) -> Int64 { all[one].host == all[other].host ? 0 : slackBetweenHosts }

    /// Whether `accepting` can be the other end of `connecting`, by their times and the lengths of what they moved.
    func areConsistent(connecting: Int, accepting: Int) -> Bool { contradiction(connecting: connecting, accepting: accepting) == nil }

    /// What first speaks against `accepting` being the other end of `connecting`; `nil`: nothing does.
    ///
    /// Cheap tests first; O(sends + receives) of the two if they all pass.
    func contradiction(connecting: Int, accepting: Int) -> Contradiction? {
        let slack = slack(connecting, accepting)
        if isForbidden(connecting, accepting) { return .user }
        if !notAfter(all[connecting].openEarliest, all[accepting].openLatest, slack) { return .acceptedBeforeConnect }
        for (giver, taker) in [(connecting, accepting), (accepting, connecting)] {
            if let found = contradictionOfLengths(from: giver, to: taker, slack) { return found }
        }
        for (giver, taker) in [(connecting, accepting), (accepting, connecting)] where !timesFit(from: giver, to: taker, slack) {
            return .receivedBeforeSent
        }
        return nil
    }

    /// Nothing is received that was not sent, and the end of the stream is the end of what was sent.
    private func contradictionOfLengths(from giver: Int, to taker: Int, _ slack: Int64) -> Contradiction? {
        let (giver, taker) = (whole(giver), whole(taker))
        guard !giver.isOpaque else { return nil }
        if giver.kind.keepsMessages { return contradictionOfMessages(giver, taker, slack) }
        if !giver.isCut && taker.received > giver.sent { return .receivedMore }
        guard let end = taker.endSeen, !taker.isOpaque else { return nil }
        let fits = giver.isCut ? taker.received >= giver.sent : taker.received == giver.sent && notAfter(giver.gaveUp, end, slack)
        return fits ? nil : .endTooEarly
    }

    /// Each message is received as it was sent, or cut short.
    private func contradictionOfMessages(_ giver: History, _ taker: History, _ slack: Int64) -> Contradiction? {
        if !giver.isCut && taker.receives.count > giver.sends.count { return .receivedMore }
        if let end = taker.endSeen, !taker.isOpaque {
            let fits = giver.isCut ? taker.receives.count >= giver.sends.count : taker.receives.count == giver.sends.count
            guard fits, giver.isCut || notAfter(giver.gaveUp, end, slack) else { return .endTooEarly }
        }
        if giver.sendsOverlap || taker.receivesOverlap { return nil }
        let (from, to) = (nodes[Int(giver.id.node.index)], nodes[Int(taker.id.node.index)])
        for (send, receive) in zip(sends[giver.sends], receives[taker.receives]) {
            let (sent, received) = (from.operations[Int(send)], to.operations[Int(receive)])
            if received.length > sent.length { return .receivedMore }
            if !notAfter(sent.earliest &+ from.clockOffset, received.latest &+ to.clockOffset, slack) { return .receivedBeforeSent }
        }
        return nil
    }

    /// Whether lengths speak for two consistent endpoints, too: some bytes were received that were sent.
    ///
    /// Unix endpoints need no such proof where all is known of both, since few others can be meant. But one whose trace is cut
    /// off, or opaque, fits to nearly anything.
    func isConfirmed(_ connecting: Int, _ accepting: Int) -> Bool {
        let (one, other) = (whole(connecting), whole(accepting))
        if min(one.received, other.sent) > 0 || min(other.received, one.sent) > 0 { return true }
        return one.kind != .tcp && one.received <= other.sent && other.received <= one.sent
    }

    /// Every receive comes after the send of its last byte.
    private func timesFit(from giver: Int, to taker: Int, _ slack: Int64) -> Bool {
        if all[giver].kind.keepsMessages { return true }
        let (from, to) = (node(giver), node(taker))
        var send = all[giver].sends.lowerBound
        for index in receives[all[taker].receives] {
            let receive = to.operations[Int(index)]
            guard let taken = receive.bytes else { continue }
            while send < all[giver].sends.upperBound, let given = from.operations[Int(sends[send])].bytes,
                given.upperBound < taken.upperBound
            {
                send += 1
            }
            guard send < all[giver].sends.upperBound else { return true }
            let sent = from.operations[Int(sends[send])].earliest &+ from.clockOffset
            if !notAfter(sent, receive.latest &+ to.clockOffset, slack) { return false }
        }
        return true
    }
}

/// Whether `a` is not after `b`, or by at most `slack`.
func notAfter(_ a: Int64, _ b: Int64, _ slack: Int64) -> Bool {
    a <= b || UInt64(bitPattern: a &- b) <= UInt64(bitPattern: slack)
}

extension Operation {
    /// How many bytes it moved, as far as their place is known.
    var length: UInt64 { bytes.map { $0.upperBound - $0.lowerBound } ?? 0 }
}
