import RunModel
import RunStore

/// Which nodes can mean the same thing by 127.0.0.1, and how their clocks differ.
enum HostScopes {
    /// Fills in the host and the clock offset of all nodes.
    ///
    /// Nodes with the same boot and network namespace are on one host. A node without a sidecar goes by its trace's host name. A node that
    /// says nothing at all belongs to the run's only host, if it has just one; else to a scope shared by all such nodes.
    static func assign(_ nodes: inout [IndexedNode], _ activities: inout [NodeActivity]) {
        for index in nodes.indices { nodes[index].hostKey = key(nodes[index]) }
        joinByName(&nodes)
        let known = Set(nodes.compactMap(\.hostKey))
        if known.count == 1, let only = known.first {
            for index in nodes.indices where nodes[index].hostKey == nil { nodes[index].hostKey = only }
        }
        let reference = nodes.first { $0.sidecar?.started != nil }
        var numbers: [String?: Int32] = [:]
        for index in nodes.indices {
            let next = Int32(numbers.count)
            let host = numbers[nodes[index].hostKey, default: next]
            numbers[nodes[index].hostKey] = host
            nodes[index].clockOffset = clockOffset(nodes[index], reference)
            activities[index].host = host
            activities[index].clockOffset = nodes[index].clockOffset
            if nodes[index].events > 0 { activities[index].started = nodes[index].time.lowerBound }
        }
    }

    private static func key(_ node: IndexedNode) -> String? {
        if let boot = node.sidecar?.bootID { return "boot \(boot) net \(node.sidecar?.namespaces?["net"] ?? 0)" }
        return nil
    }

    /// A node that only knows its host's name is on the one host of that name, if there is one; else the name is its key.
    private static func joinByName(_ nodes: inout [IndexedNode]) {
        var keys: [String: Set<String>] = [:]
        for node in nodes { if let name = node.hostName, let key = node.hostKey { keys[name, default: []].insert(key) } }
        for index in nodes.indices where nodes[index].hostKey == nil {
            guard let name = nodes[index].hostName else { continue }
            let named = keys[name] ?? []
            nodes[index].hostKey = named.count == 1 ? named.first : "name \(name)"
        }
    }

    /// What to add to a node's stamps: nothing if it has the reference's clock; else the difference of their monotonic clocks as their
    /// wall clocks show it.
    private static func clockOffset(_ node: IndexedNode, _ reference: IndexedNode?) -> Int64 {
        guard let reference = reference?.sidecar, let mine = node.sidecar, let there = reference.started, let here = mine.started,
            mine.bootID != reference.bootID || mine.timeOffsets != reference.timeOffsets
        else { return 0 }
        return (here.realtime &- here.monotonic) &- (there.realtime &- there.monotonic)
    }
}
