public import Capture
public import RRTrace
public import RunModel

/// A call of the syscall buffer: what a flush tells of it, and what a replay has captured.
public struct FlushedCall: Sendable {
    /// Its record in the buffer.
    public let record: SyscallBufferRecord
    /// Its place in the node's history: the flush, and its number there, from 1.
    public let moment: Moment
    /// What a replay has captured of it; `nil` if nothing: its arguments are not known then.
    public let captured: CapturedCall?
    /// Whether rr, not the program, has made it, as far as a capture tells.
    public let isOwn: Bool
    /// The memory that it wrote: a part of the buffer, into which its arguments point.
    public let written: MemoryWrite?
}

/// A flush of the syscall buffer that is being taken, call by call.
public struct BufferFlush: Sendable {
    /// Where the buffer lies: rr's memory, not the program's.
    public let addresses: Range<UInt64>
    let task: Int
    var records: SyscallBufferRecords
    var number: UInt32 = 0
    /// What the task was in when it made these calls, in a handler of a signal.
    let interrupted: PendingCall?
    /// Whether a call that is not known may have moved bytes of a followed endpoint.
    var movesBytes = false
}
