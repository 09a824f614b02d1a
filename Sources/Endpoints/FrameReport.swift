public import RRTrace

/// One frame of a trace, for people.
public struct FrameReport: Sendable {
    /// The event number.
    public let event: UInt64
    /// The task.
    public let task: Int32
    /// The stamp, in nanoseconds of the host's CLOCK_MONOTONIC.
    public let time: Int64
    /// The kind of event, as `rr dump` names it.
    public let kind: String
    /// The system call's name, and whether this frame is its entry or its return.
    public let call: (name: String, isExit: Bool)?
    /// The arguments of the call.
    public let arguments: [UInt64]
    /// What the call returned.
    public let result: Int64?
    /// All registers.
    public let registers: [(name: String, value: UInt64)]
    /// What was written to memory: addresses and sizes in bytes.
    public let memoryWrites: [(address: UInt64, size: UInt64)]

    /// Reads the frame `event`, by going through the trace from its beginning: linear in `event`. `nil` if it cannot be read.
    ///
    /// - Throws: `TraceError` if the trace's streams cannot be opened.
    public static func read(_ trace: TraceDirectory, event: UInt64) throws(TraceError) -> FrameReport? {
        var cursor = try FrameCursor(trace)
        while cursor.advance() { if cursor.event == event { return FrameReport(cursor) } }
        return nil
    }

    private init(_ frame: borrowing FrameCursor) {
        event = frame.event
        task = frame.task
        time = frame.time
        kind = frame.kind.name
        if let syscall = frame.syscall {
            let number = frame.effectiveSyscallNumber
            call = (SyscallTable.name(number, syscall.architecture), syscall.state == .exiting)
            arguments = (0..<6).map { frame.argument($0) }
            result = syscall.state == .exiting ? frame.result : nil
        } else {
            (call, arguments, result) = (nil, [], nil)
        }
        registers = frame.registers()
        memoryWrites = (0..<frame.memoryWriteCount).map { index in
            let write = frame.memoryWrite(index)
            return (write.address, write.size)
        }
    }
}
