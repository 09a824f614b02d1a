import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// memcached with four threads, which four clients ask by TCP and two by UDP. All count with one counter.
    @Suite(.inBothModes) struct MemcachedTests {
        @Test func clientsCountTogetherByTCPAndUDP() throws {
            let count = 15
            let run = try RecordedRun("memcached", chance: .pieces)
            let port = try Ports.free()
            // Debian's memcached would become another user, whom root names.
            let user = getuid() == 0 ? ["-u", "root"] : []
            let server = try run.record(
                [try Programs.installed("memcached"), "-l", "127.0.0.1", "-p", "\(port)", "-U", "\(port)", "-t", "4"] + user,
                as: "memcached")
            try Ports.wait(for: server, toListenOn: port)
            let client = [try Programs.installed("python3"), Programs.source("memcached-client.py"), "\(port)"]
            try run.start(client).succeed()
            let streams = try LoopbackCapture(of: [port], for: run)
            let capture = try LoopbackCapture(of: [port], over: .udp, for: run)
            let names = ["tcp1", "tcp2", "tcp3", "tcp4", "udp1", "udp2"]
            let kinds = Dictionary(uniqueKeysWithValues: names.map { ($0, String($0.prefix(3))) })
            let clients = try kinds.map { [run] name, kind in (name, try run.record(client + [kind, "\(count)"], as: name)) }
            var counts: [String: [Int]] = [:]
            for (name, client) in clients { counts[name] = try client.succeed().output.split(separator: "\n").compactMap { Int($0) } }
            try run.stop(server)
            let wire = try capture.finishDatagrams()
            let wireStreams = try streams.finish()
            // The counter is made by somebody who was not recorded.
            #expect(counts.values.flatMap { $0 }.sorted() == Array(1001...1000 + names.count * count))
            let anomalies = try run.index(options: ["--capture", "all"])
            let messages = try run.messages()
            // The connection that made the counter was there before.
            #expect(wireStreams.count == 8)
            #expect(try run.streams().filter { wireStreams[$0.key] != nil } == wireStreams)
            for (name, counts) in counts {
                let questions = messages.filter { $0.sender == name }
                let answers = messages.filter { $0.receivers == [name] }.sorted { $0.to[0].rank < $1.to[0].rank }
                #expect(questions.count == count && questions.allSatisfy { $0.receivers == ["memcached"] && $0.delivered == $0.bytes })
                #expect(answers.map { Self.count(in: $0) } == counts && answers.allSatisfy { $0.sender == "memcached" })
                for (question, answer) in zip(questions, answers) {
                    #expect(question.isCertain && answer.isCertain)
                    let ranks = [question.from?.rank, question.to.first?.rank, answer.from?.rank, answer.to.first?.rank].compactMap { $0 }
                    #expect(ranks.count == 4 && ranks == ranks.sorted())
                    // The request's number, which the server repeats.
                    if kinds[name] == "udp" { #expect(question.payload?.prefix(2) == answer.payload?.prefix(2)) }
                }
            }
            // All that UDP clients say is as long, and so is what they hear: what replays tell of the bytes says which is which. rr keeps
            // programs from asking nscd.
            #expect(Set(anomalies.keys).isSubset(of: ["connect-failed: errno 13"]), "\(anomalies)")
            let comparison = try run.compareBytes()
            #expect(comparison.violations == 0 && comparison.unknownBytes == 0)
            let datagrams = messages.filter { $0.sender?.hasPrefix("udp") ?? false || $0.receivers.first?.hasPrefix("udp") ?? false }
            #expect(Self.sorted(datagrams.compactMap(\.payload)) == Self.sorted(wire.map(\.bytes)))
        }

        private static func sorted(_ datagrams: [Data]) -> [Data] {
            datagrams.sorted { $0.lexicographicallyPrecedes($1) }
        }

        /// The count that an answer tells, behind the frame that UDP has.
        private static func count(in answer: ListedMessage) -> Int? {
            answer.text.firstMatch(of: /(\d+)\r\n/).flatMap { Int($0.1) }
        }
    }
}
