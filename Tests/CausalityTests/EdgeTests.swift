import Causality
import Matching
import RunModel
import TestSupport
import Testing

/// What else than deliveries leads from one end of a connection to the other.
@Suite struct EdgeTests {
    let clock = Clock()
    let client: ActivityBuilder
    let server: ActivityBuilder
    let connected: Int
    let accepted: Int

    init() { (client, server, connected, accepted) = connectedPair(clock, listens: true) }

    /// All edges of a kind, as operations of client (0) and server (1).
    func edges(_ kind: Influence.Kind) -> [String] {
        let nodes = [client.node, server.node]
        let found = match(nodes)
        let graph = CausalGraph(nodes: nodes, channels: found.channels, deliveries: found.deliveries)
        #expect(graph.dropped.isEmpty)
        return graph.edges.filter { $0.kind == kind }.map { "\($0.from.node.index).\($0.from.index) \($0.to.node.index).\($0.to.index)" }
    }

    /// A poll of the server that finds something.
    func poll() {
        server.receiveEnd(accepted)
        server.changeLast { $0.kind = .ready }
    }

    @Test func whoListensComesBeforeWhatFollowsAConnect() {
        #expect(edges(.listenConnect) == [])
        client.send(connected, 10)
        client.send(connected, 10)
        #expect(edges(.listenConnect) == ["1.0 0.1"])
    }

    @Test func ofTwoWhoListenNeitherIsTakenForCertain() {
        let other = ActivityBuilder(clock)
        _ = other.listen(local: .ipv4(0, port: 2))
        _ = other.listen(local: .ipv4(0, port: 2))
        let address = Address.ipv4(0x0a00_0003, port: 1)
        _ = client.connect(local: address, remote: .ipv4(0x0a00_0002, port: 2))
        _ = other.accept(local: .ipv4(0x0a00_0002, port: 2), remote: address)
        client.send(connected, 10)
        let nodes = [client.node, other.node]
        let found = match(nodes)
        let graph = CausalGraph(nodes: nodes, channels: found.channels, deliveries: found.deliveries)
        #expect(graph.edges.map(\.kind) == [.connectAccept])
    }

    @Test func theSendOfTheFirstUnreadByteComesBeforeThePollThatSeesIt() {
        client.send(connected, 10)
        client.send(connected, 10)
        poll()
        server.receive(accepted, 5)
        poll()
        server.receive(accepted, 15)
        // Both polls saw bytes of the first send; of the second nothing is said.
        #expect(edges(.ready) == ["0.1 1.2", "0.1 1.4"])
    }

    @Test func whatEndsAStreamComesBeforeThePollThatSeesTheEnd() {
        client.close(connected)
        poll()
        server.receiveEnd(accepted)
        #expect(edges(.ready) == ["0.1 1.2"])
    }

    @Test func aPollDuringAnotherReceiveSaysNothing() {
        client.send(connected, 10)
        poll()
        server.receive(accepted, 10)
        let entered = server.node.operations[2].entered
        server.changeLast { $0.entered = entered }
        #expect(edges(.ready) == [])
    }

    @Test func whoEndedItsReceivingHalfFindsSomethingInAnyCase() {
        client.send(connected, 10)
        server.shutdown(accepted, .read)
        poll()
        server.receive(accepted, 10)
        #expect(edges(.ready) == [])
    }

    @Test func aPollBeforeAResetMayHaveSeenTheEndBeforeIt() {
        client.shutdown(connected, .write)
        client.close(connected)
        poll()
        server.receiveEnd(accepted)
        server.changeLast { $0.result = -104 }
        #expect(edges(.reset) == ["0.2 1.3"])
        #expect(edges(.ready) == ["0.1 1.2"])
    }

    @Test func whatComesToAnEndWithBothHalvesShutDownIsAnsweredWithAReset() {
        client.shutdown(connected, .both)
        server.send(accepted, 1)
        server.receiveEnd(accepted)
        server.changeLast { $0.result = -104 }
        client.receiveEnd(connected)
        client.changeLast { $0.result = -104 }
        client.close(connected)
        // The close, which came later, is the cause of nothing; and the client brought its own error about.
        #expect(edges(.reset) == ["0.1 1.3"])
    }

    @Test func whichOfTwoShutdownsAtATimeEndedTheStreamIsKnownToTheirNodeOnly() {
        client.shutdown(connected)
        client.shutdown(connected)
        client.changeLast { ($0.process, $0.task) = (2, 2) }
        client.change(index: 1) { $0.latest += 100 }
        server.receiveEnd(accepted)
        let found = match([client.node, server.node])
        let graph = CausalGraph(nodes: [client.node, server.node], channels: found.channels, deliveries: found.deliveries)
        let (first, end) = (OperationRef(node: NodeID(0), index: 1), OperationRef(node: NodeID(1), index: 2))
        #expect(graph.happensBefore(first, end, .recorded) && !graph.happensBefore(first, end, .causal))
    }

    @Test func aCloseComesBeforeTheReceiveThatFindsTheConnectionReset() {
        client.close(connected)
        server.receiveEnd(accepted)
        server.changeLast { $0.result = -104 }
        #expect(edges(.reset) == ["0.1 1.2"])
    }

    /// A reset that seems to come before the close that caused it; `offset` is what sets the server's clock apart.
    private func edgesOfAnEarlyReset(offset: Int64) -> Int {
        client.close(connected)
        server.receiveEnd(accepted)
        server.changeLast { $0.result = -104 }
        var nodes = [client.node, server.node]
        let close = nodes[0].operations[nodes[0].operations.count - 1]
        server.changeLast { ($0.earliest, $0.latest) = (close.earliest - 20, close.earliest - 10) }
        nodes[1] = server.node
        nodes[1].clockOffset = offset
        let found = match(nodes)
        return CausalGraph(nodes: nodes, channels: found.channels, deliveries: found.deliveries).edges.count { $0.kind == .reset }
    }

    @Test func whatOneClockSaysCannotBeIsNoCause() { #expect(edgesOfAnEarlyReset(offset: 0) == 0) }

    @Test func theClocksOfTwoHostsForbidNothing() { #expect(edgesOfAnEarlyReset(offset: -1) == 1) }

    @Test func aCloseComesBeforeWhatFollowsASendThatFails() {
        client.close(connected)
        server.send(accepted, 1)
        server.changeLast { ($0.result, $0.bytes) = (-32, nil) }
        #expect(edges(.reset) == [])
        server.close(accepted)
        #expect(edges(.reset) == ["0.1 1.3"])
    }

    @Test func whoShutDownItselfMayNotSendWhateverThePeerDoes() {
        server.shutdown(accepted)
        client.close(connected)
        server.send(accepted, 1)
        server.changeLast { ($0.result, $0.bytes) = (-32, nil) }
        server.close(accepted)
        #expect(edges(.reset) == [])
    }
}
