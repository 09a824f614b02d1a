package import Foundation

/// A row of `ridealong nodes --json`, as far as it is promised.
package struct ListedNode: Decodable, Equatable, Sendable {
    /// A process of the node.
    package struct Process: Decodable, Equatable, Sendable {
        package let id: Int32
        package let parent: Int32?
        package let command: [String]
        package let forked: UInt64?
        package let firstExec: UInt64?
        package let ended: UInt64?
        package let status: Int32?
    }
    package let node: String
    package let host: String?
    package let events: UInt64
    package let operations: Int
    package let complete: Bool
    package let counters: String?
    package let state: String?
    package let processes: [Process]?
}

/// A row of `ridealong channels --json`.
package struct ListedChannel: Decodable, Equatable, Sendable {
    /// One end.
    package struct End: Decodable, Equatable, Sendable {
        package let node: String?
        package let processes: [Int32]?
        package let outside: Bool?
        package let address: String?
    }
    package let channel: String
    package let kind: String
    package let a: End
    package let b: End
    package let bytesAToB: UInt64
    package let bytesBToA: UInt64
    package let atLeast: Bool
    package let evidence: String
}

/// A row of `ridealong messages --json`.
package struct ListedMessage: Decodable, Equatable, Sendable {
    /// Where it was sent.
    package struct Sender: Decodable, Equatable, Sendable {
        package let position: String
        package let rank: Int
    }
    /// Where a part of it was received.
    package struct Part: Decodable, Equatable, Sendable {
        package let position: String
        package let rank: Int
        package let offset: UInt64
        package let length: UInt64
        /// `false` where other receives may have taken these bytes.
        package let certain: Bool?
    }
    package let message: String
    package let channel: String
    package let from: Sender?
    package let to: [Part]
    package let bytes: UInt64
    package let delivered: UInt64
    package let payload: Data?

    /// Its bytes as text.
    package var text: String { String(decoding: payload ?? Data(), as: UTF8.self) }
    /// The node that sent it.
    package var sender: String? { from.map { nodeName($0.position) } }
    /// Whether all that received it are certain.
    package var isCertain: Bool { to.allSatisfy { $0.certain != false } }
    /// The nodes that received it, each once for each part.
    package var receivers: [String] { to.map { nodeName($0.position) } }
}

/// A row of `ridealong log --json`.
package struct ListedOperation: Decodable, Equatable, Sendable {
    package let rank: Int
    package let position: String
    package let process: Int32
    package let task: Int32
    package let operation: String
    package let channel: String?
    package let bytes: UInt64?
    package let error: Int64?
    package let earliest: Int64
    package let latest: Int64

    /// The node.
    package var node: String { nodeName(position) }
}

/// The row of `ridealong happens-before --json`.
package struct ListedRelation: Decodable, Sendable {
    /// A step of the way.
    package struct Step: Decodable, Sendable {
        package let from: String
        package let to: String
        package let channel: String?
    }
    package let relation: String
    package let way: [Step]
}

/// A row of `ridealong cut --json`.
package struct ListedCutPlace: Decodable, Sendable {
    package let node: String
    package let position: String?
    package let rank: Int?
}

/// The row of `ridealong show --json`, in part.
package struct ListedPosition: Decodable, Sendable {
    package let position: String
    package let rank: Int
    package let task: Int32
    package let call: String?
    package let result: Int64?
    package let operations: [ListedOperation]
    package let messages: [ListedMessage]
}

/// A row of `ridealong index --json`: the counts, or an anomaly.
package struct ListedFinding: Decodable, Sendable {
    package let nodes: Int?
    package let read: [String]?
    package let channels: Int?
    package let messages: Int?
    package let anomaly: String?
    package let subject: String?
    package let count: Int?
    package let node: String?
    package let first: String?
}

/// The first row of `ridealong check --bytes --json`: what of the bytes that arrived is as it was sent.
package struct ListedComparison: Decodable, Sendable {
    package let violations: Int
    package let comparedBytes: UInt64
    package let unknownBytes: UInt64
}

/// The node of a position.
package func nodeName(_ position: String) -> String { String(position.prefix { $0 != "@" }) }

extension RecordedRun {
    /// Brings the index up to date and returns what it found: anomalies as `name` or `name: subject`, with their counts.
    /// All of them must be explained in the documentation, and `ridealong check` must find nothing wrong.
    @discardableResult
    package func index(_ traces: [String] = [], options: [String] = []) throws -> [String: Int] {
        let rows: [ListedFinding] = try list("index", options + traces)
        try start([Executables.ridealong.path, "check", "--run", directory.path]).succeed()
        let explained = try String(contentsOfFile: Programs.source("../../docs/anomalies.md"), encoding: .utf8)
        return try rows.reduce(into: [:]) { anomalies, row in
            guard let name = row.anomaly else { return }
            guard explained.contains("\n| `\(name)` |") else { throw Failure("docs/anomalies.md does not explain \(name)") }
            let subject = row.subject.map { $0.isEmpty ? "" : ": \($0)" } ?? ""
            anomalies[name + subject, default: 0] += row.count ?? 0
        }
    }

    /// All nodes.
    package func nodes() throws -> [ListedNode] { try list("nodes") }
    /// All channels.
    package func channels() throws -> [ListedChannel] { try list("channels") }
    /// All messages, with their bytes.
    package func messages() throws -> [ListedMessage] { try list("messages", ["--payload"]) }
    /// All operations, in total order.
    package func log() throws -> [ListedOperation] { try list("log") }

    /// What every listing says, to compare two indexes.
    package func everything() throws -> [[Substring]] {
        try [lines("nodes"), lines("channels"), lines("messages", ["--payload"]), lines("log")]
    }

    /// Holds what was sent against what was received.
    package func compareBytes() throws -> ListedComparison {
        guard let first = try lines("check", ["--bytes"]).first else { throw Failure("\(directory.path): nothing was compared") }
        return try JSONDecoder().decode(ListedComparison.self, from: Data(first.utf8))
    }

    /// Removes the index.
    package func removeIndex() throws { try FileManager.default.removeItem(at: directory.appendingPathComponent(".ridealong")) }
}
