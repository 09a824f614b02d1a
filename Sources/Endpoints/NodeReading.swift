public import Capture
public import RRTrace
public import RunModel

/// Everything that the trace of one node tells about processes and communication.
public struct NodeReading: Sendable {
    /// The endpoints and operations; host and clock offset are left at 0 for the caller to fill in.
    public var activity = NodeActivity()
    /// The processes, in the order in which they appeared.
    public var processes: [NodeProcess] = []
    /// What could not be read or understood.
    public var anomalies = AnomalyTally()
    /// How many events the trace has (as far as it can be read).
    public var events: UInt64 = 0
    /// The stamps of the first and last event, in nanoseconds of CLOCK_MONOTONIC; 0 for an empty trace.
    public var time: ClosedRange<Int64> = 0...0
    /// Whether rr's syscall buffer was on: some calls are then hidden from the frames.
    public var isBuffered = false
    /// Which counters the tick values look like; `nil` if there are too few to tell.
    public var counters: Sidecar.Counters?

    /// Reads the whole trace.
    ///
    /// Linear in the trace; memory grows with the number of endpoints and operations (about 150 bytes each), not with the number of
    /// events. Damage ends the reading early and shows as an anomaly.
    ///
    /// - Parameters:
    ///   - trace: the trace.
    ///   - node: its number in the run, for the positions of anomalies.
    ///   - inherited: the descriptors that the program was started with, if a sidecar tells.
    ///   - capture: what a replay has captured, if there was one: without it, most calls in a syscall buffer stay hidden.
    ///   - stopsAtFlush: whether to read no further than to where it is known that the syscall buffer was on.
    ///   - progress: called now and then with the number of events read so far.
    /// - Throws: `TraceError` if the streams of the trace cannot be opened.
    public init(
        _ trace: TraceDirectory, node: NodeID, inherited: [Sidecar.InheritedFile] = [], capture: CaptureFile? = nil,
        stopsAtFlush: Bool = false, progress: ((UInt64) -> Void)? = nil
    ) throws(TraceError) {
        var tracker = EndpointTracker(trace, node: node, capture: capture)
        tracker.inherit(inherited)
        var data = try DataReader(trace)
        var cursor = try FrameCursor(trace)
        while cursor.advance() {
            tracker.take(cursor, &data)
            if stopsAtFlush, tracker.reading.isBuffered { break }
            if cursor.event % Self.progressInterval == 0 { progress?(cursor.event) }
        }
        tracker.finish(traceAnomalies: cursor.anomalies + data.anomalies)
        self = tracker.reading
    }

    /// Of a trace that was not read yet.
    public init() {}

    /// Events between two calls of `progress`.
    private static let progressInterval: UInt64 = 1 << 16
}
