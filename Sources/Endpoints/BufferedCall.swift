import Capture
import RRTrace
import RunModel

/// A call of which the trace has a record in the syscall buffer, and a replay has captured the rest.
struct BufferedCall: CallView {
    let moment: Moment
    let time: Int64
    let result: Int64
    /// The memory that it wrote: a part of the buffer, to which its arguments point.
    let written: MemoryWrite?
    let arguments: [UInt64]

    var event: UInt64 { moment.event }
    /// Calls of other architectures are not captured.
    var callArchitecture: Architecture? { .x86_64 }
    var memoryWriteCount: Int { written == nil ? 0 : 1 }

    func argument(_ index: Int) -> UInt64 { arguments.indices.contains(index) ? arguments[index] : 0 }

    func memoryWrite(_ index: Int) -> MemoryWrite {
        written ?? MemoryWrite(task: 0, address: 0, size: 0, dataOffset: 0, storedSize: 0, holes: [])
    }

    func memoryWrite(containing address: UInt64) -> MemoryWrite? { written.flatMap { $0.contains(address) ? $0 : nil } }

    /// rr never buffers the calls that make connections.
    func socketAddresses() -> (local: [UInt8], remote: [UInt8])? { nil }
}
