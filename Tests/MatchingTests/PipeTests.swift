import Matching
import RunModel
import TestSupport
import Testing

@Suite struct PipeTests {
    let clock = Clock()
    let (a, b, c): (ActivityBuilder, ActivityBuilder, ActivityBuilder)

    init() { (a, b, c) = (ActivityBuilder(clock), ActivityBuilder(clock), ActivityBuilder(clock)) }

    func id(_ node: Int, _ serial: Int) -> EndpointID { EndpointID(node: NodeID(node), serial: serial) }

    @Test func aPipeGoesFromItsWritingToItsReadingEnd() {
        let (reader, writer) = a.pipe()
        a.send(writer, 10)
        a.receive(reader, 4)
        a.receive(reader, 6)
        a.close(writer)
        a.receiveEnd(reader)
        a.close(reader)
        let found = match([a.node])
        #expect(found.channels == [Channel(kind: .pipe, a: .endpoint(id(0, writer)), b: .endpoint(id(0, reader)), evidence: .creation)])
        #expect(found.deliveries.map(\.bytes) == [0..<4, 4..<10])
        #expect(found.totals[0].forward.delivered == 10 && found.totals[0].backward == StreamTotals())
        #expect(found.anomalies.isEmpty)
    }

    @Test func theSamePipeInTwoNodesIsKnownByItsInode() {
        let writer = a.hold(.write, inode: 4711)
        _ = a.hold(.write, inode: 4712)
        let reader = b.hold(.read, inode: 4711, device: 12)
        a.send(writer, 10)
        b.receive(reader, 10)
        a.close(writer)
        b.receiveEnd(reader)
        b.close(reader)
        let found = match([a.node, b.node])
        #expect(found.channels.map(\.a) == [.endpoint(id(0, writer))])
        #expect(found.channels.map(\.b) == [.endpoint(id(1, reader))])
        #expect(found.channels.map(\.evidence) == [.creation])
        #expect(found.deliveries.map(\.bytes) == [0..<10])
        #expect(found.anomalies.isEmpty)
    }

    @Test func inodesMeanNothingOnAnotherHost() {
        let stranger = ActivityBuilder(clock, host: 7)
        let writer = a.hold(.write, inode: 4711)
        let reader = stranger.hold(.read, inode: 4711)
        a.send(writer, 10)
        stranger.receive(reader, 10)
        let found = match([a.node, stranger.node])
        #expect(found.channels.map(\.evidence) == [.alone, .alone])
        #expect(found.totals[0].forward.toOutside == 10 && found.totals[1].forward.fromOutside == 10)
        #expect(found.channels[1].b == .endpoint(id(1, reader)))
    }

