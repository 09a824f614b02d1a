import ArgumentParser
import Calls
import RunModel
import RunStore

/// `ridealong calls`.
struct CallsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calls",
        abstract: "List the system calls of a run, of one node or of all in total order, as strace would.",
        discussion: """
            Descriptors show what is at their other end: 7<tcp client-4 127.0.0.1:51646>. A call that gives (write, \
            connect, close, …) stands where it was entered, any other where it returned. What a program hands over in \
            memory, a trace does not hold: the names of files are shown as their addresses, and so are the bytes that are \
            sent, unless a replay has captured them (see `ridealong index`). A ? is what nothing tells.

            -e takes what strace's does: -e read,write, -e %network, -e '!futex', -e signal=SIGCHLD. The classes are \
            %desc, %file, %memory, %network, %process and %signal.
            """)

    @OptionGroup var options: RunOptions

    @Option(help: "Only calls of this node.")
    var node: String?

    @Option(name: [.customShort("p"), .long], help: "Only calls of this process, or thread.")
    var process: Int32?

    @Option(
        name: [.customShort("e"), .customLong("expression")], help: "Only these calls: names and classes, with commas; ! for all others.")
    var expressions: [String] = []

    @Option(help: ArgumentHelp("Only calls on the two ends of this channel.", valueName: "channel"))
    var follow: String?

    @Option(help: ArgumentHelp("Only calls at or after this rank of the total order, or this position.", valueName: "rank|position"))
    var from: String?

    @Option(help: ArgumentHelp("Only calls at or before this rank, or this position.", valueName: "rank|position"))
    var to: String?

    @Flag(name: [.customShort("Z"), .long], help: "Only calls that failed.")
    var failedOnly = false

    @Flag(name: [.customShort("z"), .long], help: "Only calls that did not fail.")
    var successfulOnly = false

    @Option(name: [.customShort("s"), .long], help: "Show so many bytes of a string.")
    var stringLimit = 32

    @Flag(name: [.customShort("t"), .long], help: "Show the time, in seconds since the run's first event.")
    var time = false

    @Flag(name: [.customShort("T"), .long], help: "Show how long each call took.")
    var duration = false

    @Flag(name: [.customShort("c"), .long], help: "Count calls, errors and time instead.")
    var count = false

    func validate() throws {
        if failedOnly && successfulOnly { throw ValidationError("--failed-only and --successful-only exclude each other") }
        if stringLimit < 0 { throw ValidationError("--string-limit takes a number of bytes") }
    }

    func run() throws {
        let index = try options.open()
        let range = try CallRange(index, from: from, to: to)
        let channel = try follow.map { try index.channel(named: $0) }
        let nodes = try node.map { [try index.node($0)] } ?? index.nodes.indices.map { NodeID($0) }
        var filter = try CallFilter(expressions: expressions)
        filter.process = process
        filter.outcome = failedOnly ? .failed : successfulOnly ? .successful : .any
        let calls = try RunCalls(index, nodes: nodes, filter: filter, channel: channel, stringLimit: count ? 0 : stringLimit)
        if count { try summarize(calls, range) } else { try list(calls, range, index) }
        // What a damaged trace does not give, nobody should take for not having happened.
        for trouble in calls.troubles { StandardError.write("ridealong: not all calls could be read: \(trouble)\n") }
    }

    private func list(_ calls: RunCalls, _ range: CallRange, _ index: RunIndex) throws {
        var out = Output()
        var columns: [Table.Column] = [
            .init("POSITION", width: index.widestPosition), .init("TASK", isNumber: true, width: 7), .init("CALL"),
        ]
        if time { columns.insert(.init("TIME", isNumber: true, width: 10), at: 0) }
        // As with strace, long lines are left long.
        let table = Table(columns, lineWidth: .max)
        let start = index.firstTime
        if options.json { out.listing("calls") } else { out.line(table.header) }
        while let placed = try calls.next() {
            guard range.contains(placed) else { continue }
            let row = CallRow(placed, index)
            if options.json {
                try out.object(row)
                continue
            }
            var cells = [row.position, String(row.task), placed.call.text]
            if duration, let taken = row.duration { cells[2] += " <\(seconds(taken))>" }
            if time { cells.insert(seconds(row.time &- start), at: 0) }
            out.line(table.row(cells))
        }
    }

    private func summarize(_ calls: RunCalls, _ range: CallRange) throws {
        var counts: [String: CallCount] = [:]
        while let placed = try calls.next() {
            let call = placed.call
            guard range.contains(placed), call.kind == .call || call.kind == .buffered, call.part != .beginning else { continue }
            counts[call.name, default: CallCount(name: call.name)].add(call)
        }
        let rows = counts.values.sorted { ($1.duration, $1.calls, $0.name) < ($0.duration, $0.calls, $1.name) }
        var out = Output()
        if options.json {
            out.listing("calls")
            for row in rows { try out.object(row) }
        } else {
            Table.print(
                [.init("SECONDS", isNumber: true), .init("CALLS", isNumber: true), .init("ERRORS", isNumber: true), .init("NAME")],
                rows.map { [seconds($0.duration), String($0.calls), String($0.errors), $0.name] }, to: &out)
        }
    }
}

