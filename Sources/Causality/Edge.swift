public import RunModel

/// A reason why one operation comes before another, which need not be of the same node.
public struct Edge: Hashable, Sendable {
    /// Why.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// The receive took bytes that the send handed over.
        case delivery
        /// The accept returned the connection that the connect asked for.
        case connectAccept
        /// The receive saw the end of the stream that the shutdown or close brought about.
        case endOfStream
    }

    /// The operation that comes before.
    public var from: OperationRef
    /// The operation that comes after.
    public var to: OperationRef
    /// Why.
    public var kind: Kind
    /// Index of the channel it goes through.
    public var channel: Int32

    /// The edge of `kind` through `channel`.
    public init(from: OperationRef, to: OperationRef, kind: Kind, channel: Int32) {
        self.from = from
        self.to = to
        self.kind = kind
        self.channel = channel
    }
}

extension NodeActivity {
    /// The index of the last operation at or before `moment`; `nil` if all are later. O(log operations).
    public func lastOperation(atOrBefore moment: Moment) -> Int? {
        let behind = firstOperation { $0.at > moment }
        return behind == 0 ? nil : behind - 1
    }

    /// The index of the first operation at or after `moment`; the number of operations if all are earlier. O(log operations).
    public func firstOperation(atOrAfter moment: Moment) -> Int { firstOperation { $0.at >= moment } }

    private func firstOperation(where isBehind: (Operation) -> Bool) -> Int {
        var (low, high) = (0, operations.count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(operations[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
