public import Foundation
public import RunModel

/// What the user decided about channels: `RUN/ridealong.json`, beside the traces, so that it survives when the index is made anew.
public struct UserDecisions: Codable, Hashable, Sendable {
    /// The version of this format.
    public static let currentFormat = 1
    /// Its name in the run directory.
    public static let fileName = "ridealong.json"
    /// A larger file is not one of ours.
    private static let longest = 1 << 24

    /// An end of a channel, as people and files name it.
    public struct End: Codable, Hashable, Sendable {
        /// Where it was opened: `NODE@EVENT`.
        public var opened: String
        /// Its number among the endpoints of its node, since one event may open several.
        public var endpoint: Int32

        /// The end `endpoint` of a node, opened at `opened`.
        public init(opened: String, endpoint: Int32) { (self.opened, self.endpoint) = (opened, endpoint) }
    }

    /// Two ends.
    public struct Pair: Codable, Hashable, Sendable {
        /// One.
        public var a: End
        /// The other.
        public var b: End

        /// The ends `a` and `b`.
        public init(_ a: End, _ b: End) { (self.a, self.b) = (a, b) }

        /// Whether these are the same two ends.
        public func isSame(_ other: Pair) -> Bool { self == other || self == Pair(other.b, other.a) }
    }

    /// The version of this format.
    public var ridealong = UserDecisions.currentFormat
    /// Ends that belong together.
    public var joined: [Pair] = []
    /// Ends that do not.
    public var split: [Pair] = []

    /// None yet.
    public init() {}

    /// The decisions about `run`; none if the file is not there.
    ///
    /// - Throws: `IndexError.file` if it cannot be read, or is of another format.
    public init(of run: RunDirectory) throws(IndexError) {
        let path = Self.path(run)
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            guard data.count <= Self.longest else { throw CocoaError(.fileReadTooLarge) }
            self = try JSONDecoder().decode(UserDecisions.self, from: data)
        } catch {
            throw .file(path: path, message: "cannot be read: \(error); mend it, or move it away to do without `channels join` and `split`")
        }
        guard ridealong == Self.currentFormat else {
            throw .file(path: path, message: "is of format \(ridealong), this ridealong knows \(Self.currentFormat): update it")
        }
    }

    /// Where the decisions about `run` are kept.
    public static func path(_ run: RunDirectory) -> String { run.path + "/" + fileName }

    /// The file's text.
    public func text() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Keeps the decisions, in one step: a reader finds the old file or the new one.
    ///
    /// - Throws: `IndexError.file` if it cannot be written.
    public func save(in run: RunDirectory) throws(IndexError) {
        do {
            try text().write(to: URL(fileURLWithPath: Self.path(run)), options: .atomic)
        } catch {
            throw .file(path: Self.path(run), message: "cannot be written: \(error.localizedDescription)")
        }
    }
}

extension UserDecisions.End {
    /// `NODE@EVENT`, and which of its endpoints.
    public var text: String { "\(opened) (endpoint \(endpoint))" }

    /// The endpoint, among those of `nodes` by name; `nil` if there is none such any more.
    ///
    /// The number may have changed with another version of Ridealong; then the only endpoint that was opened there is meant.
    public func find(_ names: [String], _ endpoints: (NodeID) -> [Endpoint]) -> EndpointID? {
        guard let position = PositionText(opened) ?? PositionText.beginning(opened), let number = names.firstIndex(of: position.node) else {
            return nil
        }
        let all = endpoints(NodeID(number))
        if all.indices.contains(Int(endpoint)), all[Int(endpoint)].opened == position.moment {
            return EndpointID(node: NodeID(number), serial: Int(endpoint))
        }
        let there = all.indices.filter { all[$0].opened == position.moment }
        return there.count == 1 ? EndpointID(node: NodeID(number), serial: there[0]) : nil
    }
}

extension PositionText {
    /// `NODE@0`: what was there before the recording began.
    fileprivate static func beginning(_ text: String) -> PositionText? {
        text.hasSuffix("@0") && text.count > 2 ? PositionText(node: String(text.dropLast(2)), moment: .beginning) : nil
    }
}
