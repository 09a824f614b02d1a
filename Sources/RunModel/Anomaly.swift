/// Something that could not be read, understood or decided: named, counted, and never dropped in silence.
public struct Anomaly: Hashable, Sendable {
    /// Its name: short, stable, with hyphens; listed in `docs/anomalies.md`.
    public var name: String
    /// What it was about, if the name alone does not say (a system call's name, a file).
    public var subject: String
    /// How often.
    public var count: Int
    /// Where it was first seen.
    public var first: Position?

    /// An anomaly seen `count` times, first at `first`.
    public init(_ name: String, subject: String = "", count: Int = 1, first: Position? = nil) {
        self.name = name
        self.subject = subject
        self.count = count
        self.first = first
    }
}

/// A tally of anomalies: one row for each name, subject and node.
public struct AnomalyTally: Sendable {
    private struct Key: Hashable {
        let name: String
        let subject: String
        let node: NodeID?
    }
    private var rows: [Key: Anomaly] = [:]

    /// Nothing seen yet.
    public init() {}

    /// Counts `anomaly` in.
    public mutating func add(_ anomaly: Anomaly) {
        let key = Key(name: anomaly.name, subject: anomaly.subject, node: anomaly.first?.node)
        rows[key, default: Anomaly(anomaly.name, subject: anomaly.subject, count: 0, first: anomaly.first)].count += anomaly.count
    }

    /// All rows, in a fixed order: by name, subject, then node.
    public var all: [Anomaly] {
        rows.values.sorted { ($0.name, $0.subject, $0.first?.node.index ?? -1) < ($1.name, $1.subject, $1.first?.node.index ?? -1) }
    }
}
