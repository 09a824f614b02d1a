/// Memory that changed at a frame: what the kernel or rr wrote into a task.
public struct MemoryWrite: Hashable, Sendable {
    /// The task whose memory it is; for `clone` it may be another than that of the frame.
    public let task: Int32
    /// Where it begins, in the task's address space.
    public let address: UInt64
    /// Its length in bytes, holes included.
    public let size: UInt64
    /// Where its stored bytes begin in the inflated stream `data`.
    public let dataOffset: UInt64
    /// How many bytes it has there: `size` without the holes.
    public let storedSize: UInt64
    /// The ranges that are zero and not stored, as offsets from `address`, in order and apart.
    public let holes: [Range<UInt64>]

    /// Whether the byte at `address` is part of it.
    @inlinable public func contains(_ address: UInt64) -> Bool {
        address >= self.address && address &- self.address < size
    }
}
