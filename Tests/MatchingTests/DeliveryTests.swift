import Matching
import RunModel
import TestSupport
import Testing

@Suite struct DeliveryTests {
    let clock = Clock()
    let a: ActivityBuilder
    let b: ActivityBuilder
    let connected: Int
    let accepted: Int

    init() { (a, b, connected, accepted) = connectedPair(clock) }

    var found: Matches { match([a.node, b.node]) }

    @Test func aMessageMayBeReceivedInPieces() {
        a.send(connected, 10)
        for count in [UInt64(3), 3, 4] { b.receive(accepted, count) }
        #expect(found.deliveries.map(\.bytes) == [0..<3, 3..<6, 6..<10])
        #expect(found.deliveries.map(\.sent.index) == [1, 1, 1])
        #expect(found.deliveries.map(\.received.index) == [1, 2, 3])
    }

    @Test func messagesMayBeReceivedTogether() {
        for count in [UInt64(3), 3, 4] { a.send(connected, count) }
        b.receive(accepted, 8)
        b.receive(accepted, 2)
        #expect(found.deliveries.map(\.bytes) == [0..<3, 3..<6, 6..<8, 8..<10])
        #expect(found.deliveries.map(\.received.index) == [1, 1, 1, 2])
    }

    @Test func halfClosedStreamsGoOnInTheOtherDirection() {
        a.send(connected, 10)
        a.shutdown(connected)
        b.receive(accepted, 10)
        b.receiveEnd(accepted)
        b.send(accepted, 5)
        b.close(accepted)
        a.receive(connected, 5)
        a.receiveEnd(connected)
        a.close(connected)
        #expect(found.totals[0].forward.delivered == 10 && found.totals[0].backward.delivered == 5)
        #expect(found.anomalies.isEmpty)
    }

    @Test func whatIsNeverReadIsUnread() {
        a.send(connected, 10)
        b.receive(accepted, 4)
        a.close(connected)
        b.close(accepted)
        #expect(found.totals[0].forward.unread == 6 && found.totals[0].forward.isBalanced)
    }

    @Test func whatIsReadAfterTheEndOfATraceIsNotUnread() {
        a.send(connected, 10)
        b.receive(accepted, 4)
        a.close(connected)
        #expect(found.totals[0].forward.receiverCut == 6 && found.totals[0].forward.isBalanced)
    }

    @Test func whatIsSentAfterTheEndOfATraceIsStillReceived() {
        a.send(connected, 10)
        b.receive(accepted, 14)
        b.close(accepted)
        #expect(found.totals[0].forward.senderCut == 4 && found.totals[0].forward.isBalanced)
        #expect(found.deliveries.map(\.bytes) == [0..<10])
        #expect(found.anomalies.isEmpty)
    }

    @Test func opaqueEndsMakeNoFalseAccounts() {
        a.send(connected, 10)
        a.send(connected, 5)
        a.changeLast { $0.bytes = nil }
        a.change(connected) { $0.opaqueFrom = Moment(event: 5) }
        b.receive(accepted, 12)
        a.close(connected)
        b.receive(accepted, 3)
        b.receiveEnd(accepted)
        let totals = found.totals[0].forward
        #expect(totals.delivered == 10 && totals.opaqueReceived == 5 && totals.unplacedSent == 5 && totals.isBalanced)
    }

    @Test func tasksThatReceiveAtTheSameTimeAreCounted() {
        a.send(connected, 10)
        b.receive(accepted, 5)
        let start = b.node.operations[1].earliest
        b.task = 2
        b.receive(accepted, 5)
        #expect(found.anomalies.isEmpty)
        b.changeLast { $0.earliest = start }
        #expect(
            found.anomalies == [Anomaly("order-ambiguous", count: 2, first: Position(node: NodeID(1), moment: Moment(event: 4)))])
        #expect(found.deliveries.map(\.certainty) == Array(repeating: .uncertain(after: found.deliveries[0].sent), count: 2))
    }

    @Test func nonsenseDoesNoHarm() {
        a.send(connected, 10)
        a.changeLast { $0.endpoint = 99 }
        b.receive(accepted, 4)
        b.changeLast { ($0.earliest, $0.latest) = (.max, .min) }
        b.change(accepted) { $0.birth = .pair(twin: 4711) }
        var nodes = [a.node, b.node]
        nodes[0].clockOffset = .max
        let found = match(nodes)
        #expect(found.deliveries.isEmpty)
        #expect(found.anomalies.map(\.name) == ["twin-missing"])
    }
}
