import ArgumentParser
import Dispatch
import Foundation

/// The program: one sub-command per file.
struct Ridealong: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ridealong",
        abstract: "Record a distributed program with rr, and debug it as if it were one program.",
        subcommands: [RecordCommand.self])
}

@main
enum Program {
    static func main() {
        // `record` waits for signals, which it can only while the process has one thread; so it runs before any is started.
        do {
            if let record = try Ridealong.parseAsRoot() as? RecordCommand { try record.run() }
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
