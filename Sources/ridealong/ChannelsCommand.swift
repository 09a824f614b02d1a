import ArgumentParser

/// `ridealong channels`: the list, unless something else is asked for.
struct ChannelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "channels",
        abstract: "List the channels of a run: who was connected to whom; say why, or say otherwise.",
        subcommands: [ListChannelsCommand.self, WhyCommand.self, JoinCommand.self, SplitCommand.self],
        defaultSubcommand: ListChannelsCommand.self)
}
