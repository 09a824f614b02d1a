import ArgumentParser
import Export
import Foundation
import Indexer
import RunModel
import RunStore

/// `ridealong export`.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a run in a form that other programs show.",
        subcommands: [ExportSVGCommand.self])
}
