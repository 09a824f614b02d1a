/// A picture of a stretch of a run: a lane for each node, a row for each operation, an arrow for each delivery.
///
/// Rows follow the total order, one rank each, and not the clock: a still picture is about what came before what, and times are far too
/// uneven to draw (a microsecond between two calls, a second between two requests). Distances therefore mean nothing; times stand in the
/// rows' tooltips.
public struct SpaceTimeDiagram: Sendable {
    /// A node.
    public struct Lane: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Its command line.
        public var command: String

        /// The lane of the node called `name`.
        public init(name: String, command: String = "") {
            self.name = name
            self.command = command
        }
    }

    /// What a row's mark looks like.
    public enum Mark: String, Hashable, Sendable, CaseIterable {
        /// Bytes handed over.
        case send
        /// Bytes taken.
        case receive
        /// A connection asked for.
        case connect
        /// A connection accepted.
        case accept
        /// Waiting for connections.
        case listen
        /// Something to take was seen, and not taken.
        case ready
        /// The end of a stream, seen.
        case end
        /// A stream or its sending half closed.
        case close
        /// A call that failed.
        case failure
    }

    /// An operation.
    public struct Row: Hashable, Sendable {
        /// Its rank in the total order.
        public var rank: Int
        /// The index of its node's lane.
        public var lane: Int
        /// What it did.
        public var mark: Mark
        /// Who did what, to be read beside the lanes: `client@12 → server@34`.
        public var text: String
        /// The beginning of the message that it sends (or takes from outside), as text.
        public var payload: String
        /// More about it, for programs that show tooltips.
        public var detail: String

        /// A row with all its parts.
        public init(rank: Int, lane: Int, mark: Mark, text: String, payload: String = "", detail: String = "") {
            self.rank = rank
            self.lane = lane
            self.mark = mark
            self.text = text
            self.payload = payload
            self.detail = detail
        }
    }

    /// One end of an arrow.
    public enum ArrowEnd: Hashable, Sendable {
        /// The operation of this row, by index.
        case row(Int)
        /// In this lane, but before the first row or after the last.
        case beyond(lane: Int)
        /// In a node that has no lane here.
        case elsewhere
        /// Not known: whoever it was, was not recorded, or its call is hidden in the syscall buffer.
        case outside
        /// Nowhere: the bytes were never received.
        case nobody
    }

    /// Bytes, or a connection, on their way.
    public struct Arrow: Hashable, Sendable {
        /// Where it begins.
        public var from: ArrowEnd
        /// Where it ends.
        public var to: ArrowEnd
        /// The number of its channel: arrows of one channel have one colour.
        public var channel: Int
        /// Whether it is a connection being made, not bytes.
        public var isConnection: Bool

        /// An arrow with all its parts.
        public init(from: ArrowEnd, to: ArrowEnd, channel: Int, isConnection: Bool = false) {
            self.from = from
            self.to = to
            self.channel = channel
            self.isConnection = isConnection
        }
    }

    /// What it is a picture of.
    public var title: String
    /// The lanes, from left to right.
    public var lanes: [Lane]
    /// The rows, from top to bottom.
    public var rows: [Row]
    /// The arrows.
    public var arrows: [Arrow]
    /// What the picture leaves out, a sentence each.
    public var notes: [String]

    /// A picture with all its parts.
    public init(title: String, lanes: [Lane], rows: [Row], arrows: [Arrow] = [], notes: [String] = []) {
        self.title = title
        self.lanes = lanes
        self.rows = rows
        self.arrows = arrows
        self.notes = notes
    }
}
