import Matching
import RunModel
import TestSupport
import Testing

/// Connections that keep messages apart.
@Suite struct MessageTests {
    let clock = Clock()
    let a: ActivityBuilder
    let b: ActivityBuilder

    init() { (a, b) = (ActivityBuilder(clock), ActivityBuilder(clock)) }

    @Test(arguments: [Endpoint.Kind.unixSequenced, .unixDatagram]) func theKthMessageIsTheKthReceived(kind: Endpoint.Kind) {
        let (one, other) = a.pair(kind)
        for count in [UInt64(10), 20, 30] { a.send(one, count) }
        for count in [UInt64(10), 15, 30] { a.receive(other, count) }
        a.close(other)
        let found = match([a.node])
        #expect(found.channels.map(\.evidence) == [.creation])
        #expect(found.deliveries.map(\.bytes) == [0..<10, 10..<25, 30..<60])
        #expect(found.placements[0] == [Placement(operation: 5, channel: 0, start: 30)])
        let totals = found.totals[0].forward
        #expect(totals.delivered == 55 && totals.discarded == 5 && totals.isBalanced)
        #expect(found.anomalies.isEmpty)
    }

    @Test func whatIsNotReceivedIsUnread() {
        let (one, other) = a.pair(.unixSequenced)
        for count in [UInt64(10), 20] { a.send(one, count) }
        a.receive(other, 10)
        a.close(other)
        #expect(match([a.node]).totals[0].forward.unread == 20)
    }

    @Test func connectionsAreToldApartByTheLengthsOfTheirMessages() {
        _ = b.listen(.unixSequenced)
        let start = clock.now
        let clients = [a.connect(.unixSequenced), a.connect(.unixSequenced)]
        for index in a.node.operations.indices { a.change(index: index) { ($0.earliest, $0.latest) = (start, clock.now) } }
        let accepted = [b.accept(.unixSequenced), b.accept(.unixSequenced)]
        // As many bytes, but in other pieces.
        for count in [UInt64(10), 20] { a.send(clients[0], count) }
        for count in [UInt64(20), 10] { a.send(clients[1], count) }
        for count in [UInt64(20), 10] { b.receive(accepted[0], count) }
        for count in [UInt64(10), 20] { b.receive(accepted[1], count) }
        for end in clients { a.close(end) }
        for end in accepted {
            b.receiveEnd(end)
            b.close(end)
        }
        let found = match([a.node, b.node])
        #expect(found.channelOf[0][clients[0]] == found.channelOf[1][accepted[1]])
        #expect(found.channelOf[0][clients[1]] == found.channelOf[1][accepted[0]])
        #expect(found.anomalies.isEmpty && found.deliveries.count == 4)
    }

    @Test func lengthsTellWhichOfTwoThreadsSentFirst() {
        let (one, other) = a.pair(.unixSequenced)
        let start = clock.now
        a.send(one, 10)
        a.task = 2
        a.send(one, 20)
        a.changeLast(startingAt: start)
        a.task = 3
        a.receive(other, 20)
        a.receive(other, 10)
        let found = match([a.node])
        #expect(found.deliveries.map(\.sent.index) == [1, 0] && found.deliveries.allSatisfy { $0.isCertain })
        #expect(found.deliveries.map(\.bytes) == [0..<20, 20..<30])
        #expect(found.anomalies.isEmpty)
    }

    @Test func lengthsTellWhichOfTwoThreadsReceivedFirst() {
        let (one, other) = a.pair(.unixSequenced)
        a.send(one, 20)
        a.send(one, 10)
        let start = clock.now
        a.task = 2
        a.receive(other, 10)
        a.task = 3
        a.receive(other, 20)
        a.changeLast(startingAt: start)
        let found = match([a.node])
        #expect(found.deliveries.map(\.received.index) == [3, 2] && found.deliveries.allSatisfy { $0.isCertain })
        #expect(found.placements[0] == [Placement(operation: 2, channel: 0, start: 20), Placement(operation: 3, channel: 0, start: 0)])
    }

    @Test func anOrderIsTakenInWhichAllMessagesFit() {
        let (one, other) = a.pair(.unixSequenced)
        let start = clock.now
        // Three threads send at once, and what they sent is received by two.
        for (task, count) in [(Int32(1), UInt64(10)), (2, 20), (3, 30)] {
            a.task = task
            a.send(one, count)
            a.changeLast(startingAt: start)
        }
        let middle = clock.now
        for (task, count) in [(Int32(4), UInt64(30)), (5, 10)] {
            a.task = task
            a.receive(other, count)
            a.changeLast(startingAt: middle)
        }
        a.receive(other, 20)
        let found = match([a.node])
        #expect(Set(found.deliveries.map { $0.bytes.count }) == [10, 20, 30])
        #expect(found.totals[0].forward.delivered == 60 && found.totals[0].forward.discarded == 0)
        // Which is which is beyond doubt, though not which was sent first.
        #expect(Set(found.deliveries.filter(\.isCertain).map(\.sent.index)) == [0, 1, 2])
        #expect(found.channels[0].isAmbiguous)
    }

    @Test func equalLengthsLeaveItOpen() {
        let (one, other) = a.pair(.unixSequenced)
        a.send(one, 10)
        a.send(one, 10)
        let start = clock.now
        a.task = 2
        a.receive(other, 10)
        a.task = 3
        a.receive(other, 10)
        a.changeLast(startingAt: start)
        let found = match([a.node])
        let first = OperationRef(node: NodeID(0), index: 0)
        #expect(found.deliveries.map(\.certainty) == [.uncertain(after: first), .uncertain(after: first)])
        #expect(found.anomalies.map(\.name) == ["order-ambiguous"] && found.totals[0].forward.delivered == 20)
    }
}