/// How often a call was made.
private struct CallCount: Encodable {
    let name: String
    var calls = 0
    var errors = 0
    var duration: Int64 = 0

    init(name: String) { self.name = name }

    mutating func add(_ call: Call) {
        calls += 1
        if call.error != nil { errors += 1 }
        duration &+= call.duration ?? 0
    }
}

/// A call in JSON.
private struct CallRow: Encodable {
    let position: String
    let rank: Int
    let process: Int32
    let task: Int32
    let kind: String
    let name: String
    let arguments: [String]
    let result: Int64?
    let error: String?
    let outcome: String?
    let entered: UInt64?
    let returned: UInt64?
    let time: Int64
    let duration: Int64?
    let part: String?

    init(_ placed: PlacedCall, _ index: RunIndex) {
        let call = placed.call
        // A call of the syscall buffer has no events of its own.
        let hasEvents = call.kind == .call && call.at.call == 0
        position = index.text(Position(node: placed.node, moment: call.position))
        rank = placed.rank
        (process, task, kind, name, arguments) = (call.process, call.task, call.kind.rawValue, call.name, call.arguments)
        (result, error) = (call.result, call.error)
        outcome = call.result == nil ? nil : call.outcome
        entered = hasEvents ? call.entered.event : nil
        returned = hasEvents ? call.returned?.event : nil
        time = call.time &+ index.nodes[Int(placed.node.index)].clockOffset
        duration = call.duration
        part = call.part == .whole ? nil : "\(call.part)"
    }
}

/// A stretch of the total order that was asked for; in the node of a position, from or to just there.
private struct CallRange {
    private let ranks: RankRange
    private let first: Position?
    private let last: Position?

    init(_ index: RunIndex, from: String?, to: String?) throws {
        ranks = try RankRange(index, from: from, to: to, lowest: 0)
        first = try from.flatMap { $0.contains("@") ? try index.position($0) : nil }
        last = try to.flatMap { $0.contains("@") ? try index.position($0) : nil }
    }

    func contains(_ placed: PlacedCall) -> Bool {
        guard placed.rank >= ranks.first, placed.rank <= ranks.last else { return false }
        if let first, first.node == placed.node, placed.call.at < first.moment { return false }
        if let last, last.node == placed.node, placed.call.at > last.moment { return false }
        return true
    }
}

extension RunIndex {
    /// When the run began, in comparable time.
    var firstTime: Int64 { nodes.filter { $0.events > 0 }.map { $0.time.lowerBound &+ $0.clockOffset }.min() ?? 0 }

    /// The channel that the user named.
    func channel(named text: String) throws -> IndexedChannel {
        guard let found = try channels().first(where: { $0.id == text }) else {
            throw UserError("there is no channel ‘\(text)’; `ridealong channels` lists them by the positions where they were opened")
        }
        return found
    }
}
