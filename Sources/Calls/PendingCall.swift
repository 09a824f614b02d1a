import Capture
import Endpoints
import RRTrace
import RunModel

/// A call that a task has entered and not yet left.
struct PendingCall {
    let name: String
    let shape: CallShape
    let architecture: Architecture
    let task: Int32
    let process: Int32
    let entered: Moment
    let time: Int64
    /// Its arguments, as the registers held them.
    let values: [UInt64]
    /// Whether it is to be told of, as far as its name says.
    let isWanted: Bool
    /// What its descriptors name, by the index of the argument.
    var meanings: [(index: Int, meaning: DescriptorWalk.Meaning?)] = []
    /// Its place among the lines, if that is where it was entered.
    var slot: Int?
    /// Whether its beginning has been told already.
    var isSplit = false
    /// Whether a signal has broken it off, and the program has not gone on yet.
    var isInterrupted = false
    /// What a replay has captured of it.
    var captured: CapturedCall?
    /// The syscall buffer, if the call went through it: into which rr puts what the program's own arguments point to.
    var buffer: Range<UInt64>?

    var isExec: Bool { name == "execve" || name == "execveat" }

    /// A line about it, standing where it was entered.
    var line: Call { Call(.call, name, at: entered, time: time, process: process, task: task) }
}

/// Lines in the order in which they are to be told; some are not known yet.
struct LineQueue {
    private enum Entry {
        case line(Call)
        /// The call that this task is in.
        case open(Int32)
        case nothing
    }

    private var entries: [Entry] = []
    /// The index of the first entry that is still of interest, and the number of entries that have been dropped before it.
    private var first = 0
    private var dropped = 0

    /// How many lines there are, known or not.
    var count: Int { entries.count - first }

    /// The first line, if that is not known yet: its task and its place.
    var firstOpen: (task: Int32, slot: Int)? {
        if first < entries.count, case .open(let task) = entries[first] { (task, dropped + first) } else { nil }
    }

    /// Keeps a place for the call that `task` has entered.
    mutating func reserve(_ task: Int32) -> Int {
        entries.append(.open(task))
        return dropped + entries.count - 1
    }

    /// Adds a line at the end.
    mutating func append(_ line: Call) { entries.append(.line(line)) }

    /// Puts a line (or none) into the place that was kept for it, or else at the end.
    mutating func fill(_ slot: Int?, with line: Call?) {
        if let slot {
            entries[slot - dropped] = line.map { .line($0) } ?? .nothing
        } else if let line {
            append(line)
        }
    }

    /// Takes the first line, if it is known.
    mutating func popReady() -> Call? {
        while first < entries.count {
            switch entries[first] {
            case .open: return nil
            case .nothing: advance()
            case .line(let line):
                advance()
                return line
            }
        }
        return nil
    }

    private mutating func advance() {
        first += 1
        guard first == entries.count || first >= Self.compaction else { return }
        entries.removeFirst(first)
        dropped += first
        first = 0
    }

    /// So many entries are dropped together.
    private static let compaction = 4096
}

/// What the trace's own list of tasks says about execs and ends.
struct TaskFacts {
    struct Key: Hashable {
        let task: Int32
        let event: UInt64
    }

    /// The programs that were executed, by event.
    let execs: [UInt64: (file: [UInt8], commandLine: [[UInt8]])]
    /// Wait statuses of the tasks that ended.
    let exits: [Key: Int32]

    init(_ trace: TraceDirectory) {
        var execs: [UInt64: (file: [UInt8], commandLine: [[UInt8]])] = [:]
        var exits: [Key: Int32] = [:]
        for event in trace.tasks().events {
            switch event.kind {
            case .exec(let file, let commandLine): execs[event.event] = (file, commandLine)
            case .exit(let status): exits[Key(task: event.task, event: event.event)] = status
            default: break
            }
        }
        (self.execs, self.exits) = (execs, exits)
    }

    /// How a task with this wait status ended: `exited with 0`, `killed by SIGSEGV (core dumped)`.
    static func text(_ status: Int32) -> String {
        let signal = status & 0x7f
        if signal == 0 { return "exited with \(status >> 8 & 0xff)" }
        return "killed by \(SignalNames.name(Int64(signal)))" + (status & 0x80 != 0 ? " (core dumped)" : "")
    }
}
