import Foundation
import Indexer
import RRTrace
import RunModel
import TestSupport
import Testing

@testable import Replay

/// What stands in the frame that a session begins in.
struct SeenMessage {
    /// The event it was asked to begin at.
    let event: RecordedEvent
    /// Everything the session said.
    let session: Finished
    /// The words of its output: function, thread, the message's number and its text.
    var words: [Substring] { session.output.split(whereSeparator: \.isWhitespace) }

    /// Holds the frame against what it should be; the message's text is `text` and a question's number, which is returned.
    func expect(function: String, text: String) throws -> Int {
        try #require(session.status == 0 && words.count > 3, "\(session)")
        let question = try #require(words.last.flatMap { Int($0) })
        let number = function == "send_reply" || function == "receive_reply" ? question + 1000 : question
        #expect(session.output == "\(function) \(event.task)\n\(number) \(text) \(question)\n", "\(session)")
        return question
    }
}

extension Scenario {
    /// What `headline` an interactive session is given.
    static let headline = "a headline\nof two lines\n"

    /// The trace of `node`, opened.
    func directory(of node: String) throws -> TraceDirectory { try TraceDirectory(path: trace(node)) }

    /// A session at `event` of `node`, in the process and thread that the event belongs to; without `commands`, an interactive one.
    func session(
        at event: RecordedEvent, of node: String, commands: String?, input: String = "", trace: String? = nil
    ) throws -> Command {
        let trace = try trace.map { try TraceDirectory(path: $0) } ?? self.directory(of: node)
        let headline = Self.headline.split(separator: "\n").map(String.init)
        let target = try #require(try ReplayTarget(event.moment, in: trace, headline: headline))
        #expect(target.task == event.task)
        let file = directory.appendingPathComponent("\(UUID().uuidString).gdb")
        if let commands { try Data(commands.utf8).write(to: file) }
        let session = DebugSession(target: target, rr: rr, batch: commands == nil ? nil : file.path)
        return try Command([rr.executable] + session.arguments, environment: session.environment, input: input, in: directory)
    }

    /// The `message` (an expression) in the frame that a session at `event` of `node` begins in.
    func message(_ message: String, at event: RecordedEvent, of node: String) throws -> SeenMessage {
        let commands = """
            python print(gdb.selected_frame().name(), gdb.selected_thread().ptid[1])
            printf "%d %s\\n", (\(message)).number, (\(message)).text
            """
        return SeenMessage(event: event, session: try session(at: event, of: node, commands: commands).finish())
    }
}
