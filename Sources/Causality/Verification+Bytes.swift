import RunModel

/// The accounts of bytes, checked by laying them side by side.
extension Verifier {
    /// A stretch of a stream, moved by an operation or delivered.
    private struct Piece {
        var start: UInt64
        var count: UInt64
        var ref: OperationRef
        var end: UInt64 { start &+ count }
    }

    /// One direction of a channel: what was sent, received and delivered in it, each by offset.
    private struct Lane {
        var sent: [Piece] = []
        var received: [Piece] = []
        var delivered: [Piece] = []
    }

    private func placement(_ reference: OperationRef) -> Placement? {
        let node = Int(reference.node.index)
        return placements.indices.contains(node) ? placements[node].of(Int(reference.index)) : nil
    }

    // MARK: Each delivery by itself

    mutating func checkDeliveries() {
        for delivery in deliveries {
            let places = (position(delivery.sent), position(delivery.received))
            guard let sent = operation(delivery.sent), let received = operation(delivery.received),
                channels.indices.contains(Int(delivery.channel))
            else {
                report("delivery-of-nothing", "send, receive or channel does not exist", places.0, places.1)
                continue
            }
            let channel = channels[Int(delivery.channel)]
            let giver = EndpointID(node: delivery.sent.node, serial: Int(sent.endpoint))
            let taker = EndpointID(node: delivery.received.node, serial: Int(received.endpoint))
            if sent.kind != .send || received.kind != .receive || !channel.has(giver, atA: delivery.forward)
                || !channel.has(taker, atA: !delivery.forward)
            {
                report("delivery-elsewhere", "it is not from one end of channel \(delivery.channel) to the other", places.0, places.1)
            }
            let whole = (sent.bytes(placed: placement(delivery.sent)), received.bytes(placed: placement(delivery.received)))
            if delivery.bytes.isEmpty || !contains(whole.0, delivery.bytes) || !contains(whole.1, delivery.bytes) {
                report("delivery-out-of-range", "\(delivery.bytes) is not within what was sent and received", places.0, places.1)
            }
            if let cause = delivery.cause { checkBefore(cause, delivery.received) }
        }
    }

    private func contains(_ whole: Range<UInt64>?, _ part: Range<UInt64>) -> Bool {
        whole.map { $0.lowerBound <= part.lowerBound && part.upperBound <= $0.upperBound } ?? false
    }

    private mutating func checkBefore(_ from: OperationRef, _ to: OperationRef) {
        guard let sent = operation(from), let received = operation(to) else {
            return report("delivery-of-nothing", "the send that came before does not exist", position(to))
        }
        if let first = order.rank(of: from), let second = order.rank(of: to), first >= second {
            report("receive-before-send", "ranks \(second) and \(first)", position(to), position(from))
        }
        let (giver, taker) = (nodes[Int(from.node.index)], nodes[Int(to.node.index)])
        if giver.host == taker.host && giver.clockOffset == taker.clockOffset && sent.earliest > received.latest {
            report("receive-before-send", "by \(sent.earliest &- received.latest) ns of their common clock", position(to), position(from))
        }
    }

    // MARK: All bytes of a direction

    /// All bytes of both ends of each direction are in exactly one account; the totals, if given, say the same.
    mutating func checkAccounts(_ totals: [ChannelTotals]?) {
        if let totals, totals.count != channels.count {
            return report("totals-wrong", "\(totals.count) for \(channels.count) channels")
        }
        let lanes = lanes()
        for index in channels.indices {
            let forward = check(lanes[2 * index], of: index, true, totals?[index].forward)
            let backward = check(lanes[2 * index + 1], of: index, false, totals?[index].backward)
            if !forward || !backward {
                let end = channels[index].endpoints(atA: true).first ?? channels[index].endpoints(atA: false).first
                report("totals-wrong", "of channel \(index)", end.flatMap(opening))
            }
        }
    }

