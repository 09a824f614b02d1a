public import RunModel

/// The user's word: which ends belong together, and which do not, whatever else speaks for or against it.
public struct Decisions: Sendable {
    /// Two ends.
    public struct Pair: Hashable, Sendable {
        /// One.
        public var one: EndpointID
        /// The other.
        public var other: EndpointID

        /// The ends `one` and `other`.
        public init(_ one: EndpointID, _ other: EndpointID) { (self.one, self.other) = (one, other) }
    }

    /// Ends that are the two ends of one channel.
    public var joined: [Pair]
    /// Ends that are not.
    public var split: [Pair]

    /// These, or none.
    public init(joined: [Pair] = [], split: [Pair] = []) { (self.joined, self.split) = (joined, split) }
}

/// The same by slot.
struct SlotPair: Hashable {
    var lower: Int
    var upper: Int

    init(_ one: Int, _ other: Int) { (lower, upper) = (min(one, other), max(one, other)) }
}
