import ArgumentParser
import Foundation
import RunModel
import RunStore

/// Options of every command that looks at a run.
struct RunOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The run directory. Default: $RIDEALONG_RUN, else the current directory.", valueName: "dir"))
    var run: String?

    @Flag(name: .long, help: "Print JSON: first a line that names the listing, then one object a line.")
    var json = false

    /// The run directory that was asked for.
    var directory: RunDirectory { Self.directory(run) }

    /// The run directory for this value of `--run`.
    static func directory(_ run: String?) -> RunDirectory { RunDirectory(path: path(run)) }

    /// Its path. Empty values are none: a variable that a script has not set must not lead to the root directory.
    static func path(_ run: String?) -> String {
        [run, ProcessInfo.processInfo.environment["RIDEALONG_RUN"]].compactMap(\.self).first { !$0.isEmpty } ?? "."
    }

    /// Its index.
    func open() throws -> RunIndex { try RunIndex(directory) }
}

extension RunIndex {
    /// The position that the user wrote.
    ///
    /// - Throws: `UserError` if it has another form, or there is no such node or event.
    func position(_ text: String) throws -> Position {
        guard let position = PositionText(text) else {
            throw UserError("‘\(text)’ is no position; write NODE@EVENT, such as \(example), as `ridealong messages` prints them")
        }
        guard let node = node(named: position.node) else {
            throw UserError("there is no node ‘\(position.node)’ in this run; `ridealong nodes` lists them")
        }
        let events = nodes[Int(node.index)].events
        guard position.moment.event >= 1, position.moment.event <= events else {
            throw UserError("\(text): the events of \(position.node) go from 1 to \(events)")
        }
        return Position(node: node, moment: position.moment)
    }

    private var example: String { nodes.first.map { "\($0.name)@\(max(1, $0.events / 2))" } ?? "server@137" }

    /// The node that the user named.
    func node(_ name: String) throws -> NodeID {
        guard let node = node(named: name) else { throw UserError("there is no node ‘\(name)’ in this run; `ridealong nodes` lists them") }
        return node
    }
}

/// A mistake in what the user asked for; the text says what to do.
struct UserError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