    private func lanes() -> [Lane] {
        var lanes = [Lane](repeating: Lane(), count: 2 * channels.count)
        for (number, node) in nodes.enumerated() {
            for (index, operation) in node.operations.enumerated() where node.endpoints.indices.contains(Int(operation.endpoint)) {
                let ref = OperationRef(node: NodeID(number), index: index)
                let placement = placement(ref)
                let channel = placement.map { Int($0.channel) } ?? known[number][Int(operation.endpoint)].channel
                guard operation.kind == .send || operation.kind == .receive, channels.indices.contains(channel),
                    let bytes = operation.bytes(placed: placement), !bytes.isEmpty
                else { continue }
                let piece = Piece(start: bytes.lowerBound, count: bytes.upperBound - bytes.lowerBound, ref: ref)
                let end = EndpointID(node: ref.node, serial: Int(operation.endpoint))
                let lane = 2 * channel + (channels[channel].isForward(end, sends: operation.kind == .send) ? 0 : 1)
                if operation.kind == .send { lanes[lane].sent.append(piece) } else { lanes[lane].received.append(piece) }
            }
        }
        for delivery in deliveries where channels.indices.contains(Int(delivery.channel)) {
            let count = delivery.bytes.upperBound - delivery.bytes.lowerBound
            lanes[2 * Int(delivery.channel) + (delivery.forward ? 0 : 1)].delivered.append(
                Piece(start: delivery.bytes.lowerBound, count: count, ref: delivery.sent))
        }
        for lane in lanes.indices {
            lanes[lane].sent.sort { $0.start < $1.start }
            lanes[lane].received.sort { $0.start < $1.start }
            lanes[lane].delivered.sort { $0.start < $1.start }
        }
        return lanes
    }

    /// Whether the totals of a direction, if given, are what its pieces add up to. Reports what is wrong with the pieces.
    private mutating func check(_ lane: Lane, of channel: Int, _ forward: Bool, _ totals: StreamTotals?) -> Bool {
        let sent = tile(lane.sent, from: 0)
        var expected = (received: UInt64(0), delivered: UInt64(0), discarded: UInt64(0), duplicated: UInt64(0))
        if channels[channel].kind.keepsMessages {
            expected = messages(lane, of: channel, sent: sent)
        } else {
            expected.received = tile(lane.received, from: 0)
            expected.delivered = delivered(lane, of: channel, upTo: min(sent, expected.received), totals)
        }
        guard let totals else { return true }
        return totals.isBalanced && totals.sent == sent && totals.received == expected.received && totals.delivered == expected.delivered
            && totals.discarded == expected.discarded && totals.duplicated == expected.duplicated
            && isInRightAccount(totals, channel, forward)
    }

    /// Whether what was not delivered is where the ends say that it must be.
    private func isInRightAccount(_ totals: StreamTotals, _ channel: Int, _ forward: Bool) -> Bool {
        let kind = channels[channel].kind
        let isUnused = !forward && (kind == .pipe || channels[channel].a == channels[channel].b && !isOfSeveral(channel))
        let isOfStrangers = kind == .pipe && totals.delivered == 0 && totals.fromOutside > 0
        if isUnused || isOfStrangers { return true }
        let unreceived = totals.sent &- totals.delivered &- totals.discarded
        let unsent = totals.received &- totals.delivered &- totals.duplicated
        let takers = State(of: channels[channel].endpoints(atA: !forward), self)
        let givers = State(of: channels[channel].endpoints(atA: forward), self)
        let to: KeyPath<StreamTotals, UInt64> =
            switch takers {
            case .outside: \.toOutside
            case .opaque: \.opaqueSent
            case .reset: \.lostByReset
            case .cut: \.receiverCut
            case .whole: kind == .udp ? \.lost : \.unread
            }
        let from: KeyPath<StreamTotals, UInt64> =
            switch givers {
            case .outside: \.fromOutside
            case .opaque: \.opaqueReceived
            case .cut: \.senderCut
            case .reset(let isCut): isCut ? \.senderCut : \.notSent
            case .whole: \.notSent
            }
        return totals[keyPath: to] == unreceived && totals[keyPath: from] == unsent
    }

