import ArgumentParser

/// The program: one sub-command per file.
@main
struct Ridealong: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ridealong",
        abstract: "Record a distributed program with rr, and debug it as if it were one program.",
        subcommands: [])
}
