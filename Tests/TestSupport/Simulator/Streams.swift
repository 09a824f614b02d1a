import RunModel

/// The kernel of stream sockets and pipes.
extension World {
    /// What is there before anything happens: listening sockets, and ends that nobody has to open.
    mutating func layOut() {
        for (number, service) in plan.services.enumerated() {
            if service.kind.isDatagram {
                makeDatagramService(number, service)
                continue
            }
            var file = SimulatedFile(node: service.node, kind: service.kind, birth: .listen, local: service.address)
            file.opened = event(service.node)
            services.append(SimulatedService(file: files.count))
            files.append(file)
            if plan.features.contains(.listens) { listen(number, service) }
        }
        for (number, talk) in plan.conversations.enumerated() {
            switch talk.medium {
            case .pair(let kind): makePair(number, talk, kind, inherited: false)
            case .inherited(let kind): makePair(number, talk, kind, inherited: true)
            case .service, .fifo, .datagrams, .member: break
            }
        }
    }

    /// Whoever will accept listens.
    private mutating func listen(_ number: Int, _ service: Plan.Service) {
        let accepts = { (task: Plan.Task) in task.steps.contains { $0.action == .accept(service: number) } }
        guard let task = plan.tasks.firstIndex(where: accepts) else { return }
        now += 1
        var operation = SimulatedOperation(
            node: service.node, file: services[number].file, kind: .listen, process: plan.tasks[task].process, task: task, began: now)
        operation.entered = event(service.node)
        operation.exited = event(service.node)
        operation.ended = now
        services[number].listen = operations.count
        operations.append(operation)
    }

    private mutating func makePair(_ number: Int, _ talk: Plan.Conversation, _ kind: Endpoint.Kind, inherited: Bool) {
        let first = files.count
        let opened = event(talk.near)
        for (end, node) in [talk.near, talk.far].enumerated() {
            var file = SimulatedFile(node: node, kind: kind, birth: inherited ? .inherited : .pair(twin: 0))
            file.opened = node == talk.near ? opened : event(node)
            file.capacity = plan.capacity
            file.peer = first + 1 - end
            file.handle = 2 * number + end
            if kind == .pipe {
                file.access = end == 0 ? .write : .read
                if inherited { file.identity = Endpoint.FileIdentity(inode: UInt64(5000 + number)) }
            }
            files.append(file)
            handles[2 * number + end] = .open(first + end)
        }
    }

    // MARK: Connections

    /// A socket that will connect from a port that is free; `nil` if none is.
    mutating func makeClient(_ index: Int, _ handle: Int) -> Int? {
        guard case .service(let service) = plan.conversations[handle / 2].medium else { return nil }
        let target = files[services[service].file]
        var file = SimulatedFile(node: tasks[index].plan.node, kind: target.kind, birth: .connect)
        file.process = tasks[index].plan.process
        file.capacity = plan.capacity
        file.handle = handle
        if target.kind == .tcp, case .ipv4(let address, _)? = target.local {
            let own = address >> 24 == 127 ? address : 0x0a00_0000 + UInt32(plan.nodes[file.node].host)
            let first = UInt16.random(in: 0..<plan.ports, using: &tasks[index].random)
            let free = (0..<plan.ports).map { Address.ipv4(own, port: 40000 + ($0 + first) % plan.ports) }.first { local in
                !files.contains { !$0.isDead && ($0.local == local || $0.remote == local) }
            }
            guard let free else {
                settle(handle, .failed)
                settle(handle + 1, .failed)
                return nil
            }
            (file.local, file.remote) = (free, target.local)
        }
        files.append(file)
        return files.count - 1
    }

    mutating func connect(_ file: Int, _ call: SimulatedTask.Call) {
        guard case .service(let service) = plan.conversations[call.step.handle / 2].medium, !services[service].isClosed else {
            operations[call.operation].result = -111
            settle(call.step.handle + 1, .failed)
            return
        }
        let target = files[services[service].file]
        var other = SimulatedFile(
            node: target.node, kind: target.kind, birth: .accept, local: files[file].remote, remote: files[file].local)
        other.peer = file
        other.handle = call.step.handle + 1
        other.capacity = plan.capacity
        files.append(other)
        files[file].peer = files.count - 1
        files[file].establishedBy = call.operation
        services[service].backlog.append(files.count - 1)
        if let listen = services[service].listen {
            edges.append(TrueEdge(kind: .listenConnect, from: listen, to: call.operation))
        }
    }

