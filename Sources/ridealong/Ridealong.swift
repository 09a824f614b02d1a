import ArgumentParser
import CLinux
import Dispatch
import Foundation

/// The program: one sub-command per file.
struct Ridealong: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ridealong",
        abstract: "Record a distributed program with rr, and debug it as if it were one program.",
        discussion: """
            First steps, with a server and its client, each in a terminal of its own:
              ridealong doctor                           # can this machine record?
              ridealong record --run /tmp/run SERVER     # record each node …
              ridealong record --run /tmp/run CLIENT     # … of the program
              ridealong index --run /tmp/run             # who talked to whom
              ridealong messages --run /tmp/run          # … in one order
              ridealong debug --run /tmp/run POSITION    # stand in the code
            """,
        subcommands: [
            DoctorCommand.self, SelftestCommand.self, RecordCommand.self, UpCommand.self, IndexCommand.self, NodesCommand.self,
            ChannelsCommand.self,
            MessagesCommand.self, LogCommand.self, CallsCommand.self, BlockedCommand.self, ShowCommand.self, HappensBeforeCommand.self,
            CutCommand.self,
            CheckCommand.self, DebugCommand.self, ExportCommand.self,
        ])
}

@main
enum Program {
    static func main() {
        StandardStreams.fill()
        ridealong_keep_freed_memory()
        SelftestProgram.runIfAsked()
        // These wait for signals, which they can only while the process has one thread; so they run before any is started.
        do {
            let command = try Ridealong.parseAsRoot()
            if let record = command as? RecordCommand { try record.run() }
            if let up = command as? UpCommand { try up.run() }
        } catch {
            Ridealong.exit(withError: error)
        }
        Task {
            await Ridealong.main()
            exit(EXIT_SUCCESS)
        }
        dispatchMain()
    }
}
