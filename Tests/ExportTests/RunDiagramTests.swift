import Export
import Foundation
import RunModel
import RunStore
import TestSupport
import Testing

@Suite("Picture of a run")
struct RunDiagramTests {
    private typealias End = SpaceTimeDiagram.ArrowEnd

    /// Two nodes, and a resolver that nobody recorded: the client asks the server, which asks outside before it answers.
    private func withRun<Result>(_ body: (RunIndex) throws -> Result) throws -> Result {
        try withTemporaryDirectory { directory in
            let clock = Clock()
            let (client, server) = (ActivityBuilder(clock), ActivityBuilder(clock))
            let resolver = Address.ipv4(0xc000_0201, port: 53)
            _ = server.listen()
            let asking = client.connect()
            let asked = server.accept()
            client.send(asking, 5)
            server.receive(asked, 5)
            let outside = server.connect(remote: resolver)
            server.send(outside, 4)
            server.receive(outside, 2)
            server.send(asked, 3)
            client.receive(asking, 3)
            client.close(asking)
            server.receiveEnd(asked)

            let (c, s) = (NodeID(0), NodeID(1))
            let channels = [
                Channel(
                    kind: .tcp, a: .endpoint(EndpointID(node: c, serial: asking)), b: .endpoint(EndpointID(node: s, serial: asked)),
                    evidence: .address),
                Channel(
                    kind: .tcp, a: .endpoint(EndpointID(node: s, serial: outside)), b: .outside(resolver), evidence: .alone),
            ]
            func delivery(_ forward: Bool, _ count: UInt64, _ sent: (NodeID, Int), _ received: (NodeID, Int)) -> Delivery {
                Delivery(
                    channel: 0, forward: forward, bytes: 0..<count, sent: OperationRef(node: sent.0, index: sent.1),
                    received: OperationRef(node: received.0, index: received.1))
            }
            var delivered = ChannelTotals()
            (delivered.forward.sent, delivered.backward.sent) = (5, 3)
            (delivered.forward.delivered, delivered.backward.delivered) = (5, 3)
            let run = RunDirectory(path: directory.path)
            var nodes = ["client", "server"].map { IndexedNode(name: $0, tracePath: "/\($0)", fingerprint: "") }
            for (number, activity) in [client.node, server.node].enumerated() {
                nodes[number].events = 100
                nodes[number].operations = activity.operations.count
            }
            try IndexWriter(run).commit(
                nodes: nodes, fresh: [0: client.node, 1: server.node],
                joined: JoinedRun(
                    channels: channels, totals: [delivered, ChannelTotals()],
                    opened: [Position(node: c, moment: Moment(event: 1)), Position(node: s, moment: Moment(event: 9))],
                    deliveries: [delivery(true, 5, (c, 1), (s, 2)), delivery(false, 3, (s, 6), (c, 2))], placements: [[], []],
                    order: [s, c, s, c, s, s, s, s, s, c, c, s], messages: 4, anomalies: []))
            return try body(RunIndex(run))
        }
    }

    private func payload(_ message: Message) -> String? { "\(message.bytes) bytes" }

    @Test("each operation is a row in total order, each node a lane in the order in which they first do anything")
    func rowsAndLanes() throws {
        let picture = try withRun { try SpaceTimeDiagram(of: $0, DiagramRange(), payload: payload) }
        #expect(picture.lanes.map(\.name) == ["server", "client"])
        #expect(picture.rows.map(\.rank) == Array(1...12))
        #expect(picture.rows.map(\.lane) == [0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0])
        #expect(
            picture.rows.map(\.mark) == [
                .listen, .connect, .accept, .send, .receive, .connect, .send, .receive, .send, .receive, .close, .end,
            ])
    }

    @Test("a row says who did what to whom, in positions; only what begins a message shows its bytes")
    func words() throws {
        let picture = try withRun { try SpaceTimeDiagram(of: $0, DiagramRange(), payload: payload) }
        #expect(
            picture.rows.map(\.text) == [
                "server@2 listens", "client@1 connects to server", "server@4 accepts client", "client@3 → server@6", "server@6 ← client@3",
                "server@7 connects to (192.0.2.1:53)", "server@9 → (192.0.2.1:53)", "server@12 ← (192.0.2.1:53)", "server@13 → client@6",
                "client@6 ← server@13", "client@7 closes to server", "server@16 sees the end of client",
            ])
        #expect(picture.rows.map(\.payload) == ["", "", "", "5 bytes", "", "", "4 bytes", "2 bytes", "3 bytes", "", "", ""])
    }

    @Test("arrows join sends and receives, connects and accepts; what goes outside or comes from there is a stub")
    func arrows() throws {
        let picture = try withRun { try SpaceTimeDiagram(of: $0, DiagramRange(), payload: payload) }
        let arrows = picture.arrows.map { [$0.from, $0.to] }
        let expected: [[End]] = [
            [.row(1), .row(2)], [.row(3), .row(4)], [.row(6), .outside], [.outside, .row(7)], [.row(8), .row(9)],
        ]
        #expect(arrows == expected)
        #expect(picture.arrows.map(\.isConnection) == [true, false, false, false, false])
        #expect(picture.arrows.map(\.channel) == [0, 0, 1, 1, 0])
    }

    @Test("what lies before and after the ranks drawn is hinted at, counted and left out")
    func range() throws {
        let picture = try withRun { try SpaceTimeDiagram(of: $0, DiagramRange(first: 5, last: 9), payload: payload) }
        #expect(picture.rows.map(\.rank) == [5, 6, 7, 8, 9])
        #expect(picture.lanes.map(\.name) == ["server"])
        #expect(picture.notes.contains("Left out: 7 of 12 operations. Show others with --from and --to."))
        #expect(picture.notes.contains { $0.hasSuffix(": client") })
        #expect(picture.arrows.first == .init(from: .elsewhere, to: .row(0), channel: 0))
        #expect(picture.arrows.last == .init(from: .row(4), to: .elsewhere, channel: 0))
        let both = try withRun { try SpaceTimeDiagram(of: $0, DiagramRange(first: 2, last: 9), payload: payload) }
        #expect(both.arrows.last == .init(from: .row(7), to: .beyond(lane: 1), channel: 0))
        let later = try withRun { try SpaceTimeDiagram(of: $0, DiagramRange(first: 10), payload: payload) }
        #expect(later.arrows == [.init(from: .beyond(lane: 0), to: .row(0), channel: 0)] && later.rows.count == 3)
        let late = try withRun { try SpaceTimeDiagram(of: $0, DiagramRange(first: 5), payload: payload) }
        #expect(late.arrows.first == .init(from: .beyond(lane: 1), to: .row(0), channel: 0))
    }

    @Test("a stretch without operations is an empty picture")
    func nothing() throws {
        let picture = try withRun { try SpaceTimeDiagram(of: $0, DiagramRange(first: 50, last: 60), payload: payload) }
        #expect(picture.rows.isEmpty && picture.lanes.isEmpty)
    }

    @Test("the same index gives the same picture")
    func deterministic() throws {
        try withRun { index in
            let pictures = try (0..<2).map { _ in try SpaceTimeDiagram(of: index, DiagramRange(), payload: payload).svg() }
            #expect(pictures[0] == pictures[1])
        }
    }
}