    mutating func accept(_ index: Int, _ service: Int) -> Bool {
        guard let operation = tasks[index].call?.operation else { return true }
        guard !services[service].backlog.isEmpty else {
            if services[service].isClosed { operations[operation].result = -22 }
            return services[service].isClosed || giveUp(index)
        }
        let accepted = services[service].backlog.removeFirst()
        tasks[index].call?.accepted = accepted
        if let peer = files[accepted].peer, let connect = files[peer].establishedBy {
            edges.append(TrueEdge(kind: .connectAccept, from: connect, to: operation))
        }
        return true
    }

    mutating func close(service: Int) {
        services[service].isClosed = true
        files[services[service].file].isDead = true
        for file in services[service].backlog {
            files[file].isDead = true
            if let handle = files[file].handle { settle(handle, .failed) }
        }
        services[service].backlog = []
    }

    // MARK: Bytes

    mutating func send(_ index: Int, _ file: Int) -> Bool {
        guard var call = tasks[index].call else { return true }
        if files[file].kind.keepsMessages { return sendMessage(index, file, call.operation, call.remaining) }
        if let sender = files[file].sender, sender != call.operation { return false }
        let fault = sendingFault(file)
        if let peer = files[file].peer, fault == nil {
            let isLost = files[peer].isDead || resetsWhatArrives(peer)
            let count = isLost ? call.remaining : min(call.remaining, files[peer].capacity - files[peer].waiting)
            if call.offset == nil { call.offset = files[file].sent }
            if isLost, let cause = files[peer].leftBy {
                files[file].resetBy = cause
                if !files[peer].isDead { files[peer].error = (-104, call.operation) }
            } else if count > 0 {
                let bytes = files[file].sent..<files[file].sent + count
                let isUrgent = operations[call.operation].isUrgent
                let piece = SimulatedFile.Piece(send: call.operation, bytes: bytes, isUrgent: isUrgent)
                files[peer].inbound.append(piece)
                if isUrgent { files[peer].urgent = piece }
                files[peer].waiting += count
            }
            files[file].sent += count
            call.remaining -= count
            tasks[index].call = call
        }
        files[file].sender = nil
        guard fault != nil || call.remaining == 0 || now > call.deadline else {
            files[file].sender = call.operation
            return false
        }
        // A send reports what it could hand over, and an error only if that is nothing.
        let start = call.offset ?? files[file].sent
        let bytes = start..<(call.offset == nil ? start : files[file].sent)
        operations[call.operation].bytes = bytes.isEmpty ? nil : bytes
        operations[call.operation].result = bytes.isEmpty ? fault?.code ?? -4 : Int64(bytes.count)
        if bytes.isEmpty, let fault {
            files[file].error = nil
            if let cause = fault.cause { edges.append(TrueEdge(kind: .reset, from: cause, to: call.operation)) }
        }
        return true
    }

    /// Why nothing can be sent, and which operation of the peer brought that about. TCP learns that its peer is gone only by sending.
    func sendingFault(_ file: Int) -> (code: Int64, cause: Int?)? {
        if let error = files[file].error { return (error.code, error.cause) }
        if let reset = files[file].resetBy { return (-32, reset) }
        guard let peer = files[file].peer, !files[file].isShutDown else { return (-32, nil) }
        if files[file].kind != .tcp { return files[peer].deafenedBy.map { (-32, $0) } ?? (files[peer].isDead ? (-32, nil) : nil) }
        guard files[peer].isDead || files[peer].leftBy != nil else { return nil }
        return plan.resets && files[peer].leftBy != nil ? nil : (-32, files[peer].leftBy)
    }

    /// Whether what comes to an end that is still open, but will not receive it, resets the connection.
    private func resetsWhatArrives(_ file: Int) -> Bool { files[file].kind == .tcp && files[file].leftBy != nil }

    mutating func receive(_ index: Int, _ file: Int, atMost wanted: UInt64) -> Bool {
        guard let operation = tasks[index].call?.operation else { return true }
        if files[file].kind.keepsMessages { return receiveMessage(index, file, operation, atMost: wanted) }
        skipUrgent(file)
        guard files[file].waiting > 0 else { return receiveNothing(index, file, operation) }
        var left = min(wanted, files[file].waiting, UInt64.random(in: 1...2000, using: &tasks[index].random))
        let start = files[file].received
        while left > 0 {
            let piece = files[file].inbound[0]
            if piece.isUrgent { break }
            let taken = piece.bytes.lowerBound..<min(piece.bytes.upperBound, piece.bytes.lowerBound + left)
            add(TrueDelivery(send: piece.send, receive: operation, bytes: taken))
            left -= UInt64(taken.count)
            files[file].waiting -= UInt64(taken.count)
            files[file].received = taken.upperBound
            if taken.upperBound == piece.bytes.upperBound {
                files[file].inbound.removeFirst()
            } else {
                files[file].inbound[0].bytes = taken.upperBound..<piece.bytes.upperBound
            }
        }
        operations[operation].bytes = start..<files[file].received
        operations[operation].result = Int64(files[file].received - start)
        return true
    }

