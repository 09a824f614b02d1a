import Matching
import RunModel
import TestSupport
import Testing

/// Descriptors that went to another node by a message.
@Suite struct PassingTests {
    let clock = Clock()
    let (client, front, worker): (ActivityBuilder, ActivityBuilder, ActivityBuilder)
    let here = Address.ipv4(0x7f00_0001, port: 40000)
    let there = Address.ipv4(0x7f00_0001, port: 80)

    init() { (client, front, worker) = (ActivityBuilder(clock), ActivityBuilder(clock), ActivityBuilder(clock)) }

    func end(_ node: Int, _ serial: Int) -> Channel.End { .endpoint(EndpointID(node: NodeID(node), serial: serial)) }

    /// A client asks 10 bytes, of which the front takes some, hands the connection on, and the worker takes the rest and answers 20; then
    /// all is closed. Returns the nodes, and the serials of the worker's end and of its connection with the front.
    func handOver(taking taken: UInt64, receive: Range<UInt64>? = nil, gets: [Int32]? = nil) -> [NodeActivity] {
        _ = worker.listen(.unixStream)
        _ = front.listen(.tcp, local: there)
        let way = front.connect(.unixStream)
        let other = worker.accept(.unixStream)
        let asking = client.connect(local: here, remote: there)
        let asked = front.accept(local: there, remote: here)
        client.send(asking, 10)
        if taken > 0 { front.receive(asked, taken) }
        front.send(way, 5)
        let sent = Passing(isSend: true, carrier: Int32(way), place: 0..<5, at: front.tick(), endpoints: [-1, Int32(asked)])
        front.close(asked)
        worker.receive(other, 5)
        let passed = worker.hold(.both, inode: 0, birth: .passed, kind: .unknown)
        worker.change(passed) { $0.identity = nil }
        let received = Passing(
            isSend: false, carrier: Int32(other), place: receive ?? 0..<5, at: worker.tick(), endpoints: gets ?? [-1, Int32(passed)])
        if taken < 10 { worker.receive(passed, 10 - taken) }
        worker.send(passed, 20)
        client.receive(asking, 20)
        client.close(asking)
        worker.receiveEnd(passed)
        worker.close(passed)
        front.close(way)
        worker.receiveEnd(other)
        worker.close(other)
        var nodes = [client.node, front.node, worker.node]
        nodes[1].passings = [sent]
        nodes[2].passings = [received]
        return nodes
    }

    @Test(arguments: [0, 4, 10] as [UInt64]) func aConnectionGoesOnInTheNodeThatItWasPassedTo(taken: UInt64) {
        let nodes = handOver(taking: taken)
        let found = match(nodes)
        #expect(found.anomalies.isEmpty && found.channels.count == 2)
        let channel = found.channels.first { $0.kind == .tcp }
        #expect(channel?.evidence == .address && channel?.a == end(0, 0) && channel?.b == end(1, 2))
        #expect(channel?.alsoB == [EndpointID(node: NodeID(2), serial: 2)] && channel?.alsoA == [])
        let totals = found.totals[found.channels[0].kind == .tcp ? 0 : 1]
        #expect(totals.forward.delivered == 10 && totals.backward.delivered == 20 && totals.forward.notSent == 0)
        #expect(totals.forward.isBalanced && totals.backward.isBalanced)
        let takers = found.deliveries.filter { $0.sent.node.index == 0 }
        #expect(takers.map(\.received.node.index) == (taken == 0 ? [2] : taken == 10 ? [1] : [1, 2]))
        #expect(takers.allSatisfy { $0.isCertain })
    }

    @Test func aMessageThatIsNotFoundPassesNothing() {
        let found = match(handOver(taking: 0, receive: 1..<5))
        #expect(found.anomalies.contains { $0.name == "descriptors-passed" && $0.count == 2 })
        #expect(found.channels.allSatisfy { $0.alsoA.isEmpty && $0.alsoB.isEmpty })
    }

    @Test func numbersThatNameNothingPassNothing() {
        for gets in [[-1, 99], [0, 1], [-7, .max], [2, 2], []] as [[Int32]] { _ = match(handOver(taking: 0, gets: gets)) }
        var nodes = handOver(taking: 0)
        nodes[1].passings[0].endpoints = [0, 77]
        nodes[1].passings[0].carrier = 99
        nodes[2].passings[0].carrier = -1
        #expect(match(nodes).channels.allSatisfy { $0.alsoB.isEmpty })
    }
}
