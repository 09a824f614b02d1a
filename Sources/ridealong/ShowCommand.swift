import ArgumentParser
import Calls
import Endpoints
import Foundation
import Indexer
import RRTrace
import RunModel
import RunStore

/// `ridealong show`.
struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Tell all that is known about a position: the event, its operation, its message.",
        discussion: """
            A position is NODE@EVENT, or NODE@EVENT.K for the K-th call of a flush of rr's syscall buffer, as the other \
            commands print them. The event is read from the trace itself, with its registers; what it means comes from the index.
            """)

    @OptionGroup var options: RunOptions

    @Flag(help: "Print the bytes of the message in hexadecimal.")
    var hex = false

    @Argument(help: "The position.")
    var position: String

    func run() throws {
        let index = try options.open()
        let facts = try PositionFacts(index, try index.position(position))
        var out = Output()
        if options.json {
            out.listing("show")
            try out.object(facts)
            return
        }
        for line in facts.lines { out.line(line) }
        guard let bytes = facts.bytes else { return }
        out.line("")
        for line in hex ? PayloadText.dump(bytes) : ["  " + PayloadText.line(bytes)] { out.line(line) }
    }
}

/// All that is known about a position.
struct PositionFacts: Encodable {
    var position: String
    var rank: Int
    var process: Int32?
    var command: [String]?
    var task: Int32
    var event: String
    var call: String?
    /// The line of `ridealong calls`.
    var text: String?
    var arguments: [String]
    var result: Int64?
    var time: Int64
    var registers: [String: String]
    var operations: [LogRow] = []
    var messages: [MessageRow] = []

    /// The bytes of the first message, for printing.
    var bytes: [UInt8]?

    private enum CodingKeys: String, CodingKey {
        case position, rank, process, command, task, event, call, text, arguments, result, time, registers, operations, messages
    }

    init(_ index: RunIndex, _ position: Position) throws {
        let node = index.nodes[Int(position.node.index)]
        let trace = try TraceDirectory(path: node.tracePath)
        guard let frame = try FrameReport.read(trace, event: position.moment.event) else {
            throw UserError("\(index.text(position)): the trace cannot be read up to there; run `ridealong index` again if it has changed")
        }
        self.position = index.text(position)
        rank = try index.rank(of: position)
        task = frame.task
        event = frame.kind
        // Without a capture that it was indexed with, nothing can be said of descriptors; all else still can, but for a buffered call.
        let isCaptureGone = index.capturePath(of: position.node).map { !FileManager.default.fileExists(atPath: $0) } ?? false
        let line = isCaptureGone && position.moment.call == 0 ? nil : try index.call(at: position)
        text = line?.text
        call = frame.call.map { $0.isExit ? "\($0.name) returns" : "\($0.name) is entered" }
        arguments = frame.arguments.map { "0x" + String($0, radix: 16) }
        result = frame.result
        time = frame.time &+ node.clockOffset
        registers = Dictionary(
            frame.registers.map { ($0.name, "0x" + String($0.value, radix: 16)) }, uniquingKeysWith: { first, _ in first })
        if position.moment.call > 0 {
            // A call of the syscall buffer: what its task's registers were, nothing tells.
            guard let line else {
                throw UserError("\(index.text(position)): no call of the program is there; `ridealong calls` lists them all")
            }
            (call, result, registers) = ("\(line.name) returns", line.result, [:])
        }
        let stream = index.operations(of: position.node)
        let reader = MessageReader(index)
        for number in try stream.operations(at: position.moment) {
            let ref = OperationRef(node: position.node, index: number)
            let rank = try stream.rank(number)
            operations.append(try LogRow(rank, ref, index))
            process = try stream.operation(number).process
            for message in try index.messages(touching: ref, rank: rank) {
                let payload = try reader.payload(of: message)
                if messages.isEmpty { bytes = payload }
                messages.append(MessageRow(message, index, payload: payload, try reader.compare(message)))
            }
        }
        if process == nil { process = node.processes.contains { $0.id == frame.task } ? frame.task : nil }
        command = node.processes.first { $0.id == process }?.command
    }

    /// For people.
    var lines: [String] {
        var lines = ["\(position)  (rank \(rank))"]
        let words = command?.joined(separator: " ") ?? ""
        lines.append("  task \(task)" + (process.map { ", process \($0)" } ?? "") + (words.isEmpty ? "" : ": \(words)"))
        if let call, !arguments.isEmpty {
            lines.append("  \(call): " + arguments.joined(separator: ", ") + (result.map { " = \($0)" } ?? ""))
        } else {
            lines.append("  \(event)")
        }
        if let text { lines.append("  \(text)") }
        for operation in operations {
            lines.append(
                "  \(operation.operation)" + (operation.bytes.map { " of \($0) bytes" } ?? "")
                    + (operation.channel.map { " on channel \($0)" } ?? ""))
        }
        for message in messages {
            let to = message.to.map { "\($0.position) (rank \($0.rank), \($0.length) bytes)" }.joined(separator: ", ")
            lines.append("  message \(message.message): \(message.bytes) bytes, \(message.delivered) delivered")
            lines.append(
                "    from "
                    + (message.from.map { "\($0.position) (rank \($0.rank))" } ?? "a send that is not known: not recorded, or hidden"))
            lines.append("    to   " + (to.isEmpty ? "nobody recorded" : to))
            if let place = message.differsAt {
                lines.append("    byte \(place) did not arrive as it was sent")
            } else if let verified = message.verified, verified > 0 {
                lines.append("    \(verified) bytes arrived as they were sent")
            }
        }
        return lines
    }
}