    /// Nothing is there: an error, or the end (result 0), or it waits.
    mutating func receiveNothing(_ index: Int, _ file: Int, _ operation: Int) -> Bool {
        if let error = files[file].error {
            files[file].error = nil
            operations[operation].result = error.code
            edges.append(TrueEdge(kind: .reset, from: error.cause, to: operation))
            return true
        }
        if let ended = files[file].endedBy {
            // Whoever ended its receiving half itself would see the end in any case.
            if files[file].deafenedBy == nil { edges.append(TrueEdge(kind: .endOfStream, from: ended, to: operation)) }
            return true
        }
        return files[file].peer == nil || files[file].deafenedBy != nil || giveUp(index)
    }

    /// Whether there is something to receive: bytes, the end, or an error.
    mutating func poll(_ index: Int, _ file: Int, _ operation: Int) -> Bool {
        let arrived = files[file].inbound.filter { $0.arrival <= now && !$0.isUrgent }.min { $0.arrival < $1.arrival }
        let isOver = files[file].deafenedBy != nil
        // Whoever shut down its receiving half itself finds something in any case.
        let cause = isOver ? nil : arrived?.send ?? files[file].endedBy ?? files[file].error?.cause
        guard cause != nil || isOver || files[file].peer == nil && !files[file].kind.isDatagram else { return giveUp(index) }
        if let cause { edges.append(TrueEdge(kind: .ready, from: cause, to: operation)) }
        operations[operation].result = 1
        return true
    }

    /// A send that blocked hands its bytes over in pieces; one receive may take several of them.
    private mutating func add(_ delivery: TrueDelivery) {
        if let last = deliveries.last, (last.send, last.receive) == (delivery.send, delivery.receive) {
            deliveries[deliveries.count - 1].bytes = last.bytes.lowerBound..<delivery.bytes.upperBound
        } else {
            deliveries.append(delivery)
            edges.append(TrueEdge(kind: .delivery, from: delivery.send, to: delivery.receive))
        }
    }

    // MARK: Urgent bytes

    /// An urgent byte is not received with the others: whoever comes to it goes on behind it.
    private mutating func skipUrgent(_ file: Int) {
        while let first = files[file].inbound.first, first.isUrgent {
            files[file].inbound.removeFirst()
            files[file].waiting -= 1
            files[file].received = first.bytes.upperBound
        }
    }

    /// Takes the last urgent byte, if there is one that nobody took.
    mutating func takeUrgent(_ file: Int, _ operation: Int) {
        guard let piece = files[file].urgent else {
            operations[operation].result = -22
            return
        }
        files[file].urgent = nil
        operations[operation].result = 1
        edges.append(TrueEdge(kind: .urgent, from: piece.send, to: operation))
    }

    // MARK: Ends

    /// TCP sends only the end of its own stream; other sockets also tell their peer that nothing will be received any more.
    mutating func shutDown(_ file: Int, _ halves: Endpoint.Access, _ operation: Int) {
        let wasOpen = files[file].leftBy == nil
        if halves != .read { endOutbound(file, operation) }
        if halves != .write { files[file].deafenedBy = files[file].deafenedBy ?? operation }
        if wasOpen && files[file].isShutDown && files[file].deafenedBy != nil { files[file].leftBy = operation }
    }

    private mutating func endOutbound(_ file: Int, _ operation: Int) {
        files[file].isShutDown = true
        if let peer = files[file].peer, files[peer].endedBy == nil { files[peer].endedBy = operation }
    }

    /// The last close. With unread bytes it resets the connection.
    mutating func close(_ file: Int, _ operation: Int) {
        shutDown(file, .both, operation)
        files[file].isDead = true
        guard plan.resets, files[file].waiting > 0, files[file].kind != .pipe, let peer = files[file].peer, !files[peer].isDead else {
            return
        }
        files[peer].error = (-104, operation)
        files[peer].resetBy = operation
    }
}
