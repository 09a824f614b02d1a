public import RunStore

/// Holds what was sent against what was received, byte by byte, wherever a replay of the sender has captured the one and the trace of the
/// receiver holds the other.
public struct ByteComparison: Sendable {
    /// All messages together.
    public private(set) var total = MessageComparison()
    /// The messages of each channel that has any, by its index, from its end `a` and from its end `b`.
    public private(set) var channels: [Int: (forward: MessageComparison, backward: MessageComparison)] = [:]
    /// What made bytes unknown that were known when the run was indexed, for people.
    public let troubles: [String]

    /// Compares all messages of `index`. Streams: memory grows with the channels and the differences.
    ///
    /// - Throws: `IndexError`, `TraceError` or `CaptureError` if the index, a trace or a capture cannot be read.
    public init(_ index: RunIndex) throws {
        let reader = MessageReader(index)
        var total = MessageComparison()
        var channels: [Int: (forward: MessageComparison, backward: MessageComparison)] = [:]
        var failure: (any Error)?
        try index.forEachMessage { message throws(IndexError) in
            do {
                let comparison = try reader.compare(message)
                total += comparison
                if message.forward {
                    channels[message.channel.index, default: (MessageComparison(), MessageComparison())].forward += comparison
                } else {
                    channels[message.channel.index, default: (MessageComparison(), MessageComparison())].backward += comparison
                }
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        (self.total, self.channels, troubles) = (total, channels, reader.troubles)
    }
}

extension MessageComparison {
    fileprivate static func += (sum: inout MessageComparison, next: MessageComparison) {
        sum.verified &+= next.verified
        sum.unknown &+= next.unknown
        sum.differences += next.differences
    }
}
