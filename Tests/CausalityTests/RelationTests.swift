import Causality
import Matching
import RunModel
import TestSupport
import Testing

@Suite struct RelationTests {
    let clock = Clock()

    /// A client asks, a server answers; the clocks of the two are a second apart.
    func dialogue() -> CausalGraph {
        let (a, b) = (ActivityBuilder(clock), ActivityBuilder(clock))
        let (local, remote) = (Address.ipv4(0x0a00_0001, port: 1), Address.ipv4(0x0a00_0002, port: 2))
        let connected = a.connect(local: local, remote: remote)
        let accepted = b.accept(local: remote, remote: local)
        a.send(connected, 10)
        b.receive(accepted, 10)
        b.send(accepted, 4)
        a.receive(connected, 4)
        let nodes = [a.node, b.node]
        let found = match(nodes)
        return CausalGraph(nodes: nodes, channels: found.channels, deliveries: found.deliveries)
    }

    @Test func whatIsSentComesBeforeWhatIsReceived() {
        let graph = dialogue()
        #expect(graph.edges.map(\.kind) == [.delivery, .connectAccept, .delivery])
        let sequence = graph.order.sequence.map(\.index)
        #expect(sequence == [0, 1, 0, 1, 1, 0])
        let send = Position(node: NodeID(0), moment: Moment(event: 3))
        let receive = Position(node: NodeID(1), moment: Moment(event: 4))
        guard case .before(let way) = graph.relation(send, receive) else {
            Issue.record("not before")
            return
        }
        #expect(way == [.edge(graph.edges[2])])
        #expect(graph.relation(receive, send) == .after(way))
    }

    @Test func withoutAWayPositionsAreConcurrent() {
        let graph = dialogue()
        let late = Position(node: NodeID(0), moment: Moment(event: 4))
        let accept = Position(node: NodeID(1), moment: Moment(event: 3))
        #expect(graph.relation(late, accept) == .concurrent)
        #expect(graph.past(of: accept) == [Moment(event: 1), Moment(event: 3)])
    }
}
