import Foundation
import RunModel
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

    /// A session at `event` of `node`, in the process and thread that the event belongs to; without `commands`, an interactive one.
    func session(
        at event: RecordedEvent, of node: String, _ landing: ReplayTarget.Landing, commands: String?, input: String = "",
        trace: String? = nil
    ) throws -> Command {
        // A thread is not listed: it belongs to the first process, the only one of this scenario that has threads.
        let processes = try processes(node)
        let process = try #require(processes.first { $0.id == event.task } ?? processes.first)
        let target = ReplayTarget(
            trace: trace ?? self.trace(node), process: process, task: event.task, moment: Moment(event: event.number), landing: landing,
            headline: Self.headline.split(separator: "\n").map(String.init))
        let file = directory.appendingPathComponent("\(UUID().uuidString).gdb")
        if let commands { try Data(commands.utf8).write(to: file) }
        let session = DebugSession(target: target, rr: rr, batch: commands == nil ? nil : file.path)
        return try Command([rr.executable] + session.arguments, environment: session.environment, input: input, in: directory)
    }

    /// The `message` (an expression) in the frame that a session at `event` of `node` begins in.
    func message(
        _ message: String, at event: RecordedEvent, of node: String, _ landing: ReplayTarget.Landing
    ) throws -> SeenMessage {
        let commands = """
            python print(gdb.selected_frame().name(), gdb.selected_thread().ptid[1])
            printf "%d %s\\n", (\(message)).number, (\(message)).text
            """
        return SeenMessage(event: event, session: try session(at: event, of: node, landing, commands: commands).finish())
    }
}
