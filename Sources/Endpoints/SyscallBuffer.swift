import RRTrace
import RunModel

/// What the syscall buffer hides. A flush tells numbers and results of the calls since the last one, but not their descriptors.
extension EndpointTracker {
    /// Counts the calls of a flush; if any of them may have moved bytes of a followed endpoint, stream offsets are lost.
    mutating func takeFlush(_ frame: borrowing FrameCursor, _ task: Int, _ data: inout DataReader) {
        guard frame.memoryWriteCount > 0 else { return }
        let write = frame.memoryWrite(0)
        guard write.size <= Self.largestFlush, let bytes = data.read(write, address: write.address, count: Int(write.size)) else {
            return note("unreadable-memory", "flush", at: stamp(frame).moment)
        }
        var movesBytes = false
        var records = SyscallBufferRecords(bytes, headerSize: syscallBufferHeaderSize)
        while let record = records.next() {
            guard let syscall = Syscall(Int32(record.number), frame.architecture ?? architecture), record.result >= 0
            else { continue }
            if syscall.movesBytes, record.result > 0 {
                movesBytes = true
                hiddenCalls[syscall, default: 0] += 1
            } else if syscall.makesDescriptor || syscall == .dup {
                // Its number is in use again, so what we thought it named is gone.
                forget(record.result, task, at: stamp(frame))
            } else if syscall == .socketpair, record.extra.count >= 8 {
                for place in [0, 4] { forget(Int64(littleEndian32(bytes, record.extra.lowerBound + place)), task, at: stamp(frame)) }
            }
        }
        if records.isDamaged { note("unreadable-memory", "flush", at: stamp(frame).moment) }
        // Behind a damaged record there may be any calls. All are older than the flush, but younger than the event before it.
        if movesBytes || records.isDamaged { hideCalls(of: task, from: Moment(event: frame.event - 1)) }
    }

    /// A syscall buffer is 1 MiB, header included.
    private static let largestFlush: UInt64 = 1 << 21

    private mutating func forget(_ number: Int64, _ task: Int, at stamp: Stamp) {
        guard let number = Int32(exactly: number), tables[tasks[task].table].slots[number] != nil else { return }
        note("implied-close", at: stamp.moment)
        closeDescriptor(number, table: tasks[task].table, task, at: stamp, latest: stamp.time)
    }

    /// From `moment` on, any endpoint of the task's process may have moved bytes unseen.
    mutating func hideCalls(of task: Int, from moment: Moment) {
        let process = tasks[task].process
        guard tasks.processes[process].hidesCallsFrom == nil else { return }
        tasks.processes[process].hidesCallsFrom = moment
        for slot in tables[tasks[task].table].slots.values {
            if let serial = files[slot.file].endpoint { makeOpaque(serial, from: moment) }
        }
    }

    /// Turns the counts into anomalies.
    mutating func reportHiddenCalls() {
        let position = Position(node: node, moment: .beginning)
        for (syscall, count) in hiddenCalls {
            reading.anomalies.add(Anomaly("hidden-in-buffer", subject: syscall.rawValue, count: count, first: position))
        }
    }
}
