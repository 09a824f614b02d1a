public import RunModel

/// What the recorders of a simulated world wrote down, and what was true in it.
public struct Simulation: Sendable {
    /// What was to be tried.
    public let plan: Plan
    /// What `Endpoints` would make of the recordings: the input of `match`.
    public let nodes: [NodeActivity]
    /// The true partner of every recorded end but listening ones; `nil` if it is not recorded.
    public let partner: [EndpointID: EndpointID?]
    /// Ends whose partner must be found: born together, known by the same identity, or by addresses that leave no doubt.
    public let decidable: Set<EndpointID>
    /// Ends that may fit others by chance, and nobody can tell.
    public let doubtful: Set<EndpointID>
    /// The true deliveries between recorded operations, with the channel -1, and bytes as offsets in the true stream.
    public let deliveries: Set<Delivery>
    /// What can be told of the streams in which calls overlapped, so that events do not tell the order of the bytes: by the end that sent.
    public let overlaps: [EndpointID: Overlap]
    /// The bytes that operations moved, where the trace tells.
    public let contents: SimulatedContents
    /// Receives of datagrams that can have come from one send alone.
    public let plainDatagrams: Set<OperationRef>
    /// What became of what each end sent.
    public let accounts: [EndpointID: StreamTotals]
    /// What one recorded operation brought about in another.
    public let edges: [Edge]
    /// Whether all stamps are exact, and all clocks agree after alignment.
    public let hasExactTimes: Bool
    /// All recorded operations in the order in which they happened.
    public let order: [OperationRef]
    /// When they did.
    let times: [Int64]
    /// What leads from process to process.
    public let links: [TrueLink]

    /// The world of `plan`, lived through and recorded.
    public init(_ plan: Plan) {
        self.plan = plan
        var world = World(plan)
        world.run()
        let observer = Observer(world)
        nodes = observer.activities
        partner = observer.partners()
        decidable = observer.decidable()
        doubtful = observer.doubtful()
        deliveries = observer.deliveries()
        contents = SimulatedContents(observer)
        overlaps = observer.overlaps(contents)
        plainDatagrams = observer.plainDatagrams(contents)
        accounts = observer.accounts()
        edges = observer.edges()
        hasExactTimes = observer.hasExactTimes
        let happened = observer.order()
        order = happened.map(\.ref)
        times = happened.map(\.time)
        links = observer.links
    }

    /// One of the recorded ends.
    public func endpoint(_ id: EndpointID) -> Endpoint { nodes[Int(id.node.index)].endpoints[Int(id.serial)] }

    /// Whether it is not known which bytes of its stream an operation moved.
    public func hasNoPlace(_ operation: OperationRef) -> Bool {
        nodes[Int(operation.node.index)].operations[Int(operation.index)].bytes == nil
    }

    /// Whether some calls moved bytes of an end that have no place in its streams.
    public func isOpaque(_ id: EndpointID) -> Bool {
        endpoint(id).opaqueFrom != nil
            || nodes[Int(id.node.index)].operations.contains {
                $0.endpoint == id.serial && $0.kind == .receive && $0.result > 0 && $0.bytes == nil
            }
    }

    /// What came before what, by the chains of `ordering`, the links, and these edges.
    public func relation(_ ordering: Ordering, _ edges: [Edge]) -> TrueRelation { TrueRelation(self, ordering, edges: edges) }

    /// What one operation brought about in another.
    public struct Edge: Sendable {
        /// Why.
        public var kind: TrueEdge.Kind
        /// The operation that comes before.
        public var from: OperationRef
        /// The operation that comes after; of a send that failed, its return does.
        public var to: OperationRef
        /// When the call of `to` returned.
        var felt: Int64
    }
}

extension Simulation: CustomStringConvertible {
    /// Every end and operation as it was recorded, and every true delivery.
    public var description: String {
        var lines: [String] = []
        for (number, node) in nodes.enumerated() where !node.operations.isEmpty {
            for (serial, end) in node.endpoints.enumerated() {
                let addresses = [end.local, end.remote].map { $0.map { "\($0)" } ?? "?" }.joined(separator: " to ")
                let span = "\(end.opened) to \(end.closed.map { "\($0)" } ?? "the end")"
                lines.append("node \(number) end \(serial): \(end.kind) \(end.birth) \(addresses), \(span)")
            }
            for operation in node.operations {
                let bytes = operation.bytes.map { " \($0)" } ?? ""
                let times = "\(operation.earliest &+ node.clockOffset) to \(operation.latest &+ node.clockOffset)"
                lines.append(
                    "\(number)@\(operation.at) entered \(operation.entered) task \(operation.task) of \(operation.process): end "
                        + "\(operation.endpoint) \(operation.kind)\(bytes) = \(operation.result), \(times)")
            }
        }
        for delivery in deliveries.sorted(by: { ($0.sent, $0.received) < ($1.sent, $1.received) }) {
            let places = [delivery.sent, delivery.received].map {
                "\($0.node.index)@\(nodes[Int($0.node.index)].operations[Int($0.index)].at)"
            }
            lines.append("true: \(delivery.bytes) from \(places[0]) to \(places[1])")
        }
        return lines.joined(separator: "\n")
    }
}
