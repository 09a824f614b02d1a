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

    /// A write with all its parts.
    public init(task: Int32, address: UInt64, size: UInt64, dataOffset: UInt64, storedSize: UInt64, holes: [Range<UInt64>]) {
        (self.task, self.address, self.size) = (task, address, size)
        (self.dataOffset, self.storedSize, self.holes) = (dataOffset, storedSize, holes)
    }

    /// Whether the byte at `address` is part of it.
    @inlinable public func contains(_ address: UInt64) -> Bool {
        address >= self.address && address &- self.address < size
    }

    /// The `count` bytes from `offset` on, as a write of their own; `nil` if they are not all part of it.
    public func part(offset: UInt64, count: UInt64) -> MemoryWrite? {
        guard offset <= size, count <= size &- offset else { return nil }
        let range = offset..<offset &+ count
        let skipped = holes.reduce(0 as UInt64) { $0 &+ UInt64($1.clamped(to: 0..<offset).count) }
        let inside = holes.map { $0.clamped(to: range) }.filter { !$0.isEmpty }
        return MemoryWrite(
            task: task, address: address &+ offset, size: count, dataOffset: dataOffset &+ (offset &- skipped),
            storedSize: count &- inside.reduce(0) { $0 &+ UInt64($1.count) },
            holes: inside.map { $0.lowerBound &- offset..<$0.upperBound &- offset })
    }
}
