/// Something in a trace that could not be read or understood.
///
/// Names: `missing-file`, `unreadable-file`, `truncated-chunk`, `damaged-chunk`, `too-many-chunks`, `truncated-message`,
/// `damaged-message`, `damaged-header`, `unknown-event`, `data-beyond-stream`. After all of them but the last two reading
/// of that stream ends: packed messages have no mark by which to find the next one.
public struct TraceAnomaly: Hashable, Sendable {
    /// What happened: short, stable, with hyphens.
    public var name: String
    /// The file of the trace directory in which it happened.
    public var subject: String
    /// The event at which it happened, if it belongs to one; 0 otherwise.
    public var event: UInt64
    /// Where: an offset in the file for chunks, in the inflated stream for messages and data.
    public var offset: UInt64
    /// How often it happened; `event` and `offset` are those of the first time.
    public var count: Int
    /// What was expected and found, for people.
    public var detail: String

    /// An anomaly `name` of the file `subject`.
    public init(_ name: String, subject: String, event: UInt64 = 0, offset: UInt64 = 0, count: Int = 1, detail: String) {
        self.name = name
        self.subject = subject
        self.event = event
        self.offset = offset
        self.count = count
        self.detail = detail
    }
}

extension [TraceAnomaly] {
    /// Adds `anomaly`, or counts it with an earlier one of the same name and file, so that the list stays short.
    mutating func note(_ anomaly: TraceAnomaly) {
        if let index = firstIndex(where: { $0.name == anomaly.name && $0.subject == anomaly.subject }) {
            self[index].count &+= anomaly.count
        } else {
            append(anomaly)
        }
    }
}
