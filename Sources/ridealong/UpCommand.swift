import ArgumentParser
import Foundation
import Recorder

/// `ridealong up`.
struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Record all nodes of a run that a file describes.",
        discussion: """
            SPEC is a YAML file; docs/up.md describes it. A small one:

              nodes:
                redis:
                  command: redis-server --port 7000
                  service: true
                client:
                  command: redis-cli -p 7000 incr counter
                  after: tcp:7000

            Every node is recorded by a `ridealong record` of its own; what it prints goes to RUN/NODE.log. The run is over when all \
            nodes that are not services have ended, or when one fails: then the nodes that are left are ended, the last started first. \
            Ends with 0, or as the first node that failed.

            Ctrl-C ends the nodes in the same order; pressed again, all at once; a third time kills them, and their traces are incomplete.
            """)

    @Argument(help: "The file that describes the nodes.")
    var spec: String

    @Flag(help: "Print what the nodes print, too.")
    var follow = false

    @OptionGroup var options: RunOptions

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let end: UpEnd
        do {
            let spec = try UpSpec(path: spec)
            let width = spec.nodes.map(\.name.count).max() ?? 0
            let isJSON = options.json
            if isJSON { try Self.write("{\"ridealong\":1,\"listing\":\"up\"}") }
            let run = options.run ?? environment["RIDEALONG_RUN"] ?? "."
            var supervisor = try Supervisor(spec, run: run, environment: environment, isFollowing: follow) { change in
                try Self.write(isJSON ? try NodeNews(change).json : NodeNews(change).line(width: width))
            }
            end = supervisor.run()
        } catch let error where error is UpSpecError || error is RecorderError {
            Self.complain("\(error)")
            throw ExitCode(error is UpSpecError ? EX_DATAERR : EX_UNAVAILABLE)
        }
        for problem in end.problems { Self.complain(problem) }
        end.pass()
    }

    /// Writes a line at once.
    ///
    /// - Throws: if it cannot; the nodes must then end in order, before we do.
    private static func write(_ line: String) throws {
        var rest = Array("\(line)\n".utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard written > 0 || errno == EINTR else { throw UserError("the output: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(max(0, written))
        }
    }

    private static func complain(_ text: String) {
        // It may have lines that a node has printed.
        let lines = text.split(separator: "\n").map { PayloadText.harmless(String($0)) }
        // try?: nobody is left to hear of it.
        try? FileHandle.standardError.write(contentsOf: Data("ridealong: \(lines.joined(separator: "\n"))\n".utf8))
    }
}
