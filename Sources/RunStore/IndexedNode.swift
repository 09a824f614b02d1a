public import RunModel

/// What the index knows about a node, beyond its endpoints and operations.
public struct IndexedNode: Sendable {
    /// The number under which it is stored; it stays the same for as long as the index does.
    var stored: Int64 = 0
    /// Its name.
    public var name: String
    /// The directory of its trace.
    public var tracePath: String
    /// Changes whenever the trace or the sidecar does.
    public var fingerprint: String
    /// Its sidecar, if it has one.
    public var sidecar: Sidecar?
    /// Name of the host it ran on, if anything tells.
    public var hostName: String?
    /// Its address scope: nodes with equal keys can mean the same by 127.0.0.1. `nil`: not known.
    public var hostKey: String?
    /// The trace's unique id, in hexadecimal.
    public var uuid: String?
    /// Whether the recording ended as it should; if not, how it did.
    public var state: State
    /// Number of events.
    public var events: UInt64
    /// Number of operations.
    public var operations: Int
    /// The stamps of its first and last event, in its own clock.
    public var time: ClosedRange<Int64>
    /// What to add to its stamps to compare them with other nodes', in nanoseconds.
    public var clockOffset: Int64
    /// Whether the syscall buffer was on.
    public var isBuffered: Bool
    /// The name of the file with what a replay has captured of its calls, if it was read with one.
    public var captureName: String?
    /// The counters it was recorded with, if anything tells.
    public var counters: Sidecar.Counters?
    /// Its processes, in order of appearance.
    public var processes: [NodeProcess]
    /// What could not be read or understood in it.
    public var anomalies: [Anomaly]

    /// How a recording ended.
    public enum State: String, Sendable {
        /// As it should.
        case complete
        /// By an error of rr itself.
        case failed
        /// It has not.
        case recording
        /// rr died.
        case interrupted
    }

    /// A node of which nothing is known but where it is.
    public init(name: String, tracePath: String, fingerprint: String) {
        self.name = name
        self.tracePath = tracePath
        self.fingerprint = fingerprint
        state = .complete
        events = 0
        operations = 0
        time = 0...0
        clockOffset = 0
        isBuffered = false
        processes = []
        anomalies = []
    }

    /// The sidecar, or what would be in it: a trace without one tells by its ticks which counters it needs.
    public var replaySidecar: Sidecar {
        var sidecar = sidecar ?? Sidecar(node: name)
        if sidecar.counters == nil { sidecar.counters = counters }
        return sidecar
    }

    /// The command line of its first process.
    public var command: [String] { sidecar?.command ?? processes.first?.command ?? [] }
}
