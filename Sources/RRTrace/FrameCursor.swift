/// Streams the frames of a trace (`events`), one at a time, in order.
public struct FrameCursor: ~Copyable {
    /// What could not be read.
    public private(set) var anomalies: [TraceAnomaly] = []

    /// Opens the frames of `trace`; the cursor stands before the first. With `readAhead` a second thread inflates.
    public init(_ trace: TraceDirectory, readAhead: Bool = true) throws(TraceError) {}

    /// Steps to the next frame; `false` at the end, or where the stream is damaged (`anomalies` then says so).
    public mutating func advance() -> Bool { false }

    /// The frame's number, counting from 1.
    public var event: UInt64 { 0 }
    /// The task.
    public var task: Int32 { 0 }
    /// The task's tick count.
    public var ticks: Int64 { 0 }
    /// When the frame was written: nanoseconds of the recording host's CLOCK_MONOTONIC.
    public var time: Int64 { 0 }
    /// The layout of the registers; `nil` for one this reader does not know.
    public var architecture: Architecture? { nil }
    /// What the frame records.
    public var kind: FrameKind { .unknown }

    /// The system call, if the frame is one side of one.
    public var syscall: SyscallFrame? { nil }
    /// The number of the call that is really going on: behind `restart_syscall` the one restarted. -1 if it is no call.
    public var effectiveSyscallNumber: Int32 { -1 }
    /// The signal, if the frame is about one.
    public var signal: SignalFrame? { nil }

    /// Whether the frame has registers.
    public var hasRegisters: Bool { false }
    /// Argument `index` (from 0 to 5) of the system call; 0 if there is none or the frame has no registers.
    public func argument(_ index: Int) -> UInt64 { 0 }
    /// What the system call returned, sign-extended from 32 bits where the task has 32; 0 if the frame has no registers.
    public var result: Int64 { 0 }
    /// The instruction pointer; 0 if the frame has no registers.
    public var instructionPointer: UInt64 { 0 }
    /// The stack pointer; 0 if the frame has no registers.
    public var stackPointer: UInt64 { 0 }
    /// The number that the kernel keeps for restarting (`orig_rax`); -1 if the frame has no registers.
    public var originalSyscallNumber: Int32 { -1 }
    /// All registers by name, in the order of the trace. For people: slow.
    public func registers() -> [(name: String, value: UInt64)] { [] }

    /// How many memory writes the frame has.
    public var memoryWriteCount: Int { 0 }
    /// Memory write `index`, from 0 up to `memoryWriteCount`.
    public func memoryWrite(_ index: Int) -> MemoryWrite {
        MemoryWrite(task: 0, address: 0, size: 0, dataOffset: 0, storedSize: 0, holes: [])
    }
    /// The first memory write that has the byte at `address`, wherever it begins.
    public func memoryWrite(containing address: UInt64) -> MemoryWrite? { nil }
    /// Where the bytes of the frame's first memory write begin in the inflated stream `data`.
    public var dataOffset: UInt64 { 0 }

    /// The addresses that rr noted at a successful connect or accept of a TCP socket; see `SocketAddress` for their forms.
    public func socketAddresses() -> (local: [UInt8], remote: [UInt8])? { nil }
    /// The file descriptors, of those that rr monitors, that an exec closed.
    public func execFileDescriptorsToClose() -> [Int32] { [] }
}
