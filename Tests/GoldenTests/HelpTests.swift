import Foundation
import TestSupport
import Testing

@Suite("Help")
struct HelpTests {
    /// As the program describes itself.
    private struct Description: Decodable {
        struct Command: Decodable {
            let commandName: String
            let subcommands: [Command]?
        }
        let command: Command
    }

    /// The words of every command, from the program itself: none can be forgotten here.
    private static func commands() throws -> [[String]] {
        let described = try withTemporaryDirectory { directory in
            try Command([Executables.ridealong.path, "--experimental-dump-help"], in: directory).succeed().output
        }
        func words(_ command: Description.Command, _ before: [String]) -> [[String]] {
            let own = before + [command.commandName]
            return [own] + (command.subcommands ?? []).filter { $0.commandName != "help" }.flatMap { words($0, own) }
        }
        return words(try JSONDecoder().decode(Description.self, from: Data(described.utf8)).command, []).map { Array($0.dropFirst()) }
    }

    private static func help(_ words: [String]) throws -> String {
        try withTemporaryDirectory { directory in
            try Command([Executables.ridealong.path] + words, environment: ["COLUMNS": "80"], in: directory).succeed().output
        }
    }

    @Test("every command's help is as it was when somebody last read it")
    func help() throws {
        let commands = try Self.commands()
        #expect(commands.count > 10)
        for words in commands {
            let name = (["ridealong"] + words).joined(separator: "-")
            let difference = try Golden.difference(Self.help(words + ["--help"]), from: "help/\(name).txt")
            #expect(difference == nil, "\(difference ?? "")")
        }
    }

    @Test("without a command the program says the first steps, each on one line of 80 columns")
    func firstSteps() throws {
        let text = try Self.help([])
        #expect(try text == Self.help(["--help"]))
        for command in ["doctor", "record", "index", "messages", "debug"] {
            #expect(text.split(separator: "\n").contains { $0.hasPrefix("  ridealong \(command) ") && $0.contains("#") && $0.count <= 80 })
        }
    }

    @Test("help fits a terminal of 80 columns")
    func width() throws {
        for words in try Self.commands() {
            // The usage line is not folded by the argument parser.
            for line in try Self.help(words + ["--help"]).split(separator: "\n") where !line.hasPrefix("USAGE: ") {
                #expect(line.count <= 80, "\(words.joined(separator: " ")): \(line)")
            }
        }
    }
}
