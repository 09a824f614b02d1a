extension FrameCursor {
    /// Words of a memory write in rr's schema: task, address, size; then the pointer to its holes.
    private static let writeWords = 3

    /// Finds the frame's memory writes, and where the bytes of each begin in `data`: the stream has no index, each write
    /// takes from it what it stored.
    mutating func decodeWrites() throws(Message.Damage) {
        var offset = writeOffsets[memoryWriteCount]
        dataOffset = offset
        writeOffsets[0] = offset
        memoryWriteCount = 0
        guard let list = try stream.message.list(0, of: root, .composite), list.count > 0 else { return }
        guard list.dataWords >= Self.writeWords else { throw Message.Damage("memory writes of \(list.dataWords) words") }
        if !holeLists.isEmpty { holeLists.removeAll(keepingCapacity: true) }
        while writeOffsets.count <= list.count { writeOffsets.append(0) }
        // The holes of all writes together cannot be more than the message has words, unless they share them.
        var holeBudget = stream.message.wordCount
        for index in 0..<list.count {
            let write = list.structure(index)
            var size: UInt64 = stream.message.number(write, bit: 128)
            if let holes = try stream.message.list(0, of: write, .composite), holes.count > 0 {
                size = try stream.message.storedSize(size, holes, &holeBudget)
                holeLists.append((index, holes))
            }
            let (sum, overflow) = offset.addingReportingOverflow(size)
            guard !overflow else { throw Message.Damage("memory writes of more than 2^64 bytes") }
            offset = sum
            writeOffsets[index + 1] = offset
        }
        writes = list
        memoryWriteCount = list.count
    }

    /// Memory write `index`, from 0 up to `memoryWriteCount`. O(1), and O(holes).
    public func memoryWrite(_ index: Int) -> MemoryWrite {
        precondition(index >= 0 && index < memoryWriteCount, "memory write \(index) of \(memoryWriteCount)")
        let write = writes.structure(index)
        return MemoryWrite(
            task: stream.message.number(write, bit: 0), address: stream.message.number(write, bit: 64),
            size: stream.message.number(write, bit: 128), dataOffset: writeOffsets[index],
            storedSize: writeOffsets[index + 1] &- writeOffsets[index], holes: holes(index))
    }

    /// The holes of memory write `index`: its list is found by bisection.
    private func holes(_ index: Int) -> [Range<UInt64>] {
        var (low, high) = (0, holeLists.count)
        while low < high {
            let middle = (low + high) / 2
            if holeLists[middle].write < index { low = middle + 1 } else { high = middle }
        }
        return low < holeLists.count && holeLists[low].write == index ? stream.message.holes(holeLists[low].list) : []
    }

    /// The first memory write that has the byte at `address`, wherever it begins. O(`memoryWriteCount`).
    public func memoryWrite(containing address: UInt64) -> MemoryWrite? {
        for index in 0..<memoryWriteCount {
            let write = writes.structure(index)
            let start: UInt64 = stream.message.number(write, bit: 64)
            if address >= start, address &- start < stream.message.number(write, bit: 128) { return memoryWrite(index) }
        }
        return nil
    }
}

extension Message {
    /// How many bytes of `size` are stored: all but the holes, which must lie inside, in order and apart.
    fileprivate func storedSize(_ size: UInt64, _ holes: List, _ budget: inout Int) throws(Damage) -> UInt64 {
        budget -= holes.count
        guard budget >= 0 else { throw Damage("more holes than the message has room for") }
        var stored = size
        var end: UInt64 = 0
        for index in 0..<holes.count {
            let hole = hole(holes, index)
            guard hole.start >= end, hole.start <= size, hole.count <= size &- hole.start else {
                throw Damage("a hole of \(hole.count) bytes at \(hole.start) in \(size) bytes")
            }
            end = hole.start &+ hole.count
            stored &-= hole.count
        }
        return stored
    }

    /// The holes of a list that `storedSize` has checked.
    fileprivate func holes(_ list: List) -> [Range<UInt64>] {
        (0..<list.count).map { index in
            let hole = hole(list, index)
            return hole.start..<hole.start &+ hole.count
        }
    }

    private func hole(_ holes: List, _ index: Int) -> (start: UInt64, count: UInt64) {
        let hole = holes.structure(index)
        return (number(hole, bit: 0), number(hole, bit: 64))
    }
}
