import Foundation
import TestSupport
import Testing

/// What `seq FROM TO` prints, also backwards.
func lines(_ from: Int, to: Int) -> String {
    stride(from: from, through: to, by: from <= to ? 1 : -1).map { "\($0)\n" }.joined()
}

extension RecordedTests {
    /// Pipes inside one node: what a shell joins, and what several processes write to.
    @Suite(.inBothModes) struct PipeTests {
        @Test func aPipelineInsideOneNodeIsAChainOfChannels() throws {
            let run = try RecordedRun("pipeline")
            let shell = try run.record(["/bin/sh", "-c", "seq 1000 | sort -rn | head -n 500 | wc"], as: "shell").succeed()
            #expect(shell.output.split(whereSeparator: \.isWhitespace) == ["500", "500", "2001"])
            #expect(try run.index().isEmpty)
            let channels = try run.channels()
            #expect(channels.allSatisfy { $0.kind == "pipe" && $0.evidence == "creation" && $0.bytesBToA == 0 })
            let talk = try Talk(run)
            let ways = try channels.map { try #require(talk.ways[$0.channel]) }
            try #require(ways.map(\.from) == [["seq"], ["sort"], ["head"]] && ways.map(\.to) == [["sort"], ["head"], ["wc"]])
            // head takes more than it passes on, and leaves the rest unread.
            #expect(ways.map(\.text)[0] == lines(1, to: 1000) && ways.map(\.text)[2] == lines(1000, to: 501))
            #expect(lines(1000, to: 1).hasPrefix(ways[1].text) && ways[1].text.hasPrefix(ways[2].text))
            #expect(channels.map(\.bytesAToB) == [3893, 3893, 2001])
            // A filter sees the end of its input when the last writer has closed it, and sort says nothing before.
            let log = try run.log()
            for channel in [channels[0], channels[2]] {
                let closed = try #require(log.first { $0.channel == channel.channel && $0.operation == "close" })
                let end = try #require(log.first { $0.channel == channel.channel && $0.operation == "end" })
                #expect(closed.rank < end.rank)
            }
            let first = try #require(log.first { $0.channel == channels[1].channel && $0.operation == "send" })
            #expect(log.allSatisfy { $0.channel != channels[0].channel || $0.operation != "end" || $0.rank < first.rank })
        }

        @Test func processesThatShareAPipeAreToldApart() throws {
            let run = try RecordedRun("shared-pipe", chance: .pieces)
            let script = "{ seq 100 199 & seq 200 299 & seq 300 399 & wait; } | sort -n"
            #expect(try run.record(["/bin/sh", "-c", script], as: "shell").succeed().output == lines(100, to: 399))
            let writers = try Programs.compile("pipe-writers", in: run.workshop)
            let read = try run.record([writers, "3", "40"], as: "records").succeed().output
            let anomalies = try run.index()
            #expect(anomalies.keys.allSatisfy { $0.hasPrefix("order-ambiguous") }, "\(anomalies)")
            let messages = try run.messages()
            let talk = try Talk(run)
            for message in messages where message.sender == "shell" && message.to.allSatisfy({ $0.certain != false }) {
                // seq writes once.
                let first = try #require(Int(message.text.prefix(3)))
                #expect(talk.command(of: message.from?.position).suffix(2) == ["\(first)", "\(first + 99)"])
                #expect(message.text == lines(first, to: first + 99))
            }
            try checkRecords(messages.filter { $0.sender == "records" }, talk, read)
        }

        /// Every writer writes its own numbers, one after the other; and what was read is what the reader says.
        private func checkRecords(_ messages: [ListedMessage], _ talk: Talk, _ read: String) throws {
            #expect(messages.count == 120 && messages.allSatisfy { $0.delivered == $0.bytes })
            var next: [Int32: UInt32] = [:]
            for message in messages {
                let process = talk.process(of: message.from?.position)
                let number = next[process, default: 0]
                next[process] = number + 1
                let isRight = (message.payload ?? Data()).words.prefix(2) == [UInt32(process), number]
                #expect(message.bytes == 8 + UInt64(number) * 12 % 240)
                #expect(isRight || message.to.contains { $0.certain == false }, "\(message.message)")
            }
            #expect(next.count == 3)
            // The reader is one, so its bytes are in order, whoever sent them.
            let parts = messages.flatMap { message in
                message.to.indices.map { index in
                    let before = message.to[..<index].reduce(0) { $0 + Int($1.length) }
                    let part = message.to[index]
                    return (part.rank, part.offset, (message.payload ?? Data()).dropFirst(before).prefix(Int(part.length)))
                }
            }
            let bytes = parts.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.reduce(Data()) { $0 + $1.2 }
            #expect(Self.records(in: bytes) == read)
        }

        /// The writers and numbers of the records in a stream, as pipe-writers prints them.
        private static func records(in stream: Data) -> String {
            var rest = stream[...]
            var text = ""
            while rest.count >= 8 {
                let (writer, number) = (rest.words[0], rest.words[1])
                text += "\(writer) \(number)\n"
                rest = rest.dropFirst(8 + Int(number) * 12 % 240)
            }
            return text
        }
    }
}
