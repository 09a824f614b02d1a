import Foundation
import Indexer
import RRTrace
import Recorder
import Replay
public import RunModel
public import RunStore
import SystemPackage

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
    let wording: Wording
    private let environment: [String: String]
    private var lives: [NodeID: [Int32: ProcessLife]] = [:]
    private var visited: [Place: Debuggee] = [:]
    var latest: Arrival?
    var history = History()
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

        /// What a command of Ridealong with these arguments prints about the run.
        public var listing: ([String]) throws -> String

        /// Reads positions by `position`, shows them as `lines`, and lists by `listing`.
        public init(
            position: @escaping (String) throws -> Position, lines: @escaping (Position) throws -> [String],
            listing: @escaping ([String]) throws -> String
        ) {
            self.position = position
            self.lines = lines
            self.listing = listing
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
        let path = index.nodes[Int(position.node.index)].tracePath
        guard FileManager.default.isReadableFile(atPath: path + "/version") else { throw ReplayError.noTrace(path: path) }
        let trace = try TraceDirectory(path: path)
        let headline = try wording.lines(position)
        guard let target = try ReplayTarget(position.moment, in: trace, headline: headline) else {
            throw DebugError.noPosition(position: index.text(position))
        }
        let debuggee = try debuggee(position.node, target.process)
        let notes = try place(debuggee.replay, at: target)
        return arrive(
            debuggee, task: target.task, returned: target.landing == .returned, returning: target.stop == .beforeReturn, headline, notes)
    }

    private func place(_ replay: ProcessReplay, at target: ReplayTarget) throws -> [String] {
        let event = target.moment.event
        switch target.stop {
        case .afterEvent: try replay.seek(to: event, task: target.task)
        case .beforeReturn: try replay.seek(to: max(event, 1) - 1, task: target.task)
        case .end: try replay.seek(to: .max, task: target.task)
        case .beforeCall(let earlier, let place):
            let isThere = try replay.seek(toBufferedCall: place, after: earlier, task: target.task ?? replay.task)
            return isThere ? [] : ["the call was not found: this is where the replay stopped"]
        }
        return []
    }

    /// The user stands in a process now.
    func arrive(
        _ debuggee: Debuggee, task: Int32?, returned: Bool, returning: Bool = false, _ headline: [String], _ notes: [String]
    ) -> Arrival {
        server?.focus = debuggee
        let replay = debuggee.replay
        let arrival = Arrival(
            number: debuggee.number, task: task, programs: replay.subject.life.programs(upTo: replay.event), returned: returned,
            returning: returning, headline: headline, notes: notes)
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
            server = try DebugServer(first: debuggee) { [unowned self] words in try self.answer(words) }
        }
        return debuggee
    }

    /// Starts gdb and serves it until it ends; its exit code, or that of a shell for the signal that ended it.
    public func runGDB(batch: String?) throws -> Int32 {
        guard let server else { return 0 }
        if let batch, !FileManager.default.isReadableFile(atPath: batch) { throw ReplayError.noBatchFile(path: batch) }
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
}
