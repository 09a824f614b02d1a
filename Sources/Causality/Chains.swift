public import RunModel

/// The chains of a run: one for each address space of each node. All that happens in one is ordered by the recording.
///
/// Threads of a process are one chain; so are processes that share writable memory.
public struct Chains: Sendable {
    /// One row for each process that does or suffers something, by node and process; each node has at least one.
    public let rows: [ProcessChain]
    /// The node of each chain.
    public let nodes: [NodeID]
    /// How many nodes there are.
    public let nodeCount: Int
    private let byProcess: [[Int32: Int32]]

    /// The chains that these rows tell of; their numbers count from 0 without gaps, node by node.
    public init(rows: [ProcessChain], nodeCount: Int) {
        var byProcess = [[Int32: Int32]](repeating: [:], count: nodeCount)
        var nodes: [NodeID] = []
        for row in rows where row.node.index >= 0 && row.node.index < nodeCount {
            byProcess[Int(row.node.index)][row.process] = row.chain
            while nodes.count <= row.chain { nodes.append(row.node) }
        }
        self.rows = rows
        self.nodes = nodes
        self.nodeCount = nodeCount
        self.byProcess = byProcess
    }

    /// The chains of all processes of which `activities` tell. O(operations).
    init(_ activities: [NodeActivity]) {
        var rows: [ProcessChain] = []
        var count: Int32 = 0
        for (number, activity) in activities.enumerated() {
            var chains: [Int32: Int32] = [:]
            let owners = activity.processesAndOwners()
            for owner in Set(owners.values).sorted() {
                chains[owner] = count
                count += 1
            }
            for (process, owner) in owners.sorted(by: { $0.key < $1.key }) {
                rows.append(ProcessChain(node: NodeID(number), process: process, chain: chains[owner] ?? 0))
            }
        }
        self.init(rows: rows, nodeCount: activities.count)
    }

    /// How many chains there are.
    public var count: Int { nodes.count }

    /// Whether every node is a single chain, so that both relations are one.
    public var isOnePerNode: Bool { count == nodeCount }

    /// The chain of a process; `nil` if nothing is known to lead into the process or out of it.
    public func chain(of process: Int32, in node: NodeID) -> Int32? {
        byProcess.indices.contains(Int(node.index)) ? byProcess[Int(node.index)][process] : nil
    }

    /// How many lines a relation has.
    func lineCount(_ ordering: Ordering) -> Int { ordering == .recorded ? nodeCount : count }

    /// The line that a chain is, or is part of.
    func line(of chain: Int32, _ ordering: Ordering) -> Int {
        guard nodes.indices.contains(Int(chain)) else { return 0 }
        return ordering == .recorded ? Int(nodes[Int(chain)].index) : Int(chain)
    }
}

extension NodeActivity {
    /// All processes that do or suffer something, each with the one whose memory it lives in. A node without any has process 0.
    fileprivate func processesAndOwners() -> [Int32: Int32] {
        var owners: [Int32: Int32] = [:]
        var last: Int32?
        for operation in operations where operation.process != last {
            last = operation.process
            owners[operation.process] = owner(of: operation.process)
        }
        for link in links {
            owners[link.fromProcess] = owner(of: link.fromProcess)
            owners[link.toProcess] = owner(of: link.toProcess)
        }
        if owners.isEmpty { owners[0] = 0 }
        return owners
    }

    /// Follows who shares memory with whom to the first of them; a circle, which only a damaged index has, ends anywhere on it.
    func owner(of process: Int32) -> Int32 {
        var owner = process
        for _ in 0..<memoryOwner.count {
            guard let next = memoryOwner[owner], next != owner else { break }
            owner = next
        }
        return owner
    }
}
