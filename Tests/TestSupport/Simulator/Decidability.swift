import RunModel

/// What an observer can know: no bytes that were sent, times as intervals, and the addresses that the traces tell.
extension Observer {
    /// Ends whose partner must be found: born together, or with addresses that nobody used whose partner is not recorded.
    func decidable() -> Set<EndpointID> {
        var doubtful: Set<AddressPair> = []
        for index in world.files.indices where endpointIDs[index] != nil {
            guard let pair = addresses(index), world.files[index].birth == .accept || isEstablished(index) else { continue }
            let isComplete = world.files[index].peer.map { endpointIDs[$0] != nil } ?? false
            if !isComplete || isHidden(index) || world.files[index].peer.map(isHidden) ?? false { doubtful.insert(pair) }
        }
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

    /// Ends that several tasks used at the same time to send (or receive), so that the order of events need not be that of the bytes.
    func overlapped(_ kind: Operation.Kind) -> Set<EndpointID> {
        var calls: [Int: [Int]] = [:]
        for (index, operation) in world.operations.enumerated() where operation.kind == kind && operation.bytes != nil {
            calls[operation.file, default: []].append(index)
        }
        return Set(
            calls.compactMap { file, calls in
                // A call that had not returned when the trace was cut off overlaps with whatever comes later.
                let spans = calls.map { call in
                    let operation = world.operations[call]
                    return (operation.task, operation.began, operationRefs[call] == nil ? .max : operation.ended ?? .max, operation.exited)
                }
                let overlaps = spans.indices.contains { one in
                    spans[..<one].contains { other in
                        other.0 != spans[one].0 && other.1 < spans[one].2 && spans[one].1 < other.2
                    }
                }
                return overlaps ? endpointIDs[file] : nil
            })
    }
}
