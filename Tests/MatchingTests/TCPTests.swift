import Matching
import RunModel
import TestSupport
import Testing

@Suite struct TCPTests {
    let clock = Clock()
    let server = Address.ipv4(0x7f00_0001, port: 6379)
    let client = Address.ipv4(0x7f00_0001, port: 40000)
    let a: ActivityBuilder
    let b: ActivityBuilder

    init() { (a, b) = (ActivityBuilder(clock), ActivityBuilder(clock)) }

    /// Which endpoint of the first node was joined to which of the second, by serial.
    func joined(_ found: Matches) -> [[Int32]] {
        found.channels.compactMap { channel in
            guard case .endpoint(let a) = channel.a, case .endpoint(let b) = channel.b else { return nil }
            return [a.serial, b.serial]
        }
    }

    @Test func mirroredAddressesMakeAChannel() {
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
        let connected = a.connect(local: client, remote: server)
        a.send(connected, 10)
        a.receive(connected, 3)
        a.close(connected)
        let found = match([a.node])
        #expect(found.channels.map(\.b) == [.outside(server)])
        #expect(found.channels[0].evidence == .alone)
        #expect(found.totals[0].forward.toOutside == 10 && found.totals[0].backward.fromOutside == 3)
    }

    @Test func anAcceptedConnectionFromOutsideHasItsAddressOnTheConnectingEnd() {
        let accepted = b.accept(local: server, remote: client)
        let found = match([b.node])
        #expect(found.channels.map(\.a) == [.outside(client)])
        #expect(found.channels.map(\.b) == [.endpoint(EndpointID(node: NodeID(0), serial: accepted))])
    }

    @Test func aRefusedConnectIsNoChannel() {
        _ = a.connect(local: client, remote: server, works: false)
        let connected = a.connect(local: client, remote: server)
        let accepted = b.accept(local: server, remote: client)
        let found = match([a.node, b.node])
        #expect(joined(found) == [[Int32(connected), Int32(accepted)]])
        #expect(found.channelOf == [[-1, 0], [0]])
    }

    @Test func aConnectInTheBackgroundIsShownByTheAcceptSide() {
        let connected = a.connect(local: client, remote: server)
        a.change(connected) { $0.established = nil }
        a.changeLast { $0.result = -115 }
        let accepted = b.accept(local: server, remote: client)
        #expect(joined(match([a.node, b.node])) == [[Int32(connected), Int32(accepted)]])
    }

    @Test func loopbackOfAnotherHostIsAnotherPlace() {
        let stranger = ActivityBuilder(clock, host: 7)
        _ = a.connect(local: client, remote: server)
        _ = stranger.accept(local: server, remote: client)
        #expect(joined(match([a.node, stranger.node])).isEmpty)
    }

    @Test func otherAddressesReachAcrossHosts() {
        let stranger = ActivityBuilder(clock, host: 7)
        let (here, there) = (Address.ipv4(0x0a00_0001, port: 1), Address.ipv4(0x0a00_0002, port: 2))
        _ = a.connect(local: here, remote: there)
        _ = stranger.accept(local: there, remote: here)
        #expect(joined(match([a.node, stranger.node])) == [[0, 0]])
    }

    @Test func aReusedPortMakesANewChannel() {
        for count in [UInt64(5), 7] {
            let connected = a.connect(local: client, remote: server)
            let accepted = b.accept(local: server, remote: client)
            a.send(connected, count)
            b.receive(accepted, count)
            a.close(connected)
            b.close(accepted)
        }
        let found = match([a.node, b.node])
        #expect(joined(found) == [[0, 0], [1, 1]])
        #expect(found.totals.map(\.forward.delivered) == [5, 7])
    }

    @Test func aReusedPortIsNotJoinedToTheUseThatWasNotRecorded() {
        // Another server, not recorded, answered the first connection; another client made the last.
        let first = a.connect(local: client, remote: server)
        a.send(first, 5)
        a.receive(first, 5)
        a.close(first)
        let second = a.connect(local: client, remote: server)
        let accepted = b.accept(local: server, remote: client)
        b.send(accepted, 3)
        a.receive(second, 3)
        a.close(second)
        b.close(accepted)
        let late = b.accept(local: server, remote: client)
        b.receive(late, 9)
        let found = match([a.node, b.node])
        #expect(joined(found) == [[Int32(second), Int32(accepted)]])
        #expect(found.totals[Int(found.channelOf[1][late])].forward.fromOutside == 9)
    }

    @Test func usesOfAPortThatNothingTellsApartStayOpen() {
        // Two connections, one accept after both: nobody knows whose.
        for _ in 0..<2 {
            let connected = a.connect(local: client, remote: server)
            a.close(connected)
        }
        _ = b.accept(local: server, remote: client)
        let found = match([a.node, b.node])
        #expect(joined(found).isEmpty)
        #expect(found.anomalies.map(\.name) == ["tcp-ambiguous", "tcp-ambiguous"])
        #expect(found.anomalies.map(\.count) == [2, 1])
    }

    @Test func addressesThatFitAndBytesThatDoNotAreReported() {
        let connected = a.connect(local: client, remote: server)
        let accepted = b.accept(local: server, remote: client)
        b.receive(accepted, 9)
        a.close(connected)
        b.close(accepted)
        let found = match([a.node, b.node])
        #expect(joined(found).isEmpty)
        #expect(found.anomalies.map(\.name) == ["address-contradicted"])
    }

    @Test func aProcessMayTalkToItself() {
        let connected = a.connect(local: client, remote: server)
        let accepted = a.accept(local: server, remote: client)
        a.send(connected, 6)
        a.receive(accepted, 6)
        let found = match([a.node])
        #expect(joined(found) == [[Int32(connected), Int32(accepted)]])
        #expect(found.deliveries.map(\.bytes) == [0..<6])
    }

    @Test func aSocketMayBeConnectedToItself() {
        let connected = a.connect(local: client, remote: client)
        a.send(connected, 6)
        a.receive(connected, 6)
        let found = match([a.node])
        #expect(joined(found) == [[0, 0]])
        #expect(found.deliveries.map(\.bytes) == [0..<6])
        #expect(found.totals[0].forward.delivered == 6 && found.totals[0].backward == StreamTotals())
    }

    @Test func withoutAddressesBytesAndTimesDecide() {
        let known = a.connect()
        let accepted = b.accept(local: server, remote: client)
        let other = b.accept(local: server, remote: .ipv4(0x7f00_0001, port: 40001))
        a.send(known, 6)
        b.receive(accepted, 6)
        b.receive(other, 7)
        a.close(known)
        let found = match([a.node, b.node])
        #expect(joined(found) == [[Int32(known), Int32(accepted)]])
        #expect(found.channels[0].evidence == .order)
    }

    @Test func withoutAddressesOneAddressHelps() {
        let known = a.connect(local: client)
        let accepted = b.accept(local: server, remote: client)
        let other = b.accept(local: server, remote: .ipv4(0x7f00_0001, port: 40001))
        a.send(known, 6)
        b.receive(accepted, 6)
        b.receive(other, 6)
        #expect(joined(match([a.node, b.node])) == [[Int32(known), Int32(accepted)]])
    }

    @Test func withoutAddressesAndBytesNothingIsJoined() {
        _ = a.connect()
        _ = b.accept(local: server, remote: client)
        let found = match([a.node, b.node])
        #expect(joined(found).isEmpty)
        #expect(found.anomalies.map(\.name) == ["address-unknown"])
    }
}
