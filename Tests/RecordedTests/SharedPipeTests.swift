import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Pipes that nodes have in common, and FIFOs.
    @Suite(.inBothModes) struct SharedPipeTests {
        @Test func aPipelineOfRecordingsJoinsTheirNodes() throws {
            let run = try RecordedRun("pipeline-of-nodes")
            let command = "'\(Executables.ridealong.path)' record --run '\(run.directory.path)' --syscall-buffer \(SyscallBuffer.current)"
            let record = { (node: String) in "\(command) --node \(node)" }
            let script = "\(record("numbers")) seq 1000 | \(record("sorter")) sort -rn | \(record("first")) head -n 3"
            #expect(try run.start(["/bin/sh", "-c", script]).succeed().output == lines(1000, to: 998))
            #expect(try run.index().isEmpty)
            let channels = try run.channels()
            #expect(channels.map(\.kind) == ["pipe", "pipe"])
            #expect(Set(channels.map { "\($0.a.node ?? "?") \($0.b.node ?? "?")" }) == ["numbers sorter", "sorter first"])
            for channel in channels {
                #expect(channel.evidence == "creation" && channel.bytesAToB == 3893 && channel.bytesBToA == 0)
                let text = try run.messages().filter { $0.channel == channel.channel }.map(\.text).joined()
                let whole = channel.a.node == "numbers" ? lines(1, to: 1000) : lines(1000, to: 1)
                #expect(channel.a.node == "numbers" ? text == whole : !text.isEmpty && whole.hasPrefix(text))
            }
            let log = try run.log()
            let sent = try #require(log.first { $0.node == "numbers" && $0.operation == "send" })
            let passed = try #require(log.first { $0.node == "first" && $0.operation == "receive" })
            let relations: [ListedRelation] = try run.list("happens-before", [sent.position, passed.position])
            #expect(relations.map(\.relation) == ["before"])
        }

        @Test func aFIFOJoinsNodesAndProcesses() throws {
            let run = try RecordedRun("fifo")
            let paths = try ["between", "inside"].map { [run] name in
                let path = run.workshop.appendingPathComponent(name).path
                guard mkfifo(path, 0o600) == 0 else { throw Failure("no FIFO: \(errno)") }
                return path
            }
            let reader = try run.record([try Programs.installed("cat"), paths[0]], as: "reader")
            try run.record(["/bin/sh", "-c", "seq 1000 > '\(paths[0])'"], as: "writer").succeed()
            #expect(try reader.succeed().output == lines(1, to: 1000))
            let shell = try run.record(["/bin/sh", "-c", "seq 300 > '\(paths[1])' & cat '\(paths[1])'; wait"], as: "shell").succeed()
            #expect(shell.output == lines(1, to: 300))
            #expect(try run.index().isEmpty)
            let channels = try run.channels().sorted { ($0.a.node ?? "") < ($1.a.node ?? "") }
            #expect(channels.map { [$0.kind, $0.a.node, $0.b.node] } == [["pipe", "shell", "shell"], ["pipe", "writer", "reader"]])
            let talk = try Talk(run)
            #expect(channels.map { talk.ways[$0.channel]?.text } == [lines(1, to: 300), lines(1, to: 1000)])
            for channel in channels {
                #expect(talk.ways[channel.channel]?.from == ["seq"] && talk.ways[channel.channel]?.to == ["cat"])
            }
        }
    }
}
