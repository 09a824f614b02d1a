public import RunModel

/// What an observer can know: no bytes that were sent, times as intervals, and the addresses that the traces tell.
extension Observer {
    /// Ends whose partner must be found: born together, or with addresses that nobody used whose partner is not recorded.
    func decidable() -> Set<EndpointID> {
        let doubtful = doubtfulAddresses()
        return Set(
            world.files.indices.compactMap { index in
                guard let id = endpointIDs[index], let peer = world.files[index].peer, endpointIDs[peer] != nil else { return nil }
                switch world.files[index].birth {
                case .pair: return id
                case .inherited: return world.files[index].identity == nil ? nil : id
                default: return addresses(index).map { doubtful.contains($0) } ?? true ? nil : id
                }
            })
    }

    /// Ends that may fit others by chance, and nobody can tell: TCP connections whose addresses somebody used whose partner is not known,
    /// and Unix connections on a host where both some that connected and some that accepted have no recorded partner.
    func doubtful() -> Set<EndpointID> {
        let addresses = doubtfulAddresses()
        var strangers: [Int32: Set<Bool>] = [:]
        for index in world.files.indices where endpointIDs[index] != nil && hasStranger(index) {
            let file = world.files[index]
            if file.kind != .tcp { strangers[world.plan.nodes[file.node].host, default: []].insert(file.birth == .accept) }
        }
        return Set(
            world.files.indices.compactMap { index in
                let file = world.files[index]
                guard let id = endpointIDs[index], file.birth == .connect || file.birth == .accept else { return nil }
                if file.kind != .tcp { return strangers[world.plan.nodes[file.node].host]?.count == 2 ? id : nil }
                return self.addresses(index).map { addresses.contains($0) } ?? false ? id : nil
            })
    }

    private func doubtfulAddresses() -> Set<AddressPair> {
        Set(
            world.files.indices.compactMap { index in
                guard endpointIDs[index] != nil, let pair = addresses(index) else { return nil }
                return hasStranger(index) || isHidden(index) || world.files[index].peer.map(isHidden) ?? false ? pair : nil
            })
    }

    /// Whether it was connected, and its partner is not recorded.
    private func hasStranger(_ index: Int) -> Bool {
        guard world.files[index].birth == .accept || world.files[index].birth == .connect && isEstablished(index) else { return false }
        return world.files[index].peer.map { endpointIDs[$0] == nil } ?? true
    }

    private struct AddressPair: Hashable {
        var one: Address
        var other: Address
        var host: Int32?
    }

    private func addresses(_ index: Int) -> AddressPair? {
        let file = world.files[index]
        guard file.kind == .tcp, let local = file.local, let remote = file.remote else { return nil }
        let host = local.isHostLocal || remote.isHostLocal ? world.plan.nodes[file.node].host : nil
        return file.birth == .connect
            ? AddressPair(one: local, other: remote, host: host) : AddressPair(one: remote, other: local, host: host)
    }

    private func isHidden(_ index: Int) -> Bool {
        world.files[index].birth == .connect && world.files[index].handle.map { world.plan.conversations[$0 / 2].hidesAddresses } ?? false
    }

    private func isEstablished(_ index: Int) -> Bool {
        world.files[index].establishedBy.map { operationRefs[$0] != nil && world.operations[$0].result == 0 } ?? false
    }

    /// Receives of datagrams that can have come from one send alone: the trace tells whose it was and that it is whole, and that end sent
    /// no other message of this length; or of these `contents`, if all traces tell them.
    func plainDatagrams(_ contents: SimulatedContents) -> Set<OperationRef> {
        let isTold = operationRefs.indices.allSatisfy { index in
            let isMessage = world.files[world.operations[index].file].kind.isDatagram && world.operations[index].bytes != nil
            return !isMessage || operationRefs[index].map(contents.isKnown) ?? false
        }
        let likeness = { (index: Int, count: Int) -> [UInt8] in
            let bytes = isTold ? operationRefs[index].flatMap { contents.bytes($0, from: 0, count: count, of: UInt64(count)) } : nil
            return bytes ?? withUnsafeBytes(of: count) { Array($0) }
        }
        var sends: [Int: [[UInt8]: Int]] = [:]
        for (index, operation) in world.operations.enumerated() where operation.kind == .send {
            guard world.files[operation.file].kind.isDatagram, let bytes = operation.bytes else { continue }
            sends[operation.file, default: [:]][likeness(index, bytes.count), default: 0] += 1
        }
        return Set(
            world.deliveries.compactMap { delivery in
                let (send, receive) = (world.operations[delivery.send], world.operations[delivery.receive])
                guard world.files[send.file].kind.isDatagram, let ref = operationRefs[delivery.receive],
                    operationRefs[delivery.send] != nil,
                    let id = endpointIDs[send.file], let taker = endpointIDs[receive.file], receive.source != nil, !receive.isFull,
                    sends[send.file]?[likeness(delivery.send, delivery.bytes.count)] == 1, send.bytes?.count == delivery.bytes.count
                else { return nil }
                let ends = [id, taker].map { activities[Int($0.node.index)].endpoints[Int($0.serial)] }
                // A trace that was cut off may have lost sends; an address that two have says little.
                return ends[0].closed != nil && ends[0].local != nil && ends[1].local != nil ? ref : nil
            })
    }

