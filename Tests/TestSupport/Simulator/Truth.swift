import RunModel

/// What was true of what the recorders saw.
extension Observer {
    /// The true partner of every recorded end; `nil` if it is not recorded.
    func partners() -> [EndpointID: EndpointID?] {
        var partners: [EndpointID: EndpointID?] = [:]
        for (index, id) in endpointIDs.enumerated() where ![.listen, .made].contains(world.files[index].birth) {
            if let id { partners[id] = .some(world.files[index].peer.flatMap { endpointIDs[$0] }) }
        }
        return partners
    }

    /// The deliveries between recorded operations, with the channel -1 and the bytes of the true stream.
    func deliveries() -> Set<Delivery> {
        Set(
            world.deliveries.compactMap { delivery in
                guard let sent = operationRefs[delivery.send], let received = operationRefs[delivery.receive] else { return nil }
                let file = world.operations[delivery.send].file
                if world.files[file].kind.isDatagram {
                    // Where the message lies in the stream of its channel is of no interest.
                    let bytes = 0..<UInt64(delivery.bytes.count)
                    return Delivery(channel: -1, forward: true, bytes: bytes, sent: sent, received: received)
                }
                let forward = isForward(file)
                return Delivery(channel: -1, forward: forward, bytes: delivery.bytes, sent: sent, received: received)
            })
    }

    /// Whether what `file` sends goes from end `a` of its channel to end `b`: a connected, or was there first, or writes.
    func isForward(_ file: Int) -> Bool {
        switch world.files[file].birth {
        case .pair where world.files[file].kind == .pipe: true
        case .pair: (world.files[file].peer ?? 0) > file
        case .inherited, .open: true
        default: world.files[file].birth == .connect
        }
    }

    /// What one recorded operation brought about in another.
    func edges() -> [Simulation.Edge] {
        world.edges.compactMap { edge in
            guard let from = operationRefs[edge.from], let to = operationRefs[edge.to] else { return nil }
            let operation = world.operations[edge.to]
            return Simulation.Edge(kind: edge.kind, from: from, to: to, felt: operation.ended ?? operation.happened)
        }
    }

    /// The recorded operations in the order in which they happened.
    func order() -> [(ref: OperationRef, time: Int64)] {
        zip(operationRefs, world.operations).compactMap { ref, operation in ref.map { ($0, operation.happened) } }.sorted { $0.1 < $1.1 }
    }

    /// Whether all stamps are exact, and all clocks agree after alignment.
    var hasExactTimes: Bool {
        let recorded = world.plan.nodes.indices.filter { nodeIDs[$0] != nil }
        let errors = Set(recorded.map { world.plan.clocks[Int(world.plan.nodes[$0].host)].error })
        return errors.count <= 1 && recorded.allSatisfy { !world.nodes[$0].isBuffered }
    }

    /// What became of the bytes that each recorded end sent.
    func accounts() -> [EndpointID: StreamTotals] {
        let delivered = Dictionary(grouping: world.deliveries) { world.operations[$0.send].file }
        var accounts: [EndpointID: StreamTotals] = [:]
        for (index, id) in endpointIDs.enumerated() where ![.listen, .made].contains(world.files[index].birth) {
            if let id { accounts[id] = account(of: index, delivered[index] ?? []) }
        }
        return accounts
    }

    private func account(of file: Int, _ deliveries: [TrueDelivery]) -> StreamTotals {
        var totals = StreamTotals()
        let taker = world.files[file].peer
        let moved = { (file: Int, kind: Operation.Kind) in
            operationsOf[file].filter { operationRefs[$0] != nil && world.operations[$0].kind == kind }
                .reduce(UInt64(0)) { $0 + UInt64(world.operations[$1].bytes?.count ?? 0) }
        }
        totals.sent = moved(file, .send)
        totals.received = taker.map { moved($0, .receive) } ?? 0
        for delivery in deliveries {
            let isKnown = operationRefs[delivery.send] != nil && operationRefs[delivery.receive] != nil
            if isKnown { totals.delivered += UInt64(delivery.bytes.count) }
            // What a short buffer did not take.
            let whole = UInt64(world.operations[delivery.send].bytes?.count ?? 0)
            if isKnown && world.files[file].kind.keepsMessages { totals.discarded += whole - UInt64(delivery.bytes.count) }
        }
        totals.senderCut = totals.received - totals.delivered
        let left = totals.sent - totals.delivered - totals.discarded
        if let taker, endpointIDs[taker] != nil {
            // Whether it was lost or merely not read, only the end that was reset can tell.
            let isClosed = world.files[taker].closedBy.map { operationRefs[$0] != nil } ?? false
            if isClosed { totals.unread = left } else { totals.receiverCut = left }
        } else {
            totals.toOutside = left
        }
        return totals
    }
}
