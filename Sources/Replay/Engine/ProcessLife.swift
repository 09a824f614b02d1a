public import RRTrace

/// From when to when a process is there in its trace, and where a replay of it can stop.
public struct ProcessLife: Sendable {
    /// The process, by its recorded id.
    public let process: Int32
    /// Its first event.
    public let first: UInt64
    /// Its last event before its death: nothing of the program comes after it.
    public private(set) var last: UInt64
    /// Where it began to run other programs, in order: the first comes before its own beginning if it was forked.
    public private(set) var execs: [UInt64] = []
    /// Its events after which it makes calls that only its syscall buffer knows: rr cannot stop right behind them. In order.
    private var beforeFlush: [UInt64] = []

    /// How many programs it had begun when `event` was done: with each, other things are mapped.
    public func programs(upTo event: UInt64) -> Int { execs.prefix { $0 <= event }.count }

    /// The last event up to `event` after which the process makes calls that only its syscall buffer knows. O(log n).
    public func lastBeforeFlush(upTo event: UInt64) -> UInt64? {
        var range = 0..<beforeFlush.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            range = beforeFlush[middle] <= event ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound > 0 ? beforeFlush[range.lowerBound - 1] : nil
    }

    /// The lives of all processes of `trace`, by process, as far as it can be read. Reads all frames once; keeps a number for each flush.
    public static func all(of trace: TraceDirectory) throws(TraceError) -> [Int32: ProcessLife] {
        var reading = Reading(changes: trace.tasks().events[...])
        var frames = try FrameCursor(trace)
        while frames.advance() { reading.note(frames.event, frames.task, frames.kind) }
        return reading.lives
    }

    /// What is known of the processes so far, while a trace is read.
    private struct Reading {
        /// The task events still to come.
        var changes: ArraySlice<TaskEvent>
        var groups = ThreadGroups()
        var lives: [Int32: ProcessLife] = [:]

        mutating func note(_ event: UInt64, _ task: Int32, _ kind: FrameKind) {
            while let change = changes.first, change.event <= event {
                changes.removeFirst()
                note(change)
            }
            let process = groups.process(of: task)
            switch kind {
            case .exit, .syscallBufferReset, .syscallBufferAbortCommit: return
            case .syscallBufferFlush: lives[process]?.noteFlush()
            default: lives[process, default: ProcessLife(process: process, first: event)].last = event
            }
        }

        private mutating func note(_ change: TaskEvent) {
            switch change.kind {
            case .clone(_, let flags, _):
                groups.note(change)
                // Ids are given again.
                if flags & TaskEvent.threadFlag == 0 { lives[change.task] = nil }
            case .exec:
                let process = groups.process(of: change.task)
                lives[process, default: ProcessLife(process: process, first: change.event)].execs.append(change.event)
            case .exit, .detach, .unknown: break
            }
        }
    }

    private init(process: Int32, first: UInt64) {
        self.process = process
        self.first = first
        last = first
    }

    private mutating func noteFlush() {
        if beforeFlush.last != last { beforeFlush.append(last) }
    }
}
