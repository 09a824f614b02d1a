import RRTrace
import RunModel
import RunStore

/// How far each node has come.
struct Cut {
    /// How far one node has come: which of its events, and of the calls in a flush, are in the cut.
    struct Limit {
        /// Moments up to this one are in it, whatever the time.
        var certain = Moment.beginning
        /// Moments from this one on are not.
        var first = Moment(packed: .max)
        /// Of the others, those up to this time, in the node's own clock.
        var time = Int64.max

        /// Whether a moment is beyond the cut.
        func excludes(_ moment: Moment, _ time: Int64) -> Bool { moment >= first || (moment > certain && time > self.time) }
    }

    /// For each node, how far it has come.
    private(set) var limits: [Limit]
    /// Where it is, in words.
    let words: String

    /// Everything that stands at or before `position` in the order of `ridealong calls`: operations by rank, all else by time.
    init(_ index: RunIndex, at position: Position) throws {
        let stream = index.operations(of: position.node)
        // Without a call, an event stands for all that is in it.
        let event = position.moment.event
        let last = position.moment.call > 0 ? position.moment : Moment(event: event, call: Moment.maximumCall)
        let rank = try stream.last(atOrBefore: last).map { try stream.rank($0) } ?? 0
        let node = index.nodes[Int(position.node.index)]
        let time = try Self.time(of: event, in: node) &+ node.clockOffset
        limits = try index.nodes.indices.map { number in
            if number == Int(position.node.index) { return Limit(certain: last, first: Moment(packed: last.packed &+ 1)) }
            let stream = index.operations(of: NodeID(number))
            let count = try Self.operations(of: stream, upTo: rank)
            return Limit(
                certain: count > 0 ? try stream.operation(count - 1).at : .beginning,
                first: count < stream.count ? try stream.operation(count).at : Moment(packed: .max),
                time: time &- index.nodes[number].clockOffset)
        }
        words = "at \(index.text(position)) (rank \(rank))"
    }

    /// The end of the run. If nodes were told to stop (by SIGTERM or Ctrl-C), were killed, or their recorders died, it is the moment
    /// before the first of them was: what comes later is only how it came down.
    init(atEndOf index: RunIndex) throws {
        let stops = try index.nodes.map { try Stop($0) }
        limits = index.nodes.map { _ in Limit() }
        guard let first = Self.first(of: stops, index) else {
            words = "at the end of the run"
            return
        }
        let node = index.nodes[first]
        guard let stop = stops[first] else { throw IndexError.damaged("no stop of node \(first)") }
        let time = stop.time &+ node.clockOffset
        for number in limits.indices { limits[number].time = time &- index.nodes[number].clockOffset &- 1 }
        words = "at the end, before \(node.name)@\(stop.event), where \(node.name) \(stop.words)"
    }

    /// The first stop of those that belong to the end: the last one, and whatever came shortly before.
    private static func first(of stops: [Stop?], _ index: RunIndex) -> Int? {
        let times = stops.indices.compactMap { number in
            stops[number].map { (time: $0.time &+ index.nodes[number].clockOffset, node: number) }
        }.sorted { ($0.time, $0.node) > ($1.time, $1.node) }
        guard var first = times.first else { return nil }
        for next in times.dropFirst() {
            guard first.time &- next.time <= Stop.grace else { break }
            first = next
        }
        return first.node
    }

    /// How many operations of a node have a rank up to `rank`. O(log operations).
    private static func operations(of stream: OperationStream, upTo rank: Int) throws(IndexError) -> Int {
        var (low, high) = (0, stream.count)
        while low < high {
            let middle = (low + high) / 2
            if try stream.rank(middle) <= rank { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func time(of event: UInt64, in node: IndexedNode) throws(TraceError) -> Int64 {
        var frames = try FrameCursor(TraceDirectory(path: node.tracePath))
        while frames.advance() { if frames.event == event { return frames.time } }
        return frames.time
    }
}

/// How a node was made to stop, if it did not end by itself.
struct Stop {
    /// Stops this close together are one, in nanoseconds; and a program that was told to stop may take so long to end.
    static let grace: Int64 = 30_000_000_000

    var event: UInt64
    /// In the node's own clock.
    var time: Int64
    var words: String

    /// Looks for the end of the node's first process, through all of its trace; `nil` if it ended by itself.
    init?(_ node: IndexedNode) throws(TraceError) {
        guard let first = node.processes.first else { return nil }
        let own = Set(node.processes.map(\.id))
        var frames = try FrameCursor(TraceDirectory(path: node.tracePath))
        var signal: Stop?
        var ended: Int64?
        while frames.advance() {
            if first.ended == frames.event { ended = frames.time }
            guard frames.kind == .signal, let found = frames.signal, [1, 2, 3, 15].contains(found.number), !found.deterministic,
                found.code == 0 || found.code == 0x80, !own.contains(found.sender), signal == nil || ended == nil
            else { continue }
            signal = Stop(frames.event, frames.time, "was sent \(SignalNames.name(Int64(found.number)))")
        }
        // A signal that the program survived for long was about something else.
        if let signal, (ended ?? frames.time) &- signal.time <= Self.grace {
            self = signal
        } else if let ended, let event = first.ended, let status = first.status, status & 0x7f != 0 {
            self.init(event, ended, "was killed by \(SignalNames.name(Int64(status & 0x7f)))")
        } else if ended == nil, frames.event > 0 {
            self.init(frames.event, frames.time, "has its last event")
        } else {
            return nil
        }
    }

    private init(_ event: UInt64, _ time: Int64, _ words: String) {
        (self.event, self.time, self.words) = (event, time, words)
    }
}