    /// What is known of the endpoints at one end.
    private enum State {
        case outside
        case opaque
        case reset(isCut: Bool)
        case cut
        case whole

        init(of ends: [EndpointID], _ verifier: Verifier) {
            let ends = ends.filter(verifier.exists)
            let known = ends.map { verifier.known[Int($0.node.index)][Int($0.serial)] }
            let endpoints = ends.map { verifier.nodes[Int($0.node.index)].endpoints[Int($0.serial)] }
            let isCut = endpoints.contains { $0.closed == nil }
            if ends.isEmpty {
                self = .outside
            } else if known.contains(where: \.isOpaque) || endpoints.contains(where: { $0.opaqueFrom != nil }) {
                self = .opaque
            } else if known.contains(where: \.sawReset) {
                self = .reset(isCut: isCut)
            } else {
                self = isCut ? .cut : .whole
            }
        }
    }

    /// Lays pieces one behind the other; returns where they end.
    private mutating func tile(_ pieces: [Piece], from start: UInt64) -> UInt64 {
        var end = start
        for piece in pieces {
            if piece.start != end { report("offset-gap", "bytes begin at \(piece.start), those before end at \(end)", position(piece.ref)) }
            end = max(end, piece.end)
        }
        return end
    }

    /// Streams: what was both sent and received is delivered, each byte once. Returns how much that is.
    private mutating func delivered(_ lane: Lane, of channel: Int, upTo limit: UInt64, _ totals: StreamTotals?) -> UInt64 {
        var end: UInt64 = 0
        for piece in lane.delivered {
            if piece.start < end { report("byte-delivered-twice", "\(piece.start) comes after \(end)", position(piece.ref)) }
            if piece.start > end { report("byte-account", "\(piece.start &- end) bytes from \(end) on", position(piece.ref)) }
            end = max(end, piece.end)
        }
        // Of a pipe that strangers use, or an end of several whose calls are hidden, nothing is known for certain.
        let isUnknown =
            lane.delivered.isEmpty
            && (channels[channel].kind == .pipe && (totals?.fromOutside ?? 1) > 0
                || isOfSeveral(channel) && (totals?.opaqueSent ?? 0) &+ (totals?.opaqueReceived ?? 0) > 0)
        if end != limit && !isUnknown {
            let place = lane.delivered.last?.ref ?? lane.sent.first?.ref
            report("byte-account", "\(end) bytes delivered, not \(limit)", place.flatMap(position))
        }
        return end
    }

    private func isOfSeveral(_ channel: Int) -> Bool { !channels[channel].alsoA.isEmpty || !channels[channel].alsoB.isEmpty }

    /// Messages: a delivery begins where its message does, and takes as much of it as its receive had room for.
    private mutating func messages(
        _ lane: Lane, of channel: Int, sent: UInt64
    ) -> (received: UInt64, delivered: UInt64, discarded: UInt64, duplicated: UInt64) {
        var sums = (received: UInt64(0), delivered: UInt64(0), discarded: UInt64(0), duplicated: UInt64(0))
        for piece in lane.received { sums.received &+= piece.count }
        _ = tile(lane.received.filter { $0.start >= sent }, from: sent)
        var next = 0
        for message in lane.sent {
            var (most, all, count): (UInt64, UInt64, Int) = (0, 0, 0)
            while next < lane.delivered.count, lane.delivered[next].start < message.end {
                let piece = lane.delivered[next]
                if piece.start != message.start { report("byte-account", "a delivery begins within a message", position(piece.ref)) }
                (most, all, count, next) = (max(most, piece.count), all &+ piece.count, count + 1, next + 1)
            }
            if count > 1 && channels[channel].kind != .udp && !isOfSeveral(channel) {
                report("byte-delivered-twice", "a message was received \(count) times", position(message.ref))
            }
            // Of several copies the longest counts as delivered.
            sums.delivered &+= most
            sums.duplicated &+= all &- most
            if count > 0 { sums.discarded &+= message.count &- most }
        }
        return sums
    }
}
