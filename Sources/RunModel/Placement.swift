/// In which channel, and where in its stream, the bytes of an operation lie, if its endpoint and `Operation.bytes` do not say it.
///
/// So it is for datagrams, whose endpoints may talk to many; for messages that were cut short; for pipes that several endpoints write to
/// or read from; and where calls overlapped and moved their bytes in another order than that of their events.
public struct Placement: Hashable, Sendable {
    /// Index of the operation in its node's list.
    public var operation: Int32
    /// Index of the channel in the run's list.
    public var channel: Int32
    /// Offset of its first byte in the stream of its direction. Bytes that nobody is known to have sent lie behind all that was sent.
    public var start: UInt64

    /// The bytes of `operation` begin at `start` of `channel`.
    public init(operation: Int32, channel: Int32, start: UInt64) {
        self.operation = operation
        self.channel = channel
        self.start = start
    }
}

extension [Placement] {
    /// The placement of an operation, in a list sorted by operation; `nil` if it has none. O(log count).
    public func of(_ operation: Int) -> Placement? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].operation < operation { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low].operation == operation ? self[low] : nil
    }
}

extension Operation {
    /// Where its bytes lie, given its placement, if it has one; `nil` if that is not known, or it moved none.
    public func bytes(placed placement: Placement?) -> Range<UInt64>? {
        guard let placement else { return bytes }
        let count = bytes.map { $0.upperBound - $0.lowerBound } ?? UInt64(clamping: result)
        let (end, overflow) = placement.start.addingReportingOverflow(count)
        return overflow ? nil : placement.start..<end
    }
}
