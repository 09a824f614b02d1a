/// A system call that went through rr's syscall buffer: it has no frame of its own, but a record in a flush.
public struct SyscallBufferRecord: Hashable, Sendable {
    /// Where it begins in the flushed bytes; the buffer's address plus this is the record's address.
    public let offset: Int
    /// Where it begins behind the buffer's own header: what the buffer's count of bytes was before the call.
    public let place: UInt32
    /// What the call returned.
    public let result: Int64
    /// Its number, in the task's own architecture.
    public let number: UInt16
    /// Whether the call might have blocked (bit 0 of the flags).
    public let mayBlock: Bool
    /// Whether a replay needs help with it (bit 1 of the flags).
    public let replayAssisted: Bool
    /// What the call wrote, as a range of the flushed bytes.
    public let extra: Range<Int>

    /// Whether it is a big read of a plain file that rr, where the file system can share blocks, recorded as a copy of the file's blocks:
    /// any other read has what it read with it. Numbers are those of x86-64.
    public var isClonedRead: Bool { number == 0 && result > 0 && extra.isEmpty }
}

/// The records in the bytes of a `syscallBufferFlush` frame's first memory write.
public struct SyscallBufferRecords: Sequence, IteratorProtocol, Sendable {
    /// Size of the buffer's own header in rr 5.6 and 5.7; 32 from 5.8 on.
    public static let oldestHeaderSize = 30
    /// A syscall buffer is 1 MiB, header included; no flush has more.
    public static let largestFlush: UInt64 = 1 << 21
    /// Size of a record without its extra data.
    public static let recordHeaderSize = 16

    private let bytes: [UInt8]
    private let start: Int
    private let end: Int
    private var position: Int
    /// Whether the bytes ended, or a record was impossible, before all records were read.
    public private(set) var isDamaged: Bool

    /// The records in `bytes`. Without `headerSize` (see `TraceDirectory.syscallBufferHeaderSize`), it is what `bytes` has more
    /// than the records' own count says.
    public init(_ bytes: [UInt8], headerSize: Int? = nil) {
        self.bytes = bytes
        let recordBytes = Int(bytes.littleEndian(at: 0) as UInt32)
        start = headerSize ?? (bytes.count - recordBytes)
        position = start
        end = position &+ recordBytes
        isDamaged = position < Self.oldestHeaderSize || end > bytes.count
    }

    /// The next record; `nil` at the end, and at a record that is damaged (`isDamaged` then says so). O(1).
    public mutating func next() -> SyscallBufferRecord? {
        guard !isDamaged, position < end else { return nil }
        guard end - position >= Self.recordHeaderSize else { return damaged() }
        let size = Int(bytes.littleEndian(at: position + 12) as UInt32)
        guard size >= Self.recordHeaderSize, size <= end - position else { return damaged() }
        let flags = bytes[position + 10]
        let record = SyscallBufferRecord(
            offset: position, place: UInt32(truncatingIfNeeded: position - start), result: bytes.littleEndian(at: position),
            number: bytes.littleEndian(at: position + 8),
            mayBlock: flags & 1 != 0, replayAssisted: flags & 2 != 0,
            extra: position + Self.recordHeaderSize..<position + size)
        position += (size + 7) & ~7  // Records are kept at multiples of 8 from each other.
        return record
    }

    private mutating func damaged() -> SyscallBufferRecord? {
        isDamaged = true
        return nil
    }
}

extension DataReader {
    /// The records that a `syscallBufferFlush` frame has; `nil` if it has none, or its bytes cannot be read. O(length of the flush).
    public mutating func flushedRecords(_ frame: borrowing FrameCursor, headerSize: Int?) -> SyscallBufferRecords? {
        guard frame.kind == .syscallBufferFlush, frame.memoryWriteCount > 0 else { return nil }
        let write = frame.memoryWrite(0)
        guard write.size <= SyscallBufferRecords.largestFlush, let bytes = read(write, address: write.address, count: Int(write.size))
        else { return nil }
        return SyscallBufferRecords(bytes, headerSize: headerSize)
    }
}

extension [UInt8] {
    /// The number at `start`, low byte first; 0 for the bytes that are not there.
    func littleEndian<Number: FixedWidthInteger>(at start: Int) -> Number {
        (0..<MemoryLayout<Number>.size).reduce(0) { number, index in
            start + index < count ? number | Number(truncatingIfNeeded: self[start + index]) << Number(8 * index) : number
        }
    }
}