    @Test func bytesOfSeveralWritersFollowTheOrderOfTheirTimes() {
        let (one, two) = (a.hold(.write, inode: 1), b.hold(.write, inode: 1))
        let reader = c.hold(.read, inode: 1)
        a.send(one, 10)
        b.send(two, 5)
        a.send(one, 3)
        c.receive(reader, 12)
        c.receive(reader, 6)
        for (node, end) in [(a, one), (b, two), (c, reader)] { node.close(end) }
        let found = match([a.node, b.node, c.node])
        #expect(found.channels.count == 1 && found.channels[0].alsoA == [id(1, two)])
        #expect(found.channelOf == [[0], [0], [0]])
        #expect(found.deliveries.map(\.bytes) == [0..<10, 10..<12, 12..<15, 15..<18])
        #expect(found.deliveries.map(\.sent.node.index) == [0, 1, 1, 0])
        #expect(found.deliveries.allSatisfy { $0.isCertain })
        #expect(
            found.placements == [[Placement(operation: 1, channel: 0, start: 15)], [Placement(operation: 0, channel: 0, start: 10)], []])
        #expect(found.totals[0].forward.delivered == 18 && found.anomalies.isEmpty)
    }

    @Test func writersAtTheSameTimeLeaveOpenWhoseBytesCameFirst() {
        let (one, two) = (a.hold(.write, inode: 1), b.hold(.write, inode: 1))
        let reader = c.hold(.read, inode: 1)
        let start = clock.now
        a.send(one, 10)
        b.send(two, 5)
        b.changeLast(startingAt: start)
        a.changeLast(startingAt: start)
        c.receive(reader, 15)
        a.send(one, 1)
        c.receive(reader, 1)
        for (node, end) in [(a, one), (b, two), (c, reader)] { node.close(end) }
        let found = match([a.node, b.node, c.node])
        #expect(found.deliveries.map(\.certainty) == [.uncertain(after: nil), .uncertain(after: nil), .certain])
        #expect(found.anomalies.map(\.name) == ["order-ambiguous", "order-ambiguous"])
        #expect(found.totals[0].forward.delivered == 16)
    }

    @Test func aPipeThatSomebodyElseWritesToCarriesNothingCertain() {
        let (writer, reader) = (a.hold(.write, inode: 1), b.hold(.read, inode: 1))
        a.send(writer, 10)
        b.receive(reader, 14)
        a.close(writer)
        b.close(reader)
        let found = match([a.node, b.node])
        #expect(found.deliveries.isEmpty && found.anomalies.map(\.name) == ["pipe-shared"])
        #expect(found.totals[0].forward.toOutside == 10 && found.totals[0].forward.fromOutside == 14)
        #expect(found.totals[0].forward.isBalanced)
    }

    @Test func aPipeThatSomebodyElseReadsFromCarriesNothingCertain() {
        let (writer, reader) = (a.hold(.write, inode: 1), b.hold(.read, inode: 1))
        a.send(writer, 10)
        b.receive(reader, 4)
        a.close(writer)
        b.receiveEnd(reader)
        b.close(reader)
        #expect(match([a.node, b.node]).anomalies.map(\.name) == ["pipe-shared"])
    }

    @Test func whatIsReadBeforeItWasWrittenWasWrittenBySomebodyElse() {
        let (writer, reader) = (a.hold(.write, inode: 1), b.hold(.read, inode: 1))
        b.receive(reader, 4)
        a.send(writer, 4)
        a.close(writer)
        b.close(reader)
        #expect(match([a.node, b.node]).anomalies.map(\.name) == ["pipe-shared"])
    }

    @Test func aFIFOOpenedAgainIsAnotherChannel() {
        for count in [UInt64(10), 7] {
            let reader = a.hold(.read, inode: 9, device: 3, birth: .open)
            let writer = a.hold(.write, inode: 9, device: 3, birth: .open)
            a.send(writer, count)
            a.receive(reader, 3)
            a.close(writer)
            a.close(reader)
        }
        let found = match([a.node])
        #expect(found.channels.count == 2)
        #expect(found.totals.map(\.forward.unread) == [7, 4])
        #expect(found.anomalies.isEmpty)
    }

    @Test func aNodeThatBeganLaterOpensAnotherFIFO() {
        let (writer, reader) = (a.hold(.write, inode: 9, device: 3, birth: .open), b.hold(.read, inode: 9, device: 3, birth: .open))
        a.send(writer, 10)
        b.receive(reader, 10)
        a.close(writer)
        b.close(reader)
        c.begin()
        let (first, last) = (c.hold(.read, inode: 9, device: 3, birth: .open), c.hold(.write, inode: 9, device: 3, birth: .open))
        c.send(last, 5)
        c.receive(first, 5)
        for end in [first, last] { c.close(end) }
        let found = match([a.node, b.node, c.node])
        #expect(found.channels.map(\.a) == [.endpoint(id(0, writer)), .endpoint(id(2, last))])
        #expect(found.totals.map(\.forward.delivered) == [10, 5] && found.anomalies.isEmpty)
    }

    @Test func aFIFOOpenedTwiceForWritingHasOneStream() {
        let reader = a.hold(.read, inode: 9, device: 3, birth: .open)
        let (one, two) = (a.hold(.write, inode: 9, device: 3, birth: .open), a.hold(.write, inode: 9, device: 3, birth: .open))
        a.send(two, 5)
        a.send(one, 7)
        a.receive(reader, 12)
        for end in [one, two] { a.close(end) }
        a.receiveEnd(reader)
        a.close(reader)
        let found = match([a.node])
        #expect(found.channels.count == 1 && found.channels[0].alsoA == [id(0, two)])
        #expect(found.deliveries.map(\.sent.index) == [0, 1] && found.deliveries.map(\.bytes) == [0..<5, 5..<12])
        #expect(found.anomalies.isEmpty)
    }

    @Test func aFIFOOpenedForBothIsBothEnds() {
        let both = a.hold(.both, inode: 9, device: 3, birth: .open)
        a.send(both, 5)
        a.receive(both, 5)
        a.close(both)
        let found = match([a.node])
        #expect(found.channels.map(\.a) == found.channels.map(\.b))
        #expect(found.totals[0].forward.delivered == 5 && found.anomalies.isEmpty)
    }
}
