import Foundation
import Testing

/// What the listings say of a run, without what differs between any two recordings: positions, ids, ports and times.
struct RunAnswers: Equatable {
    private var channels: [String] = []
    private var messages: [String] = []
    private var operations: [String] = []

    /// Without `pieces`, channels are all.
    init(_ run: RecordedRun, pieces: Bool) throws {
        channels = try run.channels().map { channel in
            "\(channel.kind) \(channel.a.node ?? "?") \(channel.b.node ?? "?") \(channel.evidence) "
                + "\(channel.bytesAToB) \(channel.bytesBToA) \(channel.atLeast)"
        }.sorted()
        guard pieces else { return }
        messages = try run.messages().map { message in
            // Of what nobody received, only a replay knows the bytes.
            let known = message.payload?.prefix(message.from == nil ? .max : Int(message.delivered)) ?? Data()
            let text = known.map { 32..<127 ~= $0 ? String(UnicodeScalar($0)) : String(format: "\\%02x", $0) }.joined()
            return "\(message.sender ?? "?") \(message.receivers) \(message.bytes) \(message.delivered) \(message.isCertain) \(text)"
        }.sorted()
        // How often a program looks whether it has something to do is a matter of time.
        let counts = try run.log().filter { $0.operation != "ready" }.reduce(into: [:]) { counts, operation in
            counts["\(operation.node) \(operation.operation) \(operation.bytes ?? 0) \(operation.error ?? 0)", default: 0] += 1
        }
        operations = counts.map { "\($0.value) times \($0.key)" }.sorted()
    }

    /// Records an issue for each listing that says something else of the run called `name`.
    func expectEqual(_ other: RunAnswers?, _ name: String) {
        guard let other else {
            Issue.record("\(name): recorded with --syscall-buffer off only")
            return
        }
        Self.expectEqual(channels, other.channels, "channels", name)
        Self.expectEqual(messages, other.messages, "messages", name)
        Self.expectEqual(operations, other.operations, "log", name)
    }

    private static func expectEqual(_ off: [String], _ on: [String], _ listing: String, _ name: String) {
        guard off != on else { return }
        let changes = on.difference(from: off).prefix(differencesShown).map { change in
            switch change {
            case .insert(_, let row, _): "on:  \(row.prefix(columnsShown))"
            case .remove(_, let row, _): "off: \(row.prefix(columnsShown))"
            }
        }
        Issue.record("\(name): \(listing) differ between --syscall-buffer off and on:\n\(changes.joined(separator: "\n"))")
    }

    private static let differencesShown = 20
    private static let columnsShown = 200
}

extension RecordedRun {
    /// Expects that no byte arrived as another than was sent; and that all but `unknown` are known, if all nodes were replayed and
    /// nothing is open.
    func expectSentIsReceived(unknown: Int) throws {
        let found = try list("check", ["--bytes"], as: ListedComparison.self)
        #expect(found.map(\.violations) == [0], "\(directory.path): \(found)")
        let anomalies = try list("index", as: ListedFinding.self).compactMap(\.anomaly)
        if try nodes().contains(where: { !$0.complete }) || anomalies.contains(where: { $0.hasSuffix("-ambiguous") }) { return }
        #expect(found.map(\.unknownBytes) == [UInt64(unknown)], "\(directory.path): \(found)")
    }
}

/// The first row of `ridealong check --bytes --json`.
private struct ListedComparison: Decodable {
    let violations: Int?
    let unknownBytes: UInt64?
}
