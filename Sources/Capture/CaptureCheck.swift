public import RRTrace

/// Holds a capture against its trace: every call of the one must be in the other.
public struct CaptureCheck: Sendable {
    /// How the calls were found.
    public let counts: CaptureJoin.Counts
    /// The first calls that were missed, for people: event, number, instruction pointer.
    public let missed: [String]
    /// What is wrong with the file, if anything is.
    public let damage: String?

    /// How many missed calls are kept.
    private static let keptMisses = 20

    /// Walks through `trace` and `file` once; each call found is handed to `body`, with the event of its frame and, if it is in the
    /// syscall buffer, its number in the flush (from 1). The frame that `body` sees is ENTERING, or the flush.
    public init(
        _ file: CaptureFile, of trace: TraceDirectory, body: (CapturedCall, UInt64, UInt32) -> Void = { _, _, _ in }
    ) throws(TraceError) {
        var join = CaptureJoin(file, events: trace.tasks().events)
        var missed: [String] = []
        var data = try DataReader(trace)
        var frames = try FrameCursor(trace)
        while frames.advance() {
            switch frames.kind {
            case .syscall:
                let before = join.counts.missedTraced
                if let call = join.call(at: frames) { body(call, frames.event, 0) }
                if join.counts.missedTraced > before, missed.count < Self.keptMisses, let call = frames.syscall {
                    let name = SyscallTable.name(call.number, call.architecture)
                    missed.append("\(frames.event): \(name) of \(frames.task), ip \(String(frames.instructionPointer, radix: 16))")
                }
            case .patchSyscall:
                join.patch(at: frames)
            case .syscallBufferFlush:
                guard var records = data.flushedRecords(frames, headerSize: trace.syscallBufferHeaderSize) else { continue }
                var number: UInt32 = 0
                while let record = records.next() {
                    number += 1
                    let before = join.counts.missedBuffered
                    if let call = join.call(at: frames, record: record) { body(call, frames.event, number) }
                    if join.counts.missedBuffered > before, missed.count < Self.keptMisses {
                        let name = SyscallTable.name(Int32(record.number), .x86_64)
                        missed.append("\(frames.event).\(number): \(name) of \(frames.task) = \(record.result), place \(record.place)")
                    }
                }
            default: break
            }
        }
        join.finish()
        counts = join.counts
        self.missed = missed
        damage = join.damage.map { "at \($0.offset): \($0.detail)" }
    }
}
