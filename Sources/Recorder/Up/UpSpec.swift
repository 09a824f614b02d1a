#if canImport(Glibc)
    import Glibc
#endif

/// What `ridealong up` starts: the nodes of a run on this machine, as a YAML file describes them.
///
/// docs/up.md describes the file.
public struct UpSpec: Hashable, Sendable {
    /// A program to be recorded.
    public struct Node: Hashable, Sendable {
        /// The node's name.
        public var name: String
        /// The program and its arguments.
        public var command: [String]
        /// Variables set over the environment of `ridealong up`.
        public var environment: [String: String]
        /// Its working directory.
        public var directory: String
        /// What must hold before it is started.
        public var conditions: [Condition]
        /// Whether the run may end without waiting for it.
        public var isService: Bool
        /// How it is asked to end.
        public var stopSignal: Int32
        /// How long it may take to do so.
        public var grace: Duration
        /// Whether rr's syscall buffer is on.
        public var syscallBuffer: Recording.BufferChoice
        /// Options for `rr record`.
        public var rrOptions: [String]
    }

    /// Something that must hold before a node is started.
    public enum Condition: Hashable, Sendable {
        /// The node's program runs, or has run.
        case started(String)
        /// The node has ended, with success.
        case ended(String)
        /// Somebody listens on this TCP port.
        case tcp(UInt16)
        /// Somebody has bound this UDP port.
        case udp(UInt16)
        /// Somebody listens on the Unix socket of this name; abstract names begin with `@`.
        case unix(String)
    }

    /// The nodes, in the order of the file.
    public var nodes: [Node]

    /// The signals that a node may be asked to end by: those that `ridealong record` passes on.
    static let stopSignals = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH]
    /// How long a node may take to end, unless the file says otherwise.
    static let defaultGrace = Duration.seconds(10)
    /// The longest time that a file can give a node to end, in seconds.
    static let longestGrace = 3600.0
    /// More nodes than one machine can record.
    static let nodeLimit = 1000
}

extension UpSpec.Condition: CustomStringConvertible {
    /// As the file says it: `redis started`, `tcp:7000`.
    public var description: String {
        switch self {
        case .started(let node): "\(node) started"
        case .ended(let node): "\(node) ended"
        case .tcp(let port): "tcp:\(port)"
        case .udp(let port): "udp:\(port)"
        case .unix(let name): "unix:\(name)"
        }
    }

    /// The node that it is about.
    var node: String? {
        switch self {
        case .started(let node), .ended(let node): node
        case .tcp, .udp, .unix: nil
        }
    }
}
