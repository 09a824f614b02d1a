import Matching
import RunModel
import TestSupport
import Testing

@Suite struct TCPTests {
    let clock = Clock()
    let server = Address.ipv4(0x7f00_0001, port: 6379)
    let client = Address.ipv4(0x7f00_0001, port: 40000)

    @Test func mirroredAddressesMakeAChannel() {
        let (a, b) = (ActivityBuilder(clock), ActivityBuilder(clock))
        _ = b.listen(local: server)
        let connected = a.connect(local: client, remote: server)
        let accepted = b.accept(local: server, remote: client)
        a.send(connected, 10)
        b.receive(accepted, 10)
        b.send(accepted, 4)
        a.receive(connected, 4)
        a.close(connected)
        b.receiveEnd(accepted)
        b.close(accepted)
        let found = match([a.node, b.node])
        #expect(found.channels.count == 1)
        #expect(found.channels[0].a == .endpoint(EndpointID(node: NodeID(0), serial: connected)))
        #expect(found.channels[0].b == .endpoint(EndpointID(node: NodeID(1), serial: accepted)))
        #expect(found.channels[0].evidence == .address)
        #expect(found.channelOf == [[0], [-1, 0]])
        #expect(found.deliveries.map(\.bytes) == [0..<10, 0..<4])
        #expect(found.totals[0].forward.delivered == 10 && found.totals[0].backward.delivered == 4)
        #expect(found.anomalies.isEmpty)
    }

    @Test func anEndThatNobodyRecordedIsOutside() {
        let a = ActivityBuilder(clock)
        let connected = a.connect(local: client, remote: server)
        a.send(connected, 10)
        a.receive(connected, 3)
        a.close(connected)
        let found = match([a.node])
        #expect(found.channels.map(\.b) == [.outside(server)])
        #expect(found.channels[0].evidence == .alone)
        #expect(found.totals[0].forward.toOutside == 10 && found.totals[0].backward.fromOutside == 3)
    }
}
