import Capture
import RRTrace
import RunModel

/// What is in the syscall buffer. A flush tells numbers and results of the calls since the last one, but not their descriptors: those
/// that no replay has captured are hidden.
extension EndpointTracker {
    /// Takes the calls of a flush that were captured, and counts the others; if any of these may have moved bytes of a followed
    /// endpoint, stream offsets are lost.
    mutating func takeFlush(_ frame: borrowing FrameCursor, _ task: Int, _ data: inout DataReader) {
        guard frame.memoryWriteCount > 0 else { return }
        let write = frame.memoryWrite(0)
        guard write.size <= Self.largestFlush, let bytes = data.read(write, address: write.address, count: Int(write.size)) else {
            return note("unreadable-memory", "flush", at: stamp(frame).moment)
        }
        var movesBytes = false
        var records = SyscallBufferRecords(bytes, headerSize: syscallBufferHeaderSize)
        let start = bytes.count - Int(UInt32(bitPattern: littleEndian32(bytes, 0)))
        let interrupted = tasks[task].pending
        var number: UInt32 = 0
        while let record = records.next() {
            number += 1
            let place = UInt32(truncatingIfNeeded: record.offset - start)
            if let call = capture?.call(at: frame, record: record, place: place) {
                take(call, record, number, frame, task, &data)
                continue
            }
            // A plain file is no endpoint.
            if architecture == .x86_64, record.isClonedRead { continue }
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
        tasks[task].pending = interrupted
        if records.isDamaged { note("unreadable-memory", "flush", at: stamp(frame).moment) }
        // Behind a damaged record there may be any calls. All are older than the flush, but younger than the event before it.
        if movesBytes || records.isDamaged { hideCalls(of: task, from: Moment(event: frame.event - 1)) }
    }

    /// A call of the buffer, the `number`-th of its flush, whose arguments were captured: it was made after the event before the flush.
    private mutating func take(
        _ call: CapturedCall, _ record: SyscallBufferRecord, _ number: UInt32, _ frame: borrowing FrameCursor, _ task: Int,
        _ data: inout DataReader
    ) {
        guard let syscall = Syscall(Int32(record.number), .x86_64) else { return }
        let moment = Moment(event: frame.event, call: number)
        let written = frame.memoryWrite(0).part(offset: UInt64(record.extra.lowerBound), count: UInt64(record.extra.count))
        let entry = BufferedCall(moment: moment, time: previousTime, result: 0, written: nil, arguments: call.arguments)
        captured = call
        enter(syscall, entry, task, &data)
        let exit = BufferedCall(
            moment: moment, time: frame.time, result: record.result, written: written, arguments: call.arguments)
        leave(syscall, exit, task, &data)
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
        capture?.finish()
        if let counts = capture?.counts {
            let missed = counts.missedBuffered + counts.missedTraced
            let invented = counts.inventedBuffered + counts.inventedTraced
            for (subject, count) in [("calls of the trace that the replay lacks", missed), ("calls of the replay alone", invented)]
            where count > 0 { reading.anomalies.add(Anomaly("capture-differs", subject: subject, count: count, first: position)) }
        }
        for (syscall, count) in hiddenCalls {
            reading.anomalies.add(Anomaly("hidden-in-buffer", subject: syscall.rawValue, count: count, first: position))
        }
    }
}
