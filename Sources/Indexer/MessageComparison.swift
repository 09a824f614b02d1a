public import RunModel
public import RunStore

/// What was sent held against what was received.
public struct MessageComparison: Sendable {
    /// A message of which the receiver took other bytes than were sent.
    public struct Difference: Sendable {
        /// The send.
        public let sent: Position
        /// The receive.
        public let received: Position
        /// Where the first different byte is in the message.
        public let offset: UInt64
    }

    /// How many bytes were received as they were sent.
    public internal(set) var verified: UInt64 = 0
    /// How many bytes were delivered, but are not known on both sides, or lie behind a difference.
    public internal(set) var unknown: UInt64 = 0
    /// The first different byte of each receive that has one.
    public internal(set) var differences: [Difference] = []

    /// So many bytes are compared at a time.
    private static let stride: UInt64 = 1 << 20

    /// Nothing compared yet.
    public init() {}

    /// Compares a message, and adds what is found.
    mutating func add(_ message: Message, _ reader: MessageReader) throws {
        guard let from = message.from else { return }
        for part in message.to {
            guard let start = message.start, part.bytes.lowerBound >= start, part.isCertain else {
                unknown &+= part.length
                continue
            }
            let begin = part.bytes.lowerBound - start
            var done: UInt64 = 0
            while done < part.length {
                let count = min(part.length - done, Self.stride)
                guard let sent = try reader.sent(message, offset: begin &+ done, count: count),
                    let received = try reader.received(part, offset: done, count: count)
                else { break }
                if let place = zip(sent, received).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset {
                    done += UInt64(place)
                    differences.append(Difference(sent: from.position, received: part.position, offset: begin &+ done))
                    break
                }
                done += count
            }
            verified &+= done
            unknown &+= part.length - done
        }
    }
}

extension MessageReader {
    /// Compares what was sent with what was received of a message, wherever a replay of the sender has captured the one and the trace of
    /// the receiver holds the other.
    ///
    /// - Throws: `TraceError` or `CaptureError` if a trace or a capture cannot be read.
    public func compare(_ message: Message) throws -> MessageComparison {
        var comparison = MessageComparison()
        try comparison.add(message, self)
        return comparison
    }
}
