import Foundation
import RunModel
import TestSupport
import Testing

@testable import RunStore

/// An index is a file like any other: whatever happens to it, reading ends with what is there or with an error that says what to do.
@Suite struct IndexDamageTests {
    /// A client that asks a server once, indexed.
    private static func write(_ run: RunDirectory) throws {
        let clock = Clock()
        let (client, server) = (ActivityBuilder(clock), ActivityBuilder(clock))
        let address = Address.ipv4(0x7f00_0001, port: 80)
        _ = server.listen(local: address)
        let asking = client.connect(local: .ipv4(0x7f00_0001, port: 40_000), remote: address)
        let answering = server.accept(local: address, remote: .ipv4(0x7f00_0001, port: 40_000))
        client.send(asking, 27)
        server.receive(answering, 27)
        let activities = [client.node, server.node]
        let nodes = zip(["client", "server"], activities).map { (name: String, activity: NodeActivity) -> IndexedNode in
            var node = IndexedNode(name: name, tracePath: run.path + "/\(name)/trace", fingerprint: "1")
            node.operations = activity.operations.count
            node.events = 20
            node.processes = [NodeProcess(id: 1, parent: nil, command: [name], forked: nil)]
            let first = Position(node: NodeID(0), moment: Moment(event: 3))
            node.anomalies = [Anomaly("not-understood", subject: "read on pipe", first: first)]
            return node
        }
        var totals = ChannelTotals()
        totals.forward.sent = 27
        totals.forward.received = 27
        totals.forward.delivered = 27
        let end = { (node: Int, serial: Int) in Channel.End.endpoint(EndpointID(node: NodeID(node), serial: serial)) }
        let joined = JoinedRun(
            channels: [Channel(kind: .tcp, a: end(0, asking), b: end(1, answering), evidence: .address)], totals: [totals],
            opened: [Position(node: NodeID(0), moment: Moment(event: 1))],
            deliveries: [
                Delivery(
                    channel: 0, forward: true, bytes: 0..<27, sent: OperationRef(node: NodeID(0), index: 1),
                    received: OperationRef(node: NodeID(1), index: 2))
            ],
            placements: [[], [Placement(operation: 2, channel: 0, start: 0)]], order: [1, 0, 1, 0, 1].map { NodeID($0) }, messages: 1,
            anomalies: [])
        try IndexWriter(run).commit(nodes: nodes, fresh: [0: activities[0], 1: activities[1]], joined: joined)
    }

    /// Reads everything that listings read; the number of messages and deliveries seen.
    private static func readAll(_ run: RunDirectory) throws(IndexError) -> Int {
        let index = try RunIndex(run)
        _ = try (index.messageCount(), index.channels())
        _ = try (index.activities(), index.placements())
        var seen = try index.deliveries().count
        try index.forEachOperation { rank, ref throws(IndexError) in
            _ = try (index.operation(ref), index.rank(ref), index.endpoint(EndpointID(node: ref.node, serial: 0)))
            _ = try index.operations(of: ref.node).deliveries(of: Int(ref.index))
            _ = try index.operations(of: ref.node).operations(at: Moment(event: UInt64(rank)))
            return true
        }
        try index.forEachMessage { _ throws(IndexError) in
            seen += 1
            return true
        }
        return seen
    }

    private func withIndex(_ body: (RunDirectory, Data) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(path: directory.path)
            try Self.write(run)
            try body(run, try Data(contentsOf: URL(fileURLWithPath: run.indexFile)))
        }
    }

    @Test func anIndexWhoseFirstUpdateDidNotComeToItsEndIsNone() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(path: directory.path)
            _ = try IndexWriter(run)
            let error = #expect(throws: IndexError.self) { try RunIndex(run) }
            #expect(error.map { "\($0)" }?.contains("not indexed yet") == true)
            try Self.write(run)
            #expect(try RunIndex(run).nodes.count == 2)
        }
    }

    @Test func anIndexIsReadBackWhole() throws {
        try withIndex { run, _ in
            let seen = try Self.readAll(run)
            #expect(seen == 2)
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func randomDamageIsHarmlessOrNamed(block: UInt64) throws {
        try withIndex { run, whole in
            for seed in block * 100..<(block + 1) * 100 {
                var random = SeededGenerator(seed: seed)
                var bytes = whole
                for _ in 0..<[1, 3, 30][Int(seed % 3)] {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                try bytes.write(to: URL(fileURLWithPath: run.indexFile))
                do { _ = try Self.readAll(run) } catch let error as IndexError {
                    #expect(error.description.contains("ridealong index"), "seed \(seed): \(error)")
                }
            }
        }
    }

    @Test(arguments: ["", "this is no database, but text that somebody has put here by mistake", "SQLite format 3"])
    func whatIsNoIndexIsSaidToBeDamagedOrOfAnotherVersion(content: String) throws {
        try withIndex { run, _ in
            try Data(content.utf8).write(to: URL(fileURLWithPath: run.indexFile))
            let error = #expect(throws: IndexError.self) { _ = try RunIndex(run) }
            let text = error?.description ?? ""
            #expect(text.contains(content.isEmpty ? "another version" : "damaged") && text.contains(run.path), "\(text)")
        }
    }

    @Test func aRunDirectoryThatIsNotThereIsNotCalledUnindexed() {
        let error = #expect(throws: IndexError.self) { _ = try RunIndex(RunDirectory(path: "/no/such/run")) }
        #expect(error?.description.hasPrefix("/no/such/run: No such file or directory;") == true)
        let file = #expect(throws: IndexError.self) { _ = try RunDirectory(path: "/etc/passwd").nodes() }
        #expect(file?.description.hasPrefix("/etc/passwd: Not a directory;") == true)
    }
}
