import ArgumentParser
import Calls
import RunModel
import RunStore

/// `ridealong blocked`.
struct BlockedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blocked",
        abstract: "Show who waits in which call for whom, and who waits in a circle.",
        discussion: """
            Each task that has entered a call and not returned from it, when all had happened that stands before the \
            position in the total order. Without a position: at the end of the run; if nodes were told to stop, just \
            before the first of them was. So after a system hung and was stopped, this shows what it hung on.

            A deadlock is reported only if nobody but the processes in it could end it, as far as the traces tell.
            """)

    @OptionGroup var options: RunOptions

    @Argument(help: "The position. Default: the end of the run.")
    var position: String?

    func run() throws {
        let index = try options.open()
        let found = try RunWaits(index, at: try position.map { try index.position($0) })
        var out = Output()
        if options.json {
            out.listing("blocked")
            try out.object(CutWords(cut: found.cut, waits: found.waits.count, deadlocks: found.deadlocks.count))
            for wait in found.waits { try out.object(WaitRow(wait, index)) }
            for circle in found.deadlocks { try out.object(DeadlockRow(deadlock: circle.map { index.text($0.position) })) }
            return
        }
        out.line(found.cut + (found.waits.isEmpty ? ", nobody waits" : ":"))
        if found.waits.isEmpty { return }
        out.line("")
        Table.print(
            [.init("POSITION"), .init("PROCESS", isNumber: true), .init("TASK", isNumber: true), .init("WAITS FOR"), .init("IN")],
            found.waits.map { wait in
                [index.text(wait.position), "\(wait.process.process)", "\(wait.task)", index.words(wait), wait.call]
            }, to: &out)
        for circle in found.deadlocks {
            out.line("")
            out.line("deadlock: \(circle.count == 1 ? "it waits for itself" : "each waits for the next, and the last for the first")")
            for wait in circle { out.line("  \(index.text(wait.position))  process \(wait.process.process), in \(wait.call)") }
        }
    }
}

extension Wait {
    /// Where it began.
    fileprivate var position: Position { Position(node: process.node, moment: entered) }

    /// The call, as far as it has come.
    fileprivate var call: String { "\(name)(\(arguments.joined(separator: ", ")))" }
}

extension RunIndex {
    /// Whom or what `wait` waits for.
    fileprivate func words(_ wait: Wait) -> String {
        let processes = wait.on.map { "\(name($0.node)) \($0.process)" }.joined(separator: ", ")
        switch wait.reason {
        case .child: return wait.on.isEmpty ? "a child" : "child \(processes)"
        case .threads: return wait.on.isEmpty ? "a futex" : "threads of \(processes)"
        case .client: return "anybody who connects"
        case .answer: return "an answer"
        case .signal: return "a signal"
        case .time: return "time to pass"
        case .lock: return "a lock"
        case .data, .room, .ready, .unknown:
            if wait.on.isEmpty { return "not known" }
            return processes + (wait.isOver ? " (over)" : wait.isOpen ? ", or others" : "")
        }
    }
}

/// Where the listing was made.
private struct CutWords: Encodable {
    let cut: String
    let waits: Int
    let deadlocks: Int
}

/// A task that waits, in JSON.
private struct WaitRow: Encodable {
    struct Process: Encodable {
        let node: String
        let process: Int32
    }

    let position: String
    let process: Int32
    let task: Int32
    let name: String
    let arguments: [String]
    let reason: String
    let waitsFor: [Process]
    let others: Bool
    let over: Bool

    init(_ wait: Wait, _ index: RunIndex) {
        position = index.text(wait.position)
        (process, task, name, arguments) = (wait.process.process, wait.task, wait.name, wait.arguments)
        reason = wait.reason.rawValue
        waitsFor = wait.on.map { Process(node: index.name($0.node), process: $0.process) }
        (others, over) = (wait.isOpen, wait.isOver)
    }
}

/// A circle, in JSON.
private struct DeadlockRow: Encodable {
    let deadlock: [String]
}
