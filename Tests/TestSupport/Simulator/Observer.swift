import RunModel

/// What the recorders of a world that has been lived through wrote down, as `Endpoints` would give it.
struct Observer {
    let world: World
    private(set) var activities: [NodeActivity] = []
    /// Numbers in the recordings, by numbers in the world; `nil`: not recorded.
    private(set) var nodeIDs: [NodeID?] = []
    private(set) var endpointIDs: [EndpointID?] = []
    private(set) var operationRefs: [OperationRef?] = []
    private(set) var links: [TrueLink] = []
    /// When each node's recorder died.
    private(set) var cuts: [Int64] = []
    /// The numbers of the operations on each file of the world.
    private(set) var operationsOf: [[Int]] = []

    init(_ world: World) {
        self.world = world
        operationsOf = [[Int]](repeating: [], count: world.files.count)
        for (index, operation) in world.operations.enumerated() { operationsOf[operation.file].append(index) }
        let end = world.operations.map { $0.ended ?? $0.began }.max() ?? world.now
        cuts = world.plan.nodes.map { node in node.cut.map { 1_000_000 + Int64($0 * Double(end - 1_000_000)) } ?? .max }
        recordNodes()
        recordEndpoints()
        recordOperations()
        placeBytes()
        closeAndEstablish()
        recordLinks()
    }

    private func isRecorded(_ node: Int, _ time: Int64) -> Bool { nodeIDs[node] != nil && time <= cuts[node] }

    private func clock(_ node: Int) -> (skew: Int64, error: Int64) { world.plan.clocks[Int(world.plan.nodes[node].host)] }

    private mutating func recordNodes() {
        let used = Set(world.files.map(\.node))
        for (number, node) in world.plan.nodes.enumerated() {
            guard !node.isMissing, used.contains(number) else {
                nodeIDs.append(nil)
                continue
            }
            nodeIDs.append(NodeID(activities.count))
            // Hosts' clocks differ, and what is known of the difference is only nearly right.
            activities.append(NodeActivity(host: node.host, clockOffset: clock(number).error - clock(number).skew))
        }
    }

    private mutating func recordEndpoints() {
        endpointIDs = [EndpointID?](repeating: nil, count: world.files.count)
        let known = world.files.indices.filter { index in
            // A connection is written down when the call returns, unless it was refused.
            let file = world.files[index]
            let seen = file.connectedBy.map { world.operations[$0].result == 0 ? world.operations[$0].exited : nil } ?? file.opened
            return seen.map { isRecorded(file.node, $0.time) } ?? false
        }
        for index in known.sorted(by: { (opened($0), $0) < (opened($1), $1) }) {
            let file = world.files[index]
            guard let node = nodeIDs[file.node] else { continue }
            let serial = activities[Int(node.index)].endpoints.count
            var birth = file.birth
            if case .pair = birth, let peer = file.peer { birth = .pair(twin: Int32(serial + peer - index)) }
            var endpoint = Endpoint(kind: file.kind, birth: birth, opened: opened(index))
            let isHidden = file.birth == .connect && file.handle.map { world.plan.conversations[$0 / 2].hidesAddresses } ?? false
            if case .pair = birth { endpoint.established = endpoint.opened }
            if !isHidden && !file.isLocalHidden { (endpoint.local, endpoint.remote) = (file.local, file.remote) }
            (endpoint.identity, endpoint.access) = (file.identity, file.access)
            endpointIDs[index] = EndpointID(node: node, serial: serial)
            activities[Int(node.index)].endpoints.append(endpoint)
        }
    }

    private func opened(_ file: Int) -> Moment { world.files[file].opened?.moment ?? .beginning }

    private mutating func recordOperations() {
        operationRefs = [OperationRef?](repeating: nil, count: world.operations.count)
        let known = world.operations.indices.filter { index in
            // A close is done where it is entered; everything else is known when it returns.
            let operation = world.operations[index]
            let isBuffered = operation.entered.map { $0.moment.call > 0 } ?? false
            let seen = operation.kind == .close && !isBuffered ? operation.entered : operation.exited
            return seen.map { isRecorded(operation.node, $0.time) } ?? false && endpointIDs[operation.file] != nil
                && !(operation.kind == .accept && operation.result < 0)
        }
        let moments = world.operations.indices.map { at($0).packed }
        for index in known.sorted(by: { moments[$0] < moments[$1] }) {
            let operation = world.operations[index]
            guard let id = endpointIDs[operation.file], let entered = operation.entered, let exited = operation.exited else { continue }
            // Only what moved bytes, or says that the connection is gone, is of interest.
            let isOfInterest = operation.result >= 0 || [-32, -104].contains(operation.result)
            if [.send, .receive, .ready].contains(operation.kind), !isOfInterest { continue }
            let node = Int(id.node.index)
            operationRefs[index] = OperationRef(node: id.node, index: activities[node].operations.count)
            let skew = clock(operation.node).skew
            var recorded = Operation(
                endpoint: id.serial, kind: operation.kind, entered: entered.moment, at: at(index), process: operation.process,
                task: Int32(operation.task) + 10, result: operation.result, earliest: entered.time + skew, latest: exited.time + skew)
            recorded.halves = operation.halves
            if let address = operation.source.flatMap({ world.files[$0].local }) { recorded.peer = number(address, node) }
            recorded.isFull = operation.isFull
            activities[node].operations.append(recorded)
            if !activities[node].endpoints[Int(id.serial)].processes.contains(operation.process) {
                activities[node].endpoints[Int(id.serial)].processes.append(operation.process)
            }
        }
    }

