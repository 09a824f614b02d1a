public import RunModel
public import RunStore

/// Holds what was sent against what was received, byte by byte, wherever a replay of the sender has captured the one and the trace of the
/// receiver holds the other.
public struct ByteComparison: Sendable {
    /// A message of which the receiver took other bytes than were sent.
    public struct Difference: Sendable {
        /// The send.
        public let sent: Position
        /// The receive.
        public let received: Position
        /// Where the first different byte is in the message.
        public let offset: UInt64
    }

    /// How many bytes were compared.
    public private(set) var compared: UInt64 = 0
    /// How many bytes were delivered, but are not known on both sides.
    public private(set) var unknown: UInt64 = 0
    /// Where they differ.
    public private(set) var differences: [Difference] = []

    /// So many bytes are compared at a time.
    private static let stride: UInt64 = 1 << 20

    /// Compares all messages of `index`. Streams: memory does not grow with them, but with the differences.
    ///
    /// - Throws: `IndexError` or `TraceError` if the index or a trace cannot be read.
    public init(_ index: RunIndex) throws {
        let reader = MessageReader(index)
        var failure: (any Error)?
        try index.forEachMessage { message throws(IndexError) in
            do {
                try compare(message, reader)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
    }

    private mutating func compare(_ message: Message, _ reader: MessageReader) throws {
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
                else {
                    unknown &+= part.length - done
                    break
                }
                compared &+= count
                if let place = zip(sent, received).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset {
                    differences.append(
                        Difference(sent: from.position, received: part.position, offset: begin &+ done &+ UInt64(place)))
                    break
                }
                done += count
            }
        }
    }
}
