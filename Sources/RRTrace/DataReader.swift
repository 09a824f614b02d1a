/// Random access to the bytes that frames' memory writes stored (stream `data`), inflating only the chunks that are asked for.
///
/// Memory: 16 bytes for each chunk up to the last one asked for, and the two chunks used last.
public struct DataReader: ~Copyable {
    /// The most bytes one read gives. Longer memory writes must be read in pieces.
    public static let maximumCount = 1 << 26
    /// The most chunks of a stream: 4 TiB as rr writes them, 64 MiB for their index.
    static let maximumChunks = 1 << 22

    /// What could not be read.
    public private(set) var anomalies: [TraceAnomaly] = []

    private var reader: ChunkReader
    /// The chunks known so far, as where they begin in the file and in the inflated stream; the last entry is where the next begins.
    private var index: [(file: UInt64, stream: UInt64)] = [(0, 0)]
    /// No chunk follows the ones known.
    private var isComplete = false
    private var latest = Chunk()
    private var latestNumber = -1
    private var second = Chunk()
    private var secondNumber = -1

    /// Opens the stream `data` of `trace`; nothing is read yet.
    public init(_ trace: TraceDirectory) throws(TraceError) {
        reader = ChunkReader(file: try TraceFile(path: trace.path + "/data"), name: "data")
    }

    /// `count` bytes from `offset` of the inflated stream; `nil` beyond its end, where it is damaged, or above `maximumCount`.
    ///
    /// O(`count` + chunks touched); the first time also O(chunks before), for their headers.
    public mutating func read(offset: UInt64, count: Int) -> [UInt8]? {
        guard count >= 0, count <= Self.maximumCount else { return nil }
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        guard !overflow, isIndexed(upTo: end) else { return missing(offset, count) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        var position = offset
        while position < end {
            let number = number(of: position)
            guard load(number) else { return missing(offset, count) }
            let start = Int(position &- index[number].stream)
            let taken = min(Int(end &- position), latest.count - start)
            bytes += latest.storage[Chunk.headroom + start..<Chunk.headroom + start + taken]
            position &+= UInt64(taken)
        }
        return bytes
    }

    /// `count` bytes of what `write` wrote from `address` on, with zeros in its holes; `nil` if they are not all part of it, or
    /// cannot be read.
    public mutating func read(_ write: MemoryWrite, address: UInt64, count: Int) -> [UInt8]? {
        guard address >= write.address, count >= 0, count <= Self.maximumCount else { return nil }
        let start = address &- write.address
        guard start <= write.size, UInt64(count) <= write.size &- start else { return nil }
        let end = start &+ UInt64(count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        var position = start
        var skipped: UInt64 = 0
        for hole in write.holes + [write.size..<write.size] where position < end {
            let storedEnd = min(hole.lowerBound, end)
            if position < storedEnd {
                let offset = write.dataOffset &+ position &- skipped
                guard let stored = read(offset: offset, count: Int(storedEnd &- position)) else { return nil }
                bytes += stored
                position = storedEnd
            }
            let holeEnd = min(hole.upperBound, end)
            if position < holeEnd {
                bytes += repeatElement(0, count: Int(holeEnd &- position))
                position = holeEnd
            }
            skipped &+= UInt64(hole.count)
        }
        return bytes
    }

    /// Reads headers until the chunks up to `end` of the inflated stream are known; `false` if the stream is shorter.
    private mutating func isIndexed(upTo end: UInt64) -> Bool {
        while let last = index.last, last.stream < end {
            guard !isComplete else { return false }
            guard index.count <= Self.maximumChunks else {
                isComplete = true
                let detail = "more than \(Self.maximumChunks)"
                anomalies.note(TraceAnomaly("too-many-chunks", subject: "data", offset: last.file, detail: detail))
                return false
            }
            guard let sizes = reader.sizes(at: last.file) else {
                isComplete = true
                if let anomaly = reader.clearAnomaly() { anomalies.note(anomaly) }
                return false
            }
            index.append((last.file &+ UInt64(ChunkReader.headerSize + sizes.stored), last.stream &+ UInt64(sizes.inflated)))
        }
        return true
    }

    /// Which chunk has the byte at `offset` of the inflated stream, which is known to be in one.
    private func number(of offset: UInt64) -> Int {
        var low = 0
        var high = index.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if index[middle].stream <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Makes chunk `number` the latest one.
    private mutating func load(_ number: Int) -> Bool {
        if latestNumber == number { return true }
        swap(&latest, &second)
        swap(&latestNumber, &secondNumber)
        if latestNumber == number { return true }
        latestNumber = -1
        guard reader.read(at: index[number].file, into: &latest) else {
            if let anomaly = reader.clearAnomaly() { anomalies.note(anomaly) }
            return false
        }
        latestNumber = number
        return true
    }

    private mutating func missing(_ offset: UInt64, _ count: Int) -> [UInt8]? {
        let detail = "\(count) bytes that are not there, or damaged"
        anomalies.note(TraceAnomaly("data-beyond-stream", subject: "data", offset: offset, detail: detail))
        return nil
    }
}
