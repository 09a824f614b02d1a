import Causality
import Matching
import RunModel
import TestSupport
import Testing

@Suite struct RelationTests {
    let clock = Clock()
    let client: ActivityBuilder
    let server: ActivityBuilder
    let connected: Int
    let accepted: Int

    init() { (client, server, connected, accepted) = connectedPair(clock) }

    var graph: CausalGraph {
        let nodes = [client.node, server.node]
        let found = match(nodes)
        return CausalGraph(nodes: nodes, channels: found.channels, deliveries: found.deliveries)
    }

    func position(_ node: Int, _ event: UInt64) -> Position { Position(node: NodeID(node), moment: Moment(event: event)) }

    func relation(_ a: Position, _ b: Position) -> Relation { graph.recorded.relation(Place(a, process: 1), Place(b, process: 1)) }

    func step(_ kind: Influence.Kind, _ a: Position, _ b: Position) -> Step {
        let chains = (a.node.index, b.node.index)
        return .influence(
            Influence(kind: kind, from: a.moment, fromChain: chains.0, to: b.moment, toChain: chains.1, channel: 0), from: a, to: b)
    }

    func ask() {
        client.send(connected, 10)
        server.receive(accepted, 10)
        server.send(accepted, 4)
        client.receive(connected, 4)
    }

    @Test func whatIsSentComesBeforeWhatIsReceived() {
        ask()
        #expect(graph.edges.map(\.kind) == [.delivery, .connectAccept, .delivery])
        #expect(graph.order.sequence.map(\.index) == [0, 1, 0, 1, 1, 0])
        let way = [step(.delivery, position(0, 3), position(1, 4))]
        #expect(relation(position(0, 3), position(1, 4)) == .before(way))
        #expect(relation(position(1, 4), position(0, 3)) == .after(way))
    }

    @Test func theWitnessNamesWhatMerelyFollows() {
        ask()
        // From the connect to long after the reply: over the accept, the reply, and what follows in between.
        let reply = [step(.delivery, position(1, 5), position(0, 6)), Step.process(position(0, 6), position(0, 99))]
        guard case .before(let shown) = relation(position(0, 2), position(1, 5)) else {
            Issue.record("the send at 0@3 leads to the reply")
            return
        }
        #expect(shown.first == .process(position(0, 2), position(0, 3)))
        #expect(relation(position(1, 1), position(0, 99)) == .before([.process(position(1, 1), position(1, 5))] + reply))
    }

    @Test func withoutAWayPositionsAreConcurrent() {
        ask()
        #expect(relation(position(0, 4), position(1, 3)) == .concurrent)
        #expect(graph.recorded.past(of: Place(position(1, 3))) == [Moment(event: 1), Moment(event: 3)])
        #expect(graph.recorded.future(of: Place(position(1, 3))) == [Moment(event: 6), Moment(event: 3)])
        #expect(relation(position(0, 4), position(0, 4)) == .same)
        #expect(relation(position(0, 4), position(7, 1)) == .concurrent)
    }

    @Test func aPositionHasTheRankOfTheLastOperationBeforeIt() {
        ask()
        #expect(graph.rank(of: position(0, 0)) == nil)
        #expect(graph.rank(of: position(0, 1)) == 0)
        #expect(graph.rank(of: position(0, 2)) == 0)
        #expect(graph.rank(of: position(0, 1000)) == 5)
        #expect(graph.rank(of: position(9, 1)) == nil)
        #expect(graph.order.operation(atRank: 5) == OperationRef(node: NodeID(0), index: 2))
        #expect(graph.order.operation(atRank: 6) == nil)
        #expect(graph.order.operations(of: NodeID(1), before: 4) == 2)
    }

    @Test func theEndOfAStreamComesAfterWhatEndedIt() {
        client.shutdown(connected)
        client.close(connected)
        server.receiveEnd(accepted)
        server.close(accepted)
        let edges = graph.edges.filter { $0.kind == .endOfStream }
        // The shutdown ended it, not the close after it.
        #expect(edges.map(\.from) == [OperationRef(node: NodeID(0), index: 1)])
    }

    @Test(arguments: [Endpoint.Access.read, .both]) func whoShutsDownItsReceivingHalfSeesAnEndOfItsOwnMaking(halves: Endpoint.Access) {
        server.shutdown(accepted, halves)
        client.close(connected)
        server.receiveEnd(accepted)
        #expect(graph.edges.map(\.kind) == [.connectAccept])
        #expect(graph.anomalies.isEmpty)
    }

