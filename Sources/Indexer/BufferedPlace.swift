import Endpoints
public import RRTrace
public import RunModel

/// Whose call of the syscall buffer it is, and what has to be known to stop a replay there: it has no event, and rr can stop only before
/// events that are none of the buffer's own.
///
/// A buffer is flushed before anything else happens in its thread. So the calls of a flush lie between the thread's last event and the
/// flush, and the first call that is made there with so many bytes of records in the buffer as stand before its record is the one.
struct BufferedPlace {
    /// The process, as its recorded thread group id.
    let process: Int32
    /// The thread.
    let task: Int32
    /// The last event of the thread before the call.
    let earlier: UInt64
    /// Where the call's record begins, behind the header of the buffer.
    let place: UInt32
    /// Whether the call stands where it was entered.
    let gives: Bool

    /// The call at `moment` of `trace`; `nil` if there is none.
    ///
    /// Reads the frames up to there.
    static func find(_ moment: Moment, in trace: TraceDirectory) throws(TraceError) -> BufferedPlace? {
        var frames = try FrameCursor(trace)
        var latest: [Int32: UInt64] = [:]
        while frames.advance(), frames.event < moment.event {
            switch frames.kind {
            case .syscallBufferFlush, .syscallBufferReset, .syscallBufferAbortCommit: continue
            default: latest[frames.task] = frames.event
            }
        }
        guard frames.event == moment.event, let earlier = latest[frames.task] else { return nil }
        var data = try DataReader(trace)
        guard var records = data.flushedRecords(frames, headerSize: trace.syscallBufferHeaderSize) else { return nil }
        for _ in 1..<moment.call { if records.next() == nil { return nil } }
        guard let record = records.next() else { return nil }
        let groups = trace.tasks().events.threadGroups(upTo: moment.event)
        return BufferedPlace(
            process: groups.process(of: frames.task), task: frames.task, earlier: earlier,
            place: record.place,
            gives: GivingCalls.contains(SyscallTable.name(Int32(record.number), frames.architecture ?? .x86_64)))
    }
}

extension Moment {
    /// Where a thread stands of which rr says that `event` is done, and whose syscall buffer has `bytes` bytes of records: at the last
    /// call that they tell of. `nil` if the trace has no such flush.
    ///
    /// rr takes a flush for done when it has put its records in place, which is before the calls of it are made again.
    /// Reads the frames up to there.
    public init?(after event: UInt64, of task: Int32, bufferedBytes bytes: UInt32, in trace: TraceDirectory) throws(TraceError) {
        var frames = try FrameCursor(trace)
        while frames.advance() {
            guard frames.event >= event, frames.task == task else { continue }
            guard frames.kind == .syscallBufferFlush else { continue }
            var data = try DataReader(trace)
            guard var records = data.flushedRecords(frames, headerSize: trace.syscallBufferHeaderSize) else { return nil }
            var calls: UInt32 = 0
            while let record = records.next(), record.place < bytes { calls += 1 }
            self.init(event: calls > 0 ? frames.event : event, call: calls)
            return
        }
        return nil
    }
}
