import Foundation
import TestSupport

/// Who used which channel of a run for what: its messages and its log, put together by process.
struct Talk {
    /// What went through a channel, from its end `a` to its end `b`.
    struct Way {
        /// The programs that sent, each once, by name.
        var from: [String] = []
        /// Those that received.
        var to: [String] = []
        /// The bytes that were received, as text.
        var text = ""
    }

    /// By channel.
    private(set) var ways: [String: Way] = [:]
    private let operations: [String: ListedOperation]
    private let commands: [String: [String]]

    init(_ run: RecordedRun) throws {
        operations = Dictionary(try run.log().map { ($0.position, $0) }, uniquingKeysWith: { first, _ in first })
        commands = try run.nodes().reduce(into: [:]) { commands, node in
            for process in node.processes ?? [] { commands["\(node.node) \(process.id)"] = process.command }
        }
        for operation in operations.values.sorted(by: { $0.rank < $1.rank }) {
            guard let channel = operation.channel, let name = command(of: operation.position).first?.split(separator: "/").last
            else { continue }
            var way = ways[channel, default: Way()]
            if operation.operation == "send", !way.from.contains(String(name)) { way.from.append(String(name)) }
            if operation.operation == "receive", !way.to.contains(String(name)) { way.to.append(String(name)) }
            ways[channel] = way
        }
        for message in try run.messages() { ways[message.channel, default: Way()].text += message.text }
    }

    /// The process that did what happened at a position; 0 if nothing did.
    func process(of position: String?) -> Int32 { position.flatMap { operations[$0]?.process } ?? 0 }

    /// The task.
    func task(of position: String?) -> Int32 { position.flatMap { operations[$0]?.task } ?? 0 }

    /// The command line of its process.
    func command(of position: String?) -> [String] {
        position.flatMap { commands["\(nodeName($0)) \(process(of: $0))"] } ?? []
    }
}
