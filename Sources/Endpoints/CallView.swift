import RRTrace
import RunModel

/// One side of a system call, its entry or its return, wherever it is known from: a frame, or a record of the syscall buffer whose
/// arguments a replay has captured.
protocol CallView: ~Copyable {
    /// The number of the frame that has it.
    var event: UInt64 { get }
    /// Its place in the node's history.
    var moment: Moment { get }
    /// Its stamp: it has happened by then. Of a buffered call's entry: it cannot have happened before.
    var time: Int64 { get }
    /// The architecture whose calls it is one of; `nil` if it is no call.
    var callArchitecture: Architecture? { get }
    /// What the call returned.
    var result: Int64 { get }
    /// How many pieces of memory the call wrote.
    var memoryWriteCount: Int { get }

    /// Argument `index`, from 0 to 5.
    func argument(_ index: Int) -> UInt64
    /// Piece `index` of the memory that it wrote.
    func memoryWrite(_ index: Int) -> MemoryWrite
    /// The first piece that has the byte at `address`.
    func memoryWrite(containing address: UInt64) -> MemoryWrite?
    /// The addresses of the socket that it connected or accepted.
    func socketAddresses() -> (local: [UInt8], remote: [UInt8])?
}

extension CallView where Self: ~Copyable {
    /// Argument `index` as a descriptor: an `int`, whatever the upper half of the register holds.
    func descriptor(_ index: Int) -> Int32 { Int32(truncatingIfNeeded: argument(index)) }

    /// Whether the call's structures in memory are those of 32-bit programs.
    var isNarrow: Bool { callArchitecture == .x86 }
}

extension FrameCursor: CallView {
    var moment: Moment { Moment(event: event) }
    var callArchitecture: Architecture? { syscall?.architecture }
}
