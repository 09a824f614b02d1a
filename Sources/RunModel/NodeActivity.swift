/// Everything that one node's trace tells about its endpoints: what `Endpoints` makes, and `Matching` and `Causality` take.
public struct NodeActivity: Sendable {
    /// The address scope that the node lives in: nodes with the same number can mean the same thing by 127.0.0.1 or a Unix path.
    public var host: Int32
    /// What to add to a stamp of this node to make it comparable with the other nodes of the run, in nanoseconds.
    public var clockOffset: Int64
    /// The node's endpoints, in the order in which they were opened; an endpoint's serial is its index here.
    public var endpoints: [Endpoint]
    /// The node's operations, sorted by `at`; no two have the same `at`, `endpoint` and `kind`.
    public var operations: [Operation]

    /// A node in which nothing happened yet.
    public init(host: Int32 = 0, clockOffset: Int64 = 0, endpoints: [Endpoint] = [], operations: [Operation] = []) {
        self.host = host
        self.clockOffset = clockOffset
        self.endpoints = endpoints
        self.operations = operations
    }
}
