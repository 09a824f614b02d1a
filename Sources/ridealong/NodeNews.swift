import Foundation
import Recorder

/// News of a node, as `ridealong up` prints it.
struct NodeNews: Encodable {
    let node: String
    let state: String
    private(set) var condition: String?
    private(set) var process: Int32?
    private(set) var signal: String?
    private(set) var exitCode: Int32?
    private(set) var trace: String?
    private(set) var output: String?

    private enum CodingKeys: String, CodingKey {
        case node, state, process, signal, exitCode, trace, output
        case condition = "for"
    }

    init(_ change: NodeChange) {
        node = change.node
        switch change.news {
        case .waiting(let condition):
            state = "waiting"
            self.condition = "\(condition)"
        case .starting(let process):
            state = "starting"
            self.process = process
        case .running(let process):
            state = "running"
            self.process = process
        case .printed(let line):
            state = "printing"
            output = line
        case .stopping(let signal):
            state = "stopping"
            self.signal = SignalName.of(signal)
        case .ending: state = "ending"
        case .killing: state = "killing"
        case .exited(let code, let trace):
            state = "ended"
            exitCode = code
            self.trace = trace.rawValue
        case .died(let signal, let trace):
            state = "ended"
            self.signal = SignalName.of(signal)
            self.trace = trace.rawValue
        case .notStarted: state = "unstarted"
        }
    }

    /// A line for people; the name is set in `width` columns.
    func line(width: Int) -> String { node.padding(toLength: max(width, node.count), withPad: " ", startingAt: 0) + "  " + words }

    private var words: String {
        switch state {
        case "waiting": "waits for \(condition ?? "?")"
        case "starting": "starts"
        case "running": "runs as process \(process ?? 0)"
        case "printing": "| " + PayloadText.harmless(output ?? "")
        case "stopping": "is asked to end by \(signal ?? "?")"
        case "ending": "is made to end by rr"
        case "killing": "is killed, with rr"
        case "unstarted": "was not started"
        default:
            "has ended " + (signal.map { "by \($0)" } ?? "with \(exitCode ?? 0)")
                + (trace == "complete" ? "" : trace == "none" ? ", without a trace" : "; its trace is incomplete")
        }
    }

    /// A line of JSON.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
