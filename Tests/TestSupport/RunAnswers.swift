import Foundation
import Testing

/// What the listings say of a run, without what differs between any two recordings: positions, ids, ports and times.
struct RunAnswers: Equatable {
    private var channels: [String] = []
    private var messages: [String] = []
    private var operations: [String] = []

    /// Without what is a matter of `chance`, which is not everything.
    init(_ run: RecordedRun, _ chance: RecordedRun.Chance) throws {
        let listed = try run.channels()
        channels = Self.channels(listed, chance)
        guard chance == .nothing || chance == .turns else { return }
        let asked = Dictionary(uniqueKeysWithValues: listed.map { ($0.channel, $0.a.node) })
        for message in try run.messages() {
            let isAnswer = chance == .turns && message.sender != asked[message.channel]
            if isAnswer { messages.append("an answer to \(message.receivers)") }
            messages.append(
                "\(message.sender ?? "?") \(isAnswer ? [] : message.receivers) \(message.bytes) \(message.delivered) "
                    + "\(message.isCertain) \(Self.text(message))")
        }
        messages.sort()
        var counts: [String: Int] = [:]
        // How often a program looks whether it has something to do is a matter of time.
        for operation in try run.log() where operation.operation != "ready" {
            let (kind, bytes) = ("\(operation.operation) \(operation.error ?? 0)", operation.bytes ?? 0)
            let rows = chance == .turns ? ["\(operation.node) \(kind)", "\(kind) \(bytes)"] : ["\(operation.node) \(kind) \(bytes)"]
            for row in rows { counts[row, default: 0] += 1 }
        }
        operations = counts.map { "\($0.value) times \($0.key)" }.sorted()
    }

    private static func channels(_ listed: [ListedChannel], _ chance: RecordedRun.Chance) -> [String] {
        var answered: [String: UInt64] = [:]
        let rows = listed.map { channel in
            let kind = "\(channel.kind) \(channel.a.node ?? "?") \(channel.b.node ?? "?") \(channel.evidence) \(channel.atLeast)"
            if chance == .outside && (channel.a.outside == true || channel.b.outside == true) { return kind }
            guard chance == .turns else { return "\(kind) \(channel.bytesAToB) \(channel.bytesBToA)" }
            answered[channel.b.node ?? "?", default: 0] += channel.bytesBToA
            return "\(kind) \(channel.bytesAToB)"
        }
        return (rows + answered.map { "\($0.value) bytes answered by \($0.key)" }).sorted()
    }

    /// What a message says, as far as it was received: of the rest only a replay knows the bytes.
    private static func text(_ message: ListedMessage) -> String {
        let known = message.payload?.prefix(message.from == nil ? .max : Int(message.delivered)) ?? Data()
        return known.map { 32..<127 ~= $0 ? String(UnicodeScalar($0)) : String(format: "\\%02x", $0) }.joined()
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
        let found = try compareBytes()
        #expect(found.violations == 0, "\(directory.path): \(found)")
        let anomalies = try list("index", as: ListedFinding.self).compactMap(\.anomaly)
        if try nodes().contains(where: { !$0.complete }) || anomalies.contains(where: { $0.hasSuffix("-ambiguous") }) { return }
        #expect(found.unknownBytes == UInt64(unknown), "\(directory.path): \(found)")
    }
}
