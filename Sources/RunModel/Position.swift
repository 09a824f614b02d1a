/// A node of a run, as its index in the run's list of nodes.
///
/// The list is sorted by name, so an index is only good within one reading of a run; names are what lasts.
public struct NodeID: Hashable, Comparable, Sendable {
    /// Index in the run's list of nodes.
    public let index: Int32

    /// The node at `index` of the run's list.
    public init(_ index: Int) { self.index = Int32(truncatingIfNeeded: index) }

    /// Earlier in the run's list.
    public static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
}

/// A place in the history of a run: a moment of one of its nodes.
public struct Position: Hashable, Sendable {
    /// The node.
    public let node: NodeID
    /// The moment in that node.
    public let moment: Moment

    /// The place `moment` in `node`.
    public init(node: NodeID, moment: Moment) {
        self.node = node
        self.moment = moment
    }
}

/// A position as people write it: `NODE@EVENT` or `NODE@EVENT.CALL`.
public struct PositionText: Hashable, Sendable, CustomStringConvertible {
    /// The node's name.
    public let node: String
    /// The moment in it.
    public let moment: Moment

    /// The position `moment` of the node called `node`.
    public init(node: String, moment: Moment) {
        self.node = node
        self.moment = moment
    }

    /// Reads `NODE@EVENT[.CALL]`; `nil` if `text` has another form or a number too large.
    public init?(_ text: String) {
        guard let at = text.lastIndex(of: "@"), at != text.startIndex else { return nil }
        let numbers = text[text.index(after: at)...].split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count <= 2, let first = numbers.first, let event = Self.number(first), event <= Moment.maximumEvent
        else { return nil }
        var call: UInt64 = 0
        if numbers.count == 2 {
            guard let value = Self.number(numbers[1]), value > 0, value <= UInt64(Moment.maximumCall) else { return nil }
            call = value
        }
        node = String(text[..<at])
        moment = Moment(event: event, call: UInt32(call))
    }

    /// Digits only: `Int.init` would also take signs.
    private static func number(_ text: Substring) -> UInt64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt64(text) : nil
    }

    /// `NODE@EVENT` or `NODE@EVENT.CALL`.
    public var description: String { "\(node)@\(moment)" }
}
