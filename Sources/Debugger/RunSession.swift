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
    private var ways: [NodeID: (rr: RRInvocation, version: RRVersion)] = [:]
    private var visited: [ProcessKey: Debuggee] = [:]
    var latest: Arrival?
    /// The processes, the one used last at the end, and how often one was used.
    private var recent: [Debuggee] = []
    private var uses = 0
    /// How much memory the replays may have, in bytes.
    private let budget: UInt64
    var history = History()
    /// The server, once there is a first process.
    public private(set) var server: DebugServer?

    /// A process of a node.
    private struct ProcessKey: Hashable {
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
    ///
    /// Memory: that of the replays, of which those not used for long are ended when all together have more than `budget` bytes (half of
    /// what is free, if not given); and for each visited node a number for each flush of its syscall buffers.
    public init(_ index: RunIndex, environment: [String: String], wording: Wording, budget: UInt64? = nil) {
        self.index = index
        self.environment = environment
        self.wording = wording
        self.budget = budget ?? Memory.free() / 2
    }

    /// Goes to a position, in the process that it is in.
    @discardableResult
    public func go(to position: Position) throws -> Arrival {
        let path = index.nodes[Int(position.node.index)].tracePath
        guard FileManager.default.isReadableFile(atPath: path + "/version") else { throw ReplayError.noTrace(path: path) }
        let headline = try wording.lines(position)
        let known = try knownTarget(position, headline)
        guard let target = try known ?? ReplayTarget(position.moment, in: try TraceDirectory(path: path), headline: headline) else {
            throw DebugError.noPosition(position: index.text(position))
        }
        let debuggee = try debuggee(position.node, target.process)
        let notes = try place(debuggee.replay, at: target)
        return arrive(
            debuggee, task: target.task, returned: target.landing == .returned, returning: target.stop == .beforeReturn, headline, notes)
    }

    /// What has to be known to stand at an operation that has an event: without reading the trace up to there.
    private func knownTarget(_ position: Position, _ headline: [String]) throws -> ReplayTarget? {
        let stream = index.operations(of: position.node)
        guard position.moment.call == 0, let number = try stream.operations(at: position.moment).first else { return nil }
        let operation = try stream.operation(number)
        guard let life = try lives(of: position.node)[operation.process] else { return nil }
        let event = position.moment.event
        let isReturn = operation.at == position.moment && operation.entered != operation.at
        var stop = ReplayTarget.Stop.afterEvent
        if event >= life.last {
            stop = .end
        } else if isReturn, life.lastBeforeFlush(upTo: event) == event {
            stop = .beforeReturn
        }
        return ReplayTarget(
            trace: index.nodes[Int(position.node.index)].tracePath, process: operation.process, task: operation.task,
            moment: position.moment, landing: isReturn ? .returned : .entered, stop: stop, headline: headline)
    }

    /// The lives of a node's processes. Reads its trace once, the first time.
    private func lives(of node: NodeID) throws -> [Int32: ProcessLife] {
        if let known = lives[node] { return known }
        let all = try ProcessLife.all(of: try TraceDirectory(path: index.nodes[Int(node.index)].tracePath))
        lives[node] = all
        return all
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
        noteUse(of: debuggee)
        let replay = debuggee.replay
        let arrival = Arrival(
            number: debuggee.number, task: task, programs: replay.subject.life.programs(upTo: replay.event), returned: returned,
            returning: returning, headline: headline, notes: notes)
        latest = arrival
        return arrival
    }

    /// Keeps the replays within their memory: those that were not used for longest are ended, and come back when they are asked for.
    private func noteUse(of debuggee: Debuggee) {
        let isNew = !recent.contains { $0 === debuggee }
        recent.removeAll { $0 === debuggee }
        recent.append(debuggee)
        uses += 1
        guard isNew || uses % Self.usesBetweenLooks == 0 else { return }
        let memory = recent.map(\.replay.memory)
        var total = memory.reduce(0, &+)
        for (idle, memory) in zip(recent.dropLast(), memory) where total > budget && memory > 0 {
            do {
                try idle.replay.suspend()
                total -= memory
            } catch {
                server?.note(error)
            }
        }
    }

    /// How often it is looked what memory the replays have: rarely, since it takes as long as a small seek.
    private static let usesBetweenLooks = 16

    /// The process of a node, visited now if it was not.
    private func debuggee(_ node: NodeID, _ process: Int32) throws -> Debuggee {
        let key = ProcessKey(node: node, process: process)
        if let known = visited[key] { return known }
        let indexed = index.nodes[Int(node.index)]
        guard let life = try lives(of: node)[process] else { throw DebugError.noProcess(process: process, node: indexed.name) }
        let way = try way(of: node)
        let subject = ProcessReplay.Subject(rr: way.rr, version: way.version, trace: indexed.tracePath, life: life)
        let debuggee = Debuggee(number: visited.count + 1, node: indexed.name, replay: ProcessReplay(subject))
        visited[key] = debuggee
        if let server {
            server.add(debuggee)
        } else {
            server = try DebugServer(first: debuggee) { [unowned self] words in try self.answer(words) }
        }
        return debuggee
    }

    /// How to call rr for a node, and its version: asks rr, and looks at the machine, once.
    private func way(of node: NodeID) throws -> (rr: RRInvocation, version: RRVersion) {
        if let known = ways[node] { return known }
        let rr = try RRInvocation.forReplay(of: index.nodes[Int(node.index)].replaySidecar, in: environment)
        let way = (rr: rr, version: try RRVersion.of(rr.executable))
        ways[node] = way
        return way
    }

    /// Starts gdb and serves it until it ends; its exit code, or that of a shell for the signal that ended it.
    public func runGDB(batch: String?) throws -> Int32 {
        guard let server else { return 0 }
        if let batch, !FileManager.default.isReadableFile(atPath: batch) { throw ReplayError.noBatchFile(path: batch) }
        let program = Lookup.program("gdb", in: environment) ?? "/usr/bin/gdb"
        let variables = [
            Self.scriptVariable: GDBScript.text(with: PackageResources.debugger_py), "RIDEALONG_PORT": String(server.port),
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
        return end?.code ?? 1
    }

    /// The variable that carries `debugger.py` to gdb's Python, which takes it, and the others, out of gdb's environment.
    private static let scriptVariable = "RIDEALONG_SCRIPT"
}