    /// The streams in which calls overlapped, by the end that sent, and what can be told of each.
    func overlaps(_ contents: SimulatedContents) -> [EndpointID: Overlap] {
        var overlaps: [EndpointID: Overlap] = [:]
        for (giver, id) in endpointIDs.enumerated() {
            guard let id, let taker = world.files[giver].peer, let other = endpointIDs[taker] else { continue }
            let (sends, receives) = (calls(.send, giver), calls(.receive, taker))
            guard isOverlapped(sends) || isOverlapped(receives) else { continue }
            // Calls that had not returned when the trace was cut off moved an unknown number of bytes.
            let isKnown = (sends + receives).allSatisfy { operationRefs[$0.operation] != nil }
            let isOneClock = activities[Int(id.node.index)].host == activities[Int(other.node.index)].host
            // Nobody can tell how many bytes there were among urgent ones.
            let isOpaque = [id, other].contains { activities[Int($0.node.index)].endpoints[Int($0.serial)].opaqueFrom != nil }
            let certain =
                !isKnown || isOpaque
                ? nil
                : StreamOrders.certain(sends: sends, receives: receives, isOneClock: isOneClock) { send, given, receive, taken, count in
                    guard let send = operationRefs[send], let receive = operationRefs[receive],
                        let sent = contents.bytes(send, from: given, count: Self.compared, of: given + count),
                        let received = contents.bytes(receive, from: taken, count: Self.compared, of: taken + count)
                    else { return true }
                    return sent == received
                }
            overlaps[id] = Overlap(
                isComplete: isKnown,
                certain: Set(
                    (certain ?? []).compactMap { pair in
                        guard let send = operationRefs[pair.send], let receive = operationRefs[pair.receive] else { return nil }
                        return SendAndReceive(send: send, receive: receive)
                    }))
        }
        return overlaps
    }

    /// So many bytes are enough to tell calls apart.
    private static let compared = 64

    private func calls(_ kind: Operation.Kind, _ file: Int) -> [StreamOrders.Call] {
        operationsOf[file].compactMap { index in
            let operation = world.operations[index]
            guard operation.kind == kind, let bytes = operation.bytes, !bytes.isEmpty, let entered = operation.entered,
                let exited = operation.exited
            else { return nil }
            return StreamOrders.Call(
                operation: index, task: operation.task, earliest: entered.time, latest: exited.time, count: UInt64(bytes.count))
        }
    }

    private func isOverlapped(_ calls: [StreamOrders.Call]) -> Bool {
        calls.indices.contains { one in
            calls[..<one].contains { other in
                let latest = operationRefs[other.operation] == nil ? .max : other.latest
                let end = operationRefs[calls[one].operation] == nil ? .max : calls[one].latest
                return other.task != calls[one].task && other.earliest < end && calls[one].earliest < latest
            }
        }
    }
}

/// What can be told of a stream in which calls overlapped.
public struct Overlap: Sendable {
    /// Whether all its calls were recorded.
    public var isComplete: Bool
    /// Which receives certainly took bytes of which sends.
    public var certain: Set<SendAndReceive>
}

/// A send, and a receive that took bytes of it.
public struct SendAndReceive: Hashable, Sendable {
    /// The send.
    public var send: OperationRef
    /// The receive.
    public var receive: OperationRef

    /// These two.
    public init(send: OperationRef, receive: OperationRef) {
        self.send = send
        self.receive = receive
    }
}
