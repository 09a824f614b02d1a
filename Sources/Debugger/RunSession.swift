import Foundation
import Indexer
import RRTrace
import SystemPackage
import Recorder
import Replay
public import RunModel
public import RunStore

/// A run under the debugger: whose process a position is in, and the processes that were visited.
public final class RunSession {
    /// Where the user was taken, as gdb's side needs to know it.
    public struct Arrival: Encodable {
        /// The number of the process.
        public let number: Int
        /// The thread that made the call; `nil` for whichever runs next.
        public let task: Int32?
        /// How many programs the process had begun there.
        public let programs: Int
        /// Whether the call has been made, so that its results can be looked at.
        public let returned: Bool
        /// Whether it is still to come back, since rr could not stop behind it.
        public let returning: Bool
        /// What a person is told.
        public let headline: [String]
        /// What is not as it was asked for.
        public let notes: [String]
    }

    /// The run.
    public let index: RunIndex
    private let wording: Wording
    private let environment: [String: String]
    private var lives: [NodeID: [Int32: ProcessLife]] = [:]
    private var visited: [Place: Debuggee] = [:]
    private var latest: Arrival?
    /// The server, once there is a first process.
    public private(set) var server: DebugServer?

    /// A process of a node.
    private struct Place: Hashable {
        let node: NodeID
        let process: Int32
    }

    /// How positions are read and shown: as everywhere on the command line.
    public struct Wording {
        /// The position that a text names.
        public var position: (String) throws -> Position
        /// What a person is told about a position.
        public var lines: (Position) throws -> [String]

        /// Reads positions by `position` and shows them as `lines`.
        public init(position: @escaping (String) throws -> Position, lines: @escaping (Position) throws -> [String]) {
            self.position = position
            self.lines = lines
        }
    }

    /// A session in the run of `index`; `environment` is this process's.
    public init(_ index: RunIndex, environment: [String: String], wording: Wording) {
        self.index = index
        self.environment = environment
        self.wording = wording
    }

    /// Goes to a position, in the process that it is in.
    @discardableResult
    public func go(to position: Position) throws -> Arrival {
        let node = index.nodes[Int(position.node.index)]
        let trace = try TraceDirectory(path: node.tracePath)
        let headline = try wording.lines(position)
        guard let target = try ReplayTarget(position.moment, in: trace, headline: headline) else {
            throw DebugError.noPosition(position: index.text(position))
        }
        let debuggee = try debuggee(position.node, target.process)
        let replay = debuggee.replay
        var notes: [String] = []
        switch target.stop {
        case .afterEvent: try replay.seek(to: position.moment.event, task: target.task)
        case .beforeReturn: try replay.seek(to: max(position.moment.event, 1) - 1, task: target.task)
        case .end: try replay.seek(to: .max, task: target.task)
        case .beforeCall(let event, let place):
            if try !replay.seek(toBufferedCall: place, after: event, task: target.task ?? 0) {
                notes.append("the call was not found: this is where the replay stopped")
            }
        }
        server?.focus = debuggee
        let arrival = Arrival(
            number: debuggee.number, task: target.task, programs: replay.subject.life.programs(upTo: replay.event),
            returned: target.landing == .returned, returning: target.stop == .beforeReturn, headline: headline, notes: notes)
        latest = arrival
        return arrival
    }

    /// The process of a node, visited now if it was not.
    private func debuggee(_ node: NodeID, _ process: Int32) throws -> Debuggee {
        let place = Place(node: node, process: process)
        if let known = visited[place] { return known }
        let indexed = index.nodes[Int(node.index)]
        let trace = try TraceDirectory(path: indexed.tracePath)
        let all = try lives[node] ?? ProcessLife.all(of: trace)
        lives[node] = all
        guard let life = all[process] else { throw DebugError.noProcess(process: process, node: indexed.name) }
        let rr = try RRInvocation.forReplay(of: indexed.replaySidecar, in: environment)
        let subject = ProcessReplay.Subject(rr: rr, version: try RRVersion.of(rr.executable), trace: trace.path, life: life)
        let debuggee = Debuggee(number: visited.count + 1, node: indexed.name, replay: ProcessReplay(subject))
        visited[place] = debuggee
        if let server {
            server.add(debuggee)
        } else {
            server = try DebugServer(first: debuggee) { [unowned self] words, server in try self.answer(words, server) }
        }
        return debuggee
    }

    /// Starts gdb and serves it until it ends; its exit code, or that of a shell for the signal that ended it.
    public func runGDB(batch: String?) throws -> Int32 {
        guard let server else { return 0 }
        let program = Lookup.program("gdb", in: environment) ?? "/usr/bin/gdb"
        let variables = [
            Self.scriptVariable: String(decoding: PackageResources.debugger_py, as: UTF8.self), "RIDEALONG_PORT": String(server.port),
            "RIDEALONG_BATCH": batch.map { URL(fileURLWithPath: $0).path } ?? "",
        ]
        let script = "python import os; exec(compile(os.environ.pop('\(Self.scriptVariable)'), 'debugger.py', 'exec'))"
        // -nx: the output of a script must not depend on somebody's .gdbinit.
        let arguments = (batch == nil ? [] : ["-batch", "-nx"]) + ["-q", "-iex", script, "-ex", "python ridealong_session.start()"]
        let gdb: ForegroundRun
        do {
            gdb = try ForegroundRun(program, arguments, environment: variables)
        } catch {
            throw DebugError.noGDB(executable: program, errno: error.rawValue)
        }
        var end: Child.End?
        server.serve {
            end = gdb.end()
            return end == nil
        }
        switch end {
        case .exited(let code): return code
        case .signalled(let signal): return 128 + signal
        case nil: return 1
        }
    }

    /// The variable that carries `debugger.py` to gdb's Python, which takes it, and the others, out of gdb's environment.
    private static let scriptVariable = "RIDEALONG_SCRIPT"

    /// Answers what stands behind `monitor`. What begins with `@` is for our own script in gdb, and answered as JSON.
    private func answer(_ text: String, _ server: DebugServer) throws -> String {
        let words = text.split(separator: " ").map(String.init)
        switch words.first {
        case "@arrival": return try json(latest)
        case "@go": return try json(go(to: wording.position(words.dropFirst().joined(separator: " "))))
        case "@return":
            guard words.count == 4, let task = Int32(words[1]), let address = UInt64(words[2]), let stack = UInt64(words[3]) else { break }
            return try json(server.focus.replay.run(task, to: address, stackAtLeast: stack))
        default: break
        }
        throw DebugError.unknownCommand(text: text)
    }

    private func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}
