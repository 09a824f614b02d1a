import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Threads that read one socket. In which order they took its bytes is not the order in which rr saw them return.
    @Suite(.inBothModes) struct ReadersTests {
        /// What the threads say themselves: for each receive its task, its first word, and how many words it took.
        private struct Receive: Hashable {
            let task: Int32
            let first: UInt32
            let count: Int
        }

        @Test(arguments: [("equal", 0), ("growing", 16)])
        func fourThreadsReadOneSocket(_ name: String, _ growth: Int) throws {
            let (pieces, piece) = (100, 16)
            let run = try RecordedRun("readers-\(name)", chance: .pieces)
            let program = try Programs.compile("stream-readers", in: run.workshop)
            let port = try Ports.free()
            let readers = try run.record([program, "read", "\(port)", "4", "\(piece)", "\(growth)"], as: "readers")
            try Ports.wait(for: readers, toListenOn: port)
            try run.record([program, "write", "\(port)", "\(pieces)", "\(piece)", "\(growth)"], as: "writer").succeed()
            let truth = try readers.succeed().output.matches(of: /(\d+): (\d+) (\d+)\n/).compactMap { match in
                Receive(task: Int32(match.1) ?? 0, first: UInt32(match.2) ?? 0, count: Int(match.3) ?? 0)
            }
            let words = (0..<pieces).reduce(0) { $0 + piece + $1 % 5 * growth }
            try #require(truth.reduce(0) { $0 + $1.count } == words)
            let anomalies = try run.index()
            #expect(anomalies.keys.allSatisfy { $0.hasPrefix("order-ambiguous") }, "\(anomalies)")
            let talk = try Talk(run)
            let messages = try run.messages()
            #expect(messages.count == pieces && messages.allSatisfy { $0.delivered == $0.bytes && $0.sender == "writer" })
            // Each receive, put together from its parts, is one that its thread knows of, and none is missing.
            var parts: [String: [(offset: UInt64, bytes: Data)]] = [:]
            for message in messages {
                var rest = try #require(message.payload)
                for part in message.to {
                    parts[part.position, default: []].append((part.offset, rest.prefix(Int(part.length))))
                    rest = rest.dropFirst(Int(part.length))
                }
            }
            let found = parts.map { position, parts in
                let bytes = parts.sorted { $0.offset < $1.offset }.reduce(Data()) { $0 + $1.bytes }
                return Receive(task: talk.task(of: position), first: bytes.word ?? .max, count: bytes.count / 4)
            }
            #expect(Set(found) == Set(truth) && found.count == truth.count)
            // What is said to be certain is so.
            var (next, open) = (UInt32(0), 0)
            for message in messages {
                var rest = message.payload ?? Data()
                for part in message.to {
                    let isCertain = part.certain != false
                    #expect(!isCertain || rest.word == next, "\(part.position)")
                    open += isCertain ? 0 : 1
                    next += UInt32(part.length / 4)
                    rest = rest.dropFirst(Int(part.length))
                }
            }
            #expect((open > 0) == (anomalies["order-ambiguous"] != nil))
        }
    }
}