    @Test func whoShutsDownItsSendingHalfSeesTheEndThatThePeerMade() {
        server.shutdown(accepted, .write)
        client.close(connected)
        server.receiveEnd(accepted)
        #expect(graph.edges.map(\.kind) == [.connectAccept, .endOfStream])
    }

    @Test func anEndThatIsSeenBeforeTheOwnShutdownIsThePeers() {
        client.close(connected)
        server.receiveEnd(accepted)
        server.shutdown(accepted, .both)
        #expect(graph.edges.map(\.kind) == [.connectAccept, .endOfStream])
    }

    @Test func nodesWithoutEdgesAreMergedByTime() {
        let others = (0..<3).map { _ in ActivityBuilder(clock) }
        for node in [2, 0, 1, 1, 0, 2] { _ = others[node].connect() }
        let graph = CausalGraph(nodes: others.map(\.node), channels: [], deliveries: [])
        #expect(graph.order.sequence.map(\.index) == [2, 0, 1, 1, 0, 2])
    }

    @Test func edgesCountMoreThanClocks() {
        client.send(connected, 10)
        server.receive(accepted, 10)
        var nodes = [client.node, server.node]
        nodes[0].host = 1
        nodes[0].clockOffset = 500_000
        let found = match(nodes)
        let graph = CausalGraph(nodes: nodes, channels: found.channels, deliveries: found.deliveries)
        #expect(graph.order.sequence.map(\.index) == [0, 1, 0, 1])
    }

    @Test func theWeakestEdgeOfACycleIsDroppedAndCounted() {
        ask()
        let nodes = [client.node, server.node]
        var found = match(nodes)
        // A second channel, joined by order only, claims that the server's last message came before the client's first.
        found.channels.append(Channel(kind: .tcp, a: .outside(nil), b: .outside(nil), evidence: .order))
        let wrong = Delivery(
            channel: 1, forward: true, bytes: 0..<1, sent: OperationRef(node: NodeID(1), index: 2),
            received: OperationRef(node: NodeID(0), index: 1))
        let graph = CausalGraph(nodes: nodes, channels: found.channels, deliveries: [wrong] + found.deliveries)
        #expect(graph.dropped == [Edge(from: wrong.sent, to: wrong.received, kind: .delivery, channel: 1)])
        #expect(graph.anomalies == [Anomaly("cycle", first: position(0, 3))])
        #expect(graph.order.sequence.map(\.index) == [0, 1, 0, 1, 1, 0])
    }

    @Test func twoWorkersOfANodeAreConcurrentUnlessSomethingGoesBetweenThem() {
        let node = ActivityBuilder(clock)
        let (reading, writing) = node.pair()
        let other = node.connect()
        func work(_ process: Int32, _ endpoint: Int) {
            node.send(endpoint, 1)
            node.changeLast { $0.process = process }
        }
        work(10, other)
        node.send(writing, 5)
        node.changeLast { $0.process = 10 }
        work(20, other)
        node.receive(reading, 5)
        node.changeLast { $0.process = 20 }
        work(20, other)
        let nodes = [node.node]
        let found = match(nodes)
        let graph = CausalGraph(nodes: nodes, channels: found.channels, deliveries: found.deliveries)
        // Without the pipe.
        let bare = CausalGraph(nodes: nodes, channels: found.channels, deliveries: [])
        let operation = { OperationRef(node: NodeID(0), index: $0) }
        let (sent, before, after) = (operation(1), operation(3), operation(5))
        #expect(graph.causal.relation(graph.place(of: sent), graph.place(of: before)) == .concurrent)
        #expect(graph.happensBefore(sent, after) && !graph.happensBefore(after, sent))
        #expect(bare.causal.relation(bare.place(of: sent), bare.place(of: after)) == .concurrent)
        #expect(bare.happensBefore(sent, before, .recorded))
    }

    @Test func deliveriesBetweenNothingDoNoHarm() {
        ask()
        let nodes = [client.node, server.node]
        let nowhere = Delivery(
            channel: -5, forward: true, bytes: 0..<1, sent: OperationRef(node: NodeID(-1), index: 0),
            received: OperationRef(node: NodeID(1), index: 99))
        let graph = CausalGraph(
            nodes: nodes,
            channels: [Channel(kind: .tcp, a: .endpoint(EndpointID(node: NodeID(9), serial: 9)), b: .outside(nil), evidence: .alone)],
            deliveries: [nowhere])
        #expect(graph.edges.isEmpty && graph.order.count == 6)
    }
}
