import RunModel

/// Which chains of a node send on its endpoints.
///
/// Of the sends that may have brought about a receive, the first by event comes before it in the order of the node, whichever it was. In
/// the causal order it only does if all of them are of one chain.
struct Senders {
    private enum Chain {
        case nobody
        case one(Int32)
        case several

        mutating func add(_ owner: Int32) {
            switch self {
            case .nobody: self = .one(owner)
            case .one(let known) where known != owner: self = .several
            case .one, .several: break
            }
        }
    }

    /// By node and endpoint.
    private var ofEndpoints: [[Chain]]
    /// By node and kind: any datagram socket may have sent what another one of its node may have sent.
    private var ofDatagrams: [[Endpoint.Kind: Chain]]

    /// O(operations).
    init(_ nodes: [NodeActivity]) {
        ofEndpoints = nodes.map { [Chain](repeating: .nobody, count: $0.endpoints.count) }
        ofDatagrams = nodes.map { _ in [:] }
        for (number, node) in nodes.enumerated() {
            for operation in node.operations where operation.kind == .send && node.endpoints.indices.contains(Int(operation.endpoint)) {
                let owner = node.owner(of: operation.process)
                let kind = node.endpoints[Int(operation.endpoint)].kind
                ofEndpoints[number][Int(operation.endpoint)].add(owner)
                if kind.isDatagram { ofDatagrams[number][kind, default: .nobody].add(owner) }
            }
        }
    }

    /// Whether all sends of `node` that may be meant where `send` is are of one chain.
    func isOneChain(_ node: NodeActivity, _ send: OperationRef) -> Bool {
        let (number, serial) = (Int(send.node.index), Int(node.operations[Int(send.index)].endpoint))
        guard node.endpoints.indices.contains(serial) else { return false }
        let kind = node.endpoints[serial].kind
        return if case .one = kind.isDatagram ? ofDatagrams[number][kind] : ofEndpoints[number][serial] { true } else { false }
    }
}
