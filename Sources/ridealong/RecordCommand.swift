public import ArgumentParser
import Foundation
public import Recorder

/// `ridealong record`.
struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Record a program with rr, as a node of a run.",
        usage: "ridealong record [options] [--] COMMAND [ARGUMENT ...]\nridealong record [options] -- RR-OPTION ... COMMAND [ARGUMENT ...]",
        discussion: """
            Ends as the program does, with its exit code or its signal, once the trace is complete. Options stand before the command: all \
            that follows the command's name is the command's own. Options of rr itself stand behind a "--", as in

              ridealong record -- --chaos redis-server --port 7000

            A value of theirs is the next word, or follows a "=". A second "--" ends them.

            Without --node the node is called after the program, with a number: redis-server-1. If a launcher of parallel programs gave \
            the process a rank (OpenMPI, PMIx, PMI or Slurm), the rank is the number, also behind the name that --node gives.
            """)

    /// How long a slice may be, in milliseconds: longer than rr's last resort it would change nothing.
    private static let slices = 1...3000

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp(
            "The run directory, made if need be. Default: $RIDEALONG_RUN, else the current directory.", valueName: "dir"))
    var runDirectory: String?

    @Option(
        help: "The node's name: letters, digits, \"_\", \".\" and \"-\".")
    var node: String?

    @Option(help: "rr's syscall buffer makes recording some ten times faster; auto takes it unless the kernel forbids what it needs.")
    var syscallBuffer = Recording.BufferChoice.auto

    @Option(help: "The counters that rr uses; auto takes software counters where there are no others.")
    var counters = Counters.Choice.auto

    @Option(
        help: ArgumentHelp(
            "How long a thread may run without a system call, for programs that spin. With the CPU's counters rr sees to it by itself.",
            valueName: "ms"))
    var sliceMs: Int?

    @Argument(parsing: .captureForPassthrough, help: "The program to record, and its arguments.")
    var command: [String] = []

    func validate() throws {
        // Captured like any other word that is no option of ours.
        if command.first == "--help" || command.first == "-h" { throw CleanExit.helpRequest(self) }
        if let sliceMs, !Self.slices.contains(sliceMs) {
            throw ValidationError("--slice-ms is from \(Self.slices.lowerBound) to \(Self.slices.upperBound) milliseconds, not \(sliceMs).")
        }
        guard let first = command.first, command != ["--"] else { throw ValidationError("What shall be recorded? Name a command.") }
        guard first == "--" || !first.hasPrefix("-") else {
            throw ValidationError("Unknown option \(first). Options of rr stand behind a \"--\".")
        }
    }

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let end: RecordingEnd
        do throws(RecorderError) {
            let request = Recording.Request(
                run: RunOptions.path(runDirectory), node: node, counters: counters,
                syscallBuffer: syscallBuffer, slice: sliceMs,
                words: try RROptions(command))
            var recording = try Recording(request, environment: environment)
            if let problem = recording.bufferProblem {
                StandardError.write("ridealong: recording without the syscall buffer, and so some ten times slower: \(problem)\n")
            }
            end = try recording.run { thread in
                StandardError.write(
                    """
                    ridealong: thread \(thread) runs for seconds without a system call, and the node's others stand still meanwhile; if it \
                    waits for one of them, record with --slice-ms 10\n
                    """)
            }
        } catch {
            complain(error)
            throw ExitCode(EX_UNAVAILABLE)
        }
        if let problem = end.problem { complain(problem) }
        end.pass()
    }

    private func complain(_ error: RecorderError) {
        StandardError.write("ridealong: \(error)\n")
    }
}

extension Counters.Choice: ExpressibleByArgument {}
extension Recording.BufferChoice: ExpressibleByArgument {}
