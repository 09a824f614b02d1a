/// Random access to the bytes that frames' memory writes stored (stream `data`), inflating only what is asked for.
public struct DataReader: ~Copyable {
    /// The most bytes one read gives.
    public static let maximumCount = 1 << 28

    /// What could not be read.
    public private(set) var anomalies: [TraceAnomaly] = []

    /// Opens the stream `data` of `trace`; nothing is inflated yet.
    public init(_ trace: TraceDirectory) throws(TraceError) {}

    /// `count` bytes from `offset` of the inflated stream; `nil` beyond its end, where it is damaged, or above `maximumCount`.
    public mutating func read(offset: UInt64, count: Int) -> [UInt8]? { nil }

    /// `count` bytes of what `write` wrote from `address` on, with zeros in its holes; `nil` if they are not all part of it.
    public mutating func read(_ write: MemoryWrite, address: UInt64, count: Int) -> [UInt8]? { nil }
}
