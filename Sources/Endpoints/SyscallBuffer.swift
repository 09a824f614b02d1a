import Capture
import RRTrace
import RunModel

/// What is in the syscall buffer. A flush tells numbers and results of the calls since the last one, but not their descriptors: those
/// that no replay has captured are hidden.
extension EndpointTracker {
    /// Takes the calls of a flush.
    mutating func takeFlush(_ frame: borrowing FrameCursor, _ task: Int, _ data: inout DataReader) {
        guard var flush = beginFlush(frame, task, &data) else { return }
        while let call = next(in: &flush, frame) { take(call, in: &flush, frame, &data) }
        endFlush(flush, frame)
    }

    /// Reads the buffer that a frame flushes; `nil` if it cannot be read.
    mutating func beginFlush(_ frame: borrowing FrameCursor, _ task: Int, _ data: inout DataReader) -> BufferFlush? {
        reading.isBuffered = true
        guard frame.memoryWriteCount > 0 else { return nil }
        guard let records = data.flushedRecords(frame, headerSize: syscallBufferHeaderSize) else {
            note("unreadable-memory", "flush", at: stamp(frame).moment)
            // In it there may be any calls.
            hideCalls(of: task, from: Moment(event: frame.event - 1))
            return nil
        }
        let start = frame.memoryWrite(0).address
        return BufferFlush(
            addresses: start..<max(start, start &+ SyscallBufferRecords.largestFlush), task: task, records: records,
            interrupted: tasks[task].pending)
    }

    /// The next call of a flush; `nil` after the last.
    mutating func next(in flush: inout BufferFlush, _ frame: borrowing FrameCursor) -> FlushedCall? {
        guard let record = flush.records.next() else { return nil }
        flush.number += 1
        let captured = capture?.call(at: frame, record: record)
        return FlushedCall(
            record: record, moment: Moment(event: frame.event, call: flush.number), captured: captured,
            isOwn: captured == nil && capture?.isOwn(record) ?? false,
            written: frame.memoryWrite(0).part(offset: UInt64(record.extra.lowerBound), count: UInt64(record.extra.count)))
    }

    /// Takes a call of a flush, from its entry to its return; counts it, if it was not captured.
    mutating func take(_ call: FlushedCall, in flush: inout BufferFlush, _ frame: borrowing FrameCursor, _ data: inout DataReader) {
        if let captured = call.captured {
            take(call, captured, frame, flush.task, &data)
        } else {
            hide(call, in: &flush, frame, &data)
        }
    }

    /// After the last call: if any of those that are not known may have moved bytes of a followed endpoint, stream offsets are lost.
    mutating func endFlush(_ flush: BufferFlush, _ frame: borrowing FrameCursor) {
        tasks[flush.task].pending = flush.interrupted
        if flush.records.isDamaged { note("unreadable-memory", "flush", at: stamp(frame).moment) }
        // Behind a damaged record there may be any calls. All are older than the flush, but younger than the event before it.
        if flush.movesBytes || flush.records.isDamaged { hideCalls(of: flush.task, from: Moment(event: frame.event - 1)) }
    }

    /// A call whose arguments were captured: it was made after the event before the flush.
    private mutating func take(
        _ call: FlushedCall, _ captured: CapturedCall, _ frame: borrowing FrameCursor, _ task: Int, _ data: inout DataReader
    ) {
        guard let syscall = Syscall(Int32(call.record.number), .x86_64) else { return }
        let entry = BufferedCall(moment: call.moment, time: previousTime, result: 0, written: nil, arguments: captured.arguments)
        self.captured = captured
        enter(syscall, entry, task, &data)
        let exit = BufferedCall(
            moment: call.moment, time: frame.time, result: call.record.result, written: call.written, arguments: captured.arguments)
        leave(syscall, exit, task, &data)
    }

    /// A call of which only number, result and what it wrote are known.
    private mutating func hide(
        _ call: FlushedCall, in flush: inout BufferFlush, _ frame: borrowing FrameCursor, _ data: inout DataReader
    ) {
        let record = call.record
        // A plain file is no endpoint.
        if architecture == .x86_64, record.isClonedRead { return }
        guard let syscall = Syscall(Int32(record.number), frame.architecture ?? architecture), record.result >= 0 else { return }
        if syscall.movesBytes, record.result > 0 {
            flush.movesBytes = true
            hiddenCalls[syscall, default: 0] += 1
        } else if syscall.makesDescriptor || syscall == .dup {
            // Its number is in use again, so what we thought it named is gone.
            forget(record.result, flush.task, at: stamp(frame))
        } else if syscall == .socketpair, let written = call.written, written.size >= 8,
            let made = data.read(written, address: written.address, count: 8)
        {
            for place in [0, 4] { forget(Int64(littleEndian32(made, place)), flush.task, at: stamp(frame)) }
        }
    }

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
