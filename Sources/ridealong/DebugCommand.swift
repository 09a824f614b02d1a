import ArgumentParser
import Debugger
import Foundation
import Indexer
import RRTrace
import Recorder
import Replay
import RunModel
import RunStore

/// `ridealong debug`.
struct DebugCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "debug",
        abstract: "Stand in the code at a position, with gdb, and ride messages from process to process.",
        discussion: """
            Starts gdb in the process and thread of the position, in the innermost frame that is the program's own. \
            Naming a message (the position of its send) stands where it is received, with its bytes in memory; --send stands where \
            it is sent, before anything has been. Any other position stands where its event is done. A call in rr's syscall buffer \
            (NODE@EVENT.K) is stood at like any other: before it, if it gives, as a send or a close does, else after it.

            gdb has commands for the whole run: `ride` goes to the process that receives what this thread sends, `ride back` to the \
            one that sent what it has received, `goto POSITION` anywhere, `back` to where you were; `messages`, `nodes` and `when` \
            tell what there is. `help ride` and the like say more. Each process that you visit is an inferior. All that gdb and rr \
            can do in one process works from there, in both directions: finish, next, reverse-continue, watch, run EVENT, checkpoint.

            With --batch, commands are read from a file and nothing but their output goes to stdout. The exit code is 0, or 1 if a \
            command failed, or that of `quit N` in the file.

            With --plain, gdb is connected to rr's own server of the one process, with none of these commands.
            """)

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("The run directory. Default: $RIDEALONG_RUN, else the current directory.", valueName: "dir"))
    var runDirectory: String?

    @Flag(help: "Stand where the message is sent, not where it is received.")
    var send = false

    @Option(help: ArgumentHelp("Run the gdb commands in this file instead of asking for some, then end.", valueName: "file"))
    var batch: String?

    @Flag(help: "Connect gdb to rr's own server, for this process alone.")
    var plain = false

    @Argument(help: "The position, as `ridealong messages` and the other listings print it.")
    var position: String

    func run() throws {
        let index = try RunIndex(RunOptions.directory(runDirectory))
        let position = try index.endOfMessage(at: try index.position(position), send: send)
        let node = index.nodes[Int(position.node.index)]
        let environment = ProcessInfo.processInfo.environment
        guard plain else {
            let directory = RunOptions.path(runDirectory)
            let wording = RunSession.Wording(
                position: { try index.position($0) }, lines: { try PositionFacts(index, $0).lines },
                listing: { try Self.listing($0 + ["--run", directory]) })
            let session = RunSession(index, environment: environment, wording: wording)
            try session.go(to: position)
            let code = try session.runGDB(batch: batch)
            if code != 0 { throw ExitCode(code) }
            return
        }
        let session = DebugSession(
            target: try index.replayTarget(at: position), rr: try RRInvocation.forReplay(of: node.replaySidecar, in: environment),
            batch: batch)
        try session.start(inheriting: environment)
    }
}

extension DebugCommand {
    /// What this program prints with these arguments.
    private static func listing(_ arguments: [String]) throws -> String {
        guard let program = Lookup.ownPath() else { throw UserError("/proc/self/exe cannot be read: is /proc mounted?") }
        return try BoundedRun(program, arguments, limit: .seconds(60)).text
    }
}

extension RunIndex {
    /// Where to stand for the message that the operation at `position` sends, or takes the first bytes of: at its receive, or at its send.
    /// A position without a message is its own.
    func endOfMessage(at position: Position, send: Bool) throws -> Position {
        let stream = operations(of: position.node)
        let messages = try stream.operations(at: position.moment).flatMap { number in
            try self.messages(touching: OperationRef(node: position.node, index: number), rank: try stream.rank(number))
        }
        guard let message = messages.first else {
            guard !send else { throw UserError("no message is sent or received at \(text(position)); `ridealong messages` lists them") }
            return position
        }
        if send {
            guard let from = message.from else {
                throw UserError("the message received at \(text(position)) was sent from outside the run: leave out --send")
            }
            return from.position
        }
        if message.to.contains(where: { $0.position == position }) { return position }
        guard let first = message.to.first else {
            throw UserError("nobody recorded in this run received the message sent at \(text(position)): stand at its send, with --send")
        }
        return first.position
    }

    /// What `rr replay` and gdb have to be told to stand at `position`.
    func replayTarget(at position: Position) throws -> ReplayTarget {
        let path = nodes[Int(position.node.index)].tracePath
        let headline = try PositionFacts(self, position).lines
        guard let target = try ReplayTarget(position.moment, in: try TraceDirectory(path: path), headline: headline) else {
            throw UserError("\(text(position)): the trace cannot be read up to there; run `ridealong index` again if it has changed")
        }
        return target
    }
}
