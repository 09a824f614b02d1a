/// A process (thread group) of a node.
public struct NodeProcess: Hashable, Sendable, Codable {
    /// Its recorded process id (thread group id).
    public var id: Int32
    /// Its parent's, if the parent is recorded in the same node.
    public var parent: Int32?
    /// The argument list of its last exec; for a process that never did, its parent's at the fork.
    public var command: [String]
    /// Where its first exec was done; `nil` for a process that was only forked.
    public var firstExec: UInt64?
    /// Where it was forked; `nil` for the node's first process.
    public var forked: UInt64?
    /// Where it ended; `nil` if it was alive at the end of the trace.
    public var ended: UInt64?
    /// Its wait status (as `waitpid` gives it), once ended.
    public var status: Int32?

    /// A process of which only this much is known so far.
    public init(id: Int32, parent: Int32?, command: [String], forked: UInt64?) {
        self.id = id
        self.parent = parent
        self.command = command
        self.forked = forked
    }
}
