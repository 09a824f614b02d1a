import RunModel

/// The kernel of sockets that keep messages apart, connected or not.
extension World {
    /// What is lost on the way, doubled, and overtaken, in percent; within a host, nothing is overtaken.
    private static let (lossBetweenHosts, lossWithinHost, copies) = (8, 2, 5)
    private static let longestWay: Int64 = 4_000

    /// A datagram socket that is there from the beginning.
    mutating func makeDatagramService(_ number: Int, _ service: Plan.Service) {
        var file = SimulatedFile(node: service.node, kind: service.kind, birth: .made, local: service.address)
        file.opened = event(service.node)
        file.isLocalHidden = service.hidesAddress
        services.append(SimulatedService(file: files.count))
        files.append(file)
        for (talk, conversation) in plan.conversations.enumerated() {
            if case .datagrams(number, _) = conversation.medium { handles[2 * talk + 1] = .open(services[number].file) }
            guard case .member(number) = conversation.medium else { continue }
            var member = SimulatedFile(node: conversation.near, kind: service.kind, birth: .made, local: service.address)
            member.opened = event(conversation.near)
            handles[2 * talk] = .open(files.count)
            services[number].members.append(files.count)
            files.append(member)
        }
    }

    /// A program makes its datagram socket.
    mutating func openDatagramSocket(_ index: Int, _ handle: Int) {
        guard case .datagrams(let service, let address) = plan.conversations[handle / 2].medium else { return }
        var file = SimulatedFile(node: tasks[index].plan.node, kind: plan.services[service].kind, birth: .made, local: address)
        file.opened = event(file.node)
        file.handle = handle
        file.isLocalHidden = plan.conversations[handle / 2].hidesAddresses
        file.destination = services[service].file
        files.append(file)
        settle(handle, .open(files.count - 1))
    }

    // MARK: Sends

    /// Hands a message over, as a whole or not at all.
    mutating func sendMessage(_ index: Int, _ file: Int, _ operation: Int, _ count: UInt64) -> Bool {
        if files[file].kind.isDatagram { return sendDatagram(index, file, operation, count) }
        if let fault = sendingFault(file) {
            operations[operation].result = fault.code
            files[file].error = nil
            if let cause = fault.cause { edges.append(TrueEdge(kind: .reset, from: cause, to: operation)) }
            return true
        }
        guard let peer = files[file].peer else { return true }
        let isFull = files[peer].waiting > 0 && files[peer].waiting + count > files[peer].capacity
        if isFull { return giveUp(index) }
        put(file, operation, count)
        deliver(operation, to: peer, from: file, arrival: now)
        return true
    }

    private mutating func sendDatagram(_ index: Int, _ file: Int, _ operation: Int, _ count: UInt64) -> Bool {
        guard let target = files[file].destination ?? tasks[index].replyTo else {
            operations[operation].result = -11
            return true
        }
        if plan.nodes[files[file].node].tellsDestinations { operations[operation].source = target }
        guard files[file].kind == .udp else {
            if files[target].isDead {
                operations[operation].result = -111
            } else {
                put(file, operation, count)
                deliver(operation, to: target, from: file, arrival: now)
            }
            return true
        }
        put(file, operation, count)
        if let group = services.first(where: { $0.file == target && !$0.members.isEmpty }) {
            operations[operation].source = target
            for member in group.members { carry(index, from: file, to: member, operation) }
        }
        carry(index, from: file, to: target, operation)
        return true
    }

    /// Takes a datagram to a socket, unless it is lost on the way.
    private mutating func carry(_ index: Int, from file: Int, to target: Int, _ operation: Int) {
        let isFar = plan.nodes[files[file].node].host != plan.nodes[files[target].node].host
        let fate = Int.random(in: 0..<100, using: &tasks[index].random)
        let loss = isFar ? Self.lossBetweenHosts : Self.lossWithinHost
        if fate < loss { return }
        for _ in 0...(isFar && fate < loss + Self.copies ? 1 : 0) {
            let way = isFar ? Int64.random(in: 100...Self.longestWay, using: &tasks[index].random) : 0
            deliver(operation, to: target, from: file, arrival: now + way)
        }
    }

    private mutating func put(_ file: Int, _ operation: Int, _ count: UInt64) {
        operations[operation].bytes = files[file].sent..<files[file].sent + count
        operations[operation].result = Int64(count)
        files[file].sent += count
    }

    private mutating func deliver(_ send: Int, to file: Int, from source: Int, arrival: Int64) {
        guard let bytes = operations[send].bytes, !files[file].isDead else { return }
        files[file].inbound.append(SimulatedFile.Piece(send: send, bytes: bytes, arrival: arrival, source: source))
        files[file].waiting += UInt64(bytes.count)
    }

    // MARK: Receives

    /// Takes the message that arrived first; what is longer than `wanted` is gone.
    mutating func receiveMessage(_ index: Int, _ file: Int, _ operation: Int, atMost wanted: UInt64) -> Bool {
        let arrived = files[file].inbound.indices.filter { files[file].inbound[$0].arrival <= now }
        guard let first = arrived.min(by: { files[file].inbound[$0].arrival < files[file].inbound[$1].arrival }) else {
            return files[file].kind.isDatagram ? giveUp(index) : receiveNothing(index, file, operation)
        }
        let piece = files[file].inbound.remove(at: first)
        files[file].waiting -= UInt64(piece.bytes.count)
        let count = min(wanted, UInt64(piece.bytes.count))
        let taken = piece.bytes.lowerBound..<piece.bytes.lowerBound + count
        operations[operation].bytes = taken
        operations[operation].result = Int64(count)
        operations[operation].source = piece.source
        operations[operation].isFull = wanted <= UInt64(piece.bytes.count)
        files[file].received += count
        if files[file].destination == nil { tasks[index].replyTo = piece.source }
        deliveries.append(TrueDelivery(send: piece.send, receive: operation, bytes: taken))
        edges.append(TrueEdge(kind: .delivery, from: piece.send, to: operation))
        return true
    }
}
