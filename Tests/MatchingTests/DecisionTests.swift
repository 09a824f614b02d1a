import Matching
import RunModel
import TestSupport
import Testing

/// The user's word, and the reasons that are given.
@Suite struct DecisionTests {
    let clock = Clock()
    let server: ActivityBuilder
    let clients: [ActivityBuilder]

    /// Two clients that connect at the same time and say the same.
    init() {
        server = ActivityBuilder(clock)
        let clock = clock
        clients = (0..<2).map { _ in ActivityBuilder(clock) }
        _ = server.listen(.unixStream)
        let start = clock.now
        for client in clients { _ = client.connect(.unixStream) }
        for client in clients { client.changeLast { ($0.earliest, $0.latest) = (start, clock.now) } }
        for _ in clients { _ = server.accept(.unixStream) }
    }

    var nodes: [NodeActivity] { [server.node] + clients.map(\.node) }
    func accepted(_ number: Int) -> EndpointID { EndpointID(node: NodeID(0), serial: number) }
    func client(_ number: Int) -> EndpointID { EndpointID(node: NodeID(number), serial: 0) }

    @Test func whatTheUserJoinsIsJoinedAndTheRestFollows() {
        let found = match(nodes, decisions: Decisions(joined: [.init(client(1), accepted(2))]))
        #expect(found.channels.map(\.evidence).sorted() == [.user, .order])
        #expect(found.channelOf[1][0] == found.channelOf[0][2] && found.channelOf[2][0] == found.channelOf[0][1])
        #expect(found.anomalies.isEmpty)
    }

    @Test func whatTheUserSplitsIsNotJoined() {
        let found = match(nodes, decisions: Decisions(split: [.init(client(1), accepted(1))]))
        #expect(found.channelOf[1][0] == found.channelOf[0][2] && found.channelOf[2][0] == found.channelOf[0][1])
        #expect(found.channels.map(\.evidence) == [.order, .order])
    }

    @Test func evenWhatWasBornTogetherCanBeSplit() {
        let (one, other) = server.pair()
        let ends = (EndpointID(node: NodeID(0), serial: one), EndpointID(node: NodeID(0), serial: other))
        let found = match([server.node], decisions: Decisions(split: [.init(ends.0, ends.1)]))
        #expect(found.channelOf[0][one] != found.channelOf[0][other])
    }

    @Test func whatIsOpenIsMarkedAndExplained() {
        let found = match(nodes)
        #expect(found.channels.count == 4 && found.channels.allSatisfy { $0.isAmbiguous && $0.evidence == .alone })
        let explanation = explain(nodes, client(1))
        #expect(explanation.candidates.map(\.endpoint).sorted() == [accepted(1), accepted(2)])
        #expect(explanation.candidates.allSatisfy { $0.contradiction == nil } && explanation.others == 0)
    }

    @Test func whatSpeaksAgainstACandidateIsSaid() {
        server.receive(1, 5)
        server.close(1)
        clients[0].send(0, 5)
        clients[0].close(0)
        clients[1].close(0)
        let reasons = Dictionary(
            uniqueKeysWithValues: explain(nodes, accepted(1)).candidates.map { ($0.endpoint, $0.contradiction) })
        #expect(reasons[client(1)] == .receivedBeforeSent && reasons[client(2)] == .receivedMore)
        let split = Decisions(split: [.init(accepted(1), client(2))])
        #expect(explain(nodes, client(2), decisions: split).candidates.contains { $0.contradiction == .user })
    }

    @Test func decisionsAboutNothingDoNoHarm() {
        let nowhere = EndpointID(node: NodeID(9), serial: 4711)
        let decisions = Decisions(joined: [.init(client(1), nowhere)], split: [.init(nowhere, nowhere)])
        #expect(match(nodes, decisions: decisions).channels == match(nodes).channels)
        #expect(explain(nodes, nowhere).candidates.isEmpty)
    }
}