    /// The number of an address in its node's list.
    private mutating func number(_ address: Address, _ node: Int) -> Int32 {
        if let known = activities[node].addresses.firstIndex(of: address) { return Int32(known) }
        activities[node].addresses.append(address)
        return Int32(activities[node].addresses.count - 1)
    }

    private func at(_ index: Int) -> Moment {
        let operation = world.operations[index]
        return (operation.takes ? operation.exited : operation.entered)?.moment ?? .beginning
    }

    /// Bytes are counted in the order in which the calls returned, which need not be that of the stream.
    private mutating func placeBytes() {
        var sent = [UInt64](repeating: 0, count: world.files.count)
        var received = sent
        let returned = world.operations.map { $0.exited?.moment.packed ?? 0 }
        closeUrgentStreams()
        for index in world.operations.indices.sorted(by: { returned[$0] < returned[$1] }) {
            guard let ref = operationRefs[index], let bytes = world.operations[index].bytes else { continue }
            let (file, count) = (world.operations[index].file, UInt64(bytes.count))
            guard let id = endpointIDs[file] else { continue }
            let (node, serial) = (Int(ref.node.index), Int(id.serial))
            if activities[node].endpoints[serial].established == nil { activities[node].endpoints[serial].established = at(index) }
            let isSend = world.operations[index].kind == .send
            if isSend, let opaque = activities[node].endpoints[serial].opaqueFrom, opaque.packed <= returned[index] { continue }
            // An urgent byte that is asked for stands beside the stream.
            if !isSend && world.operations[index].isUrgent { continue }
            let start = isSend ? sent[file] : received[file]
            if isSend { sent[file] += count } else { received[file] += count }
            activities[node].operations[Int(ref.index)].bytes = start..<start + count
        }
        withdrawPlaces()
    }

    /// Whether an urgent byte is one of the stream its receiver says: from where the call that sends it is entered, offsets are not known.
    private mutating func closeUrgentStreams() {
        for operation in world.operations where operation.isUrgent && operation.kind == .send {
            guard let id = endpointIDs[operation.file], let entered = operation.entered, isSeenEntering(operation) else { continue }
            closeStream(id, from: entered.moment)
        }
    }

    private mutating func closeStream(_ id: EndpointID, from moment: Moment) {
        let (node, serial) = (Int(id.node.index), Int(id.serial))
        activities[node].endpoints[serial].opaqueFrom = min(activities[node].endpoints[serial].opaqueFrom ?? moment, moment)
    }

    private func isSeenEntering(_ operation: SimulatedOperation) -> Bool {
        // Of a call in the syscall buffer nothing is known before the buffer is flushed.
        let seen = (operation.entered?.moment.call ?? 0) > 0 ? operation.exited : operation.entered
        return seen.map { isRecorded(operation.node, $0.time) } ?? false
    }

    /// Takes back the offsets of calls that overlap one of which nobody knows how much it moved, or when; and of those that overlap these.
    private mutating func withdrawPlaces() {
        for (file, operations) in operationsOf.enumerated() where !world.files[file].kind.isDatagram {
            guard let id = endpointIDs[file] else { continue }
            let node = Int(id.node.index)
            for kind in [Operation.Kind.send, .receive] {
                let calls = operations.filter { world.operations[$0].kind == kind && isSeenEntering(world.operations[$0]) }
                let unfinished = calls.filter { operationRefs[$0] == nil && !isRecordedReturn(world.operations[$0]) }
                let lost = unfinished + (kind == .send ? calls.filter { world.operations[$0].isUrgent } : [])
                guard var first = lost.compactMap({ world.operations[$0].entered?.moment }).min() else { continue }
                if kind == .send { closeStream(id, from: first) }
                for index in calls.sorted(by: { returned($0) > returned($1) }) {
                    guard let ref = operationRefs[index], let entered = world.operations[index].entered, returned(index) > first,
                        activities[node].operations[Int(ref.index)].result > 0
                    else { continue }
                    activities[node].operations[Int(ref.index)].bytes = nil
                    first = min(first, entered.moment)
                    closeStream(id, from: first)
                }
            }
        }
    }

    private func returned(_ operation: Int) -> Moment { world.operations[operation].exited?.moment ?? .beginning }

    private func isRecordedReturn(_ operation: SimulatedOperation) -> Bool {
        operation.exited.map { isRecorded(operation.node, $0.time) } ?? false
    }

    private mutating func recordLinks() {
        for (number, node) in world.plan.nodes.enumerated() {
            if let id = nodeIDs[number] { activities[Int(id.index)].memoryOwner = node.memoryOwner }
        }
        for link in world.links where isRecorded(link.node, link.taken) {
            guard let id = nodeIDs[link.node] else { continue }
            activities[Int(id.index)].links.append(link.link)
            links.append(TrueLink(node: Int(id.index), link: link.link, given: link.given, taken: link.taken))
        }
    }

    /// What the endpoints learn from operations.
    private mutating func closeAndEstablish() {
        for (index, file) in world.files.enumerated() {
            guard let id = endpointIDs[index] else { continue }
            let (node, serial) = (Int(id.node.index), Int(id.serial))
            if let established = file.establishedBy, operationRefs[established] != nil {
                activities[node].endpoints[serial].established = world.operations[established].exited?.moment
            }
            if let closed = file.closedBy, operationRefs[closed] != nil {
                activities[node].endpoints[serial].closed = world.operations[closed].entered?.moment
            }
        }
    }
}
