public import RRTrace
public import Replay
public import RunModel

/// Whose event it is, and what comes after: what has to be known to stop a replay there.
struct EventPlace {
    /// What the process does next.
    enum Next {
        /// Something that leaves an event of its own.
        case event
        /// Calls that only its syscall buffer knows.
        case bufferedCalls
        /// Nothing: it dies, or the trace ends.
        case death
    }

    /// The process, as its recorded thread group id.
    let process: Int32
    /// The thread.
    let task: Int32
    /// Whether the event is the return from a system call.
    let isReturn: Bool
    /// What the process does next.
    let next: Next

    /// The place of `event` in `trace`; `nil` if the trace cannot be read up to there.
    ///
    /// Reads the frames up to the next one of the same process.
    static func find(_ event: UInt64, in trace: TraceDirectory) throws(TraceError) -> EventPlace? {
        var frames = try FrameCursor(trace)
        var found = false
        while !found, frames.advance() { found = frames.event == event }
        guard found else { return nil }
        let task = frames.task
        let isReturn = frames.syscall?.state == .exiting
        let groups = trace.tasks().events.threadGroups(upTo: event)
        let process = groups.process(of: task)
        var next = Next.death
        search: while frames.advance() {
            guard groups.process(of: frames.task) == process else { continue }
            switch frames.kind {
            case .exit, .syscallBufferReset, .syscallBufferAbortCommit: continue
            case .syscallBufferFlush: next = .bufferedCalls
            default: next = .event
            }
            break search
        }
        return EventPlace(process: process, task: task, isReturn: isReturn, next: next)
    }
}

extension ReplayTarget {
    /// The place at `moment` of `trace`: in the process and thread of its event. `nil` if the trace cannot be read up to there, or if
    /// there is no such call in a flush of the syscall buffer.
    ///
    /// Reads the frames up to the next one of the same process.
    public init?(_ moment: Moment, in trace: TraceDirectory, headline: [String] = []) throws(TraceError) {
        if moment.call > 0 {
            guard let place = try BufferedPlace.find(moment, in: trace) else { return nil }
            self.init(
                trace: trace.path, process: place.process, task: place.task, moment: moment, landing: place.gives ? .entered : .returned,
                stop: .beforeCall(event: place.earlier, place: place.place), headline: headline)
            return
        }
        guard let place = try EventPlace.find(moment.event, in: trace) else { return nil }
        let stop: Stop =
            switch place.next {
            case .event: .afterEvent
            case .bufferedCalls: place.isReturn ? .beforeReturn : .afterEvent
            case .death: .end
            }
        self.init(
            trace: trace.path, process: place.process, task: place.task, moment: moment, landing: place.isReturn ? .returned : .entered,
            stop: stop, headline: headline)
    }
}
