import Matching
import RunModel
import TestSupport
import Testing

/// Sockets that need no connection.
@Suite struct DatagramTests {
    let clock = Clock()
    let client: ActivityBuilder
    let server: ActivityBuilder
    let here = Address.ipv4(0x7f00_0001, port: 40000)
    let there = Address.ipv4(0x7f00_0001, port: 53)

    init() { (client, server) = (ActivityBuilder(clock), ActivityBuilder(clock)) }

    func end(_ node: Int, _ serial: Int) -> Channel.End { .endpoint(EndpointID(node: NodeID(node), serial: serial)) }

    /// Which send each receive took, as (sending node, index, receiving node, index).
    func pairs(_ found: Matches) -> [[Int32]] {
        found.deliveries.map { [$0.sent.node.index, $0.sent.index, $0.received.node.index, $0.received.index] }
    }

    @Test func whoAnswersIsWhoWasAsked() {
        let (asking, answering) = (client.datagramSocket(), server.datagramSocket())
        client.send(asking, 10)
        server.receive(answering, 10, from: here)
        server.send(answering, 30)
        client.receive(asking, 30, from: there)
        server.close(answering)
        client.close(asking)
        let found = match([client.node, server.node])
        #expect(found.channels == [Channel(kind: .udp, a: end(0, asking), b: end(1, answering), evidence: .order)])
        #expect(pairs(found) == [[0, 0, 1, 0], [1, 1, 0, 1]])
        #expect(found.deliveries.allSatisfy { $0.isCertain })
        #expect(found.placements.map(\.count) == [2, 2])
        #expect(found.totals[0].forward.delivered == 10 && found.totals[0].backward.delivered == 30)
        #expect(found.anomalies.isEmpty)
    }

    @Test func anAddressThatASocketSaysItHasIsEvidence() {
        let (asking, answering) = (client.datagramSocket(local: here), server.datagramSocket(local: .ipv4(0, port: 53)))
        client.send(asking, 10)
        server.receive(answering, 10, from: here)
        server.send(answering, 30)
        client.receive(asking, 30, from: there)
        let found = match([client.node, server.node])
        #expect(found.channels.map(\.evidence) == [.address] && found.deliveries.count == 2)
    }

    @Test func clientsAreToldApartByWhatTheySend() {
        let clients = (0..<3).map { _ in ActivityBuilder(clock) }
        let answering = server.datagramSocket(local: there)
        let asking = clients.map { $0.datagramSocket() }
        let address = { (index: Int) in Address.ipv4(0x7f00_0001, port: UInt16(40000 + index)) }
        for (index, client) in clients.enumerated() { client.send(asking[index], UInt64(10 + index)) }
        for index in [2, 0, 1] {
            server.receive(answering, UInt64(10 + index), from: address(index))
            server.send(answering, 50)
        }
        for (index, client) in clients.enumerated() { client.receive(asking[index], 50, from: there) }
        let found = match([server.node] + clients.map(\.node))
        #expect(found.channels.count == 3)
        #expect(pairs(found).filter { $0[2] == 0 }.sorted { $0[0] < $1[0] } == [[1, 0, 0, 2], [2, 0, 0, 4], [3, 0, 0, 0]])
        // The answers are alike: which went to whom, nothing tells.
        #expect(found.deliveries.filter { $0.sent.node.index == 0 }.allSatisfy { !$0.isCertain })
    }

    @Test func whatSaysWhereItGoesIsFoundThereAlsoByWhoAsksForNoSender() {
        let others = (0..<2).map { Address.ipv4(0x7f00_0001, port: UInt16(70 + $0)) }
        let giving = client.datagramSocket()
        let takers = others.map { server.datagramSocket(local: $0) }
        for place in [0, 1, 1, 0] { client.send(giving, 10, to: others[place]) }
        // Nobody recorded has this one's place.
        client.send(giving, 10, to: there)
        client.close(giving)
        for taker in [1, 0, 0, 1] { server.receive(takers[taker], 10, from: nil) }
        let found = match([client.node, server.node])
        #expect(pairs(found).sorted { $0[3] < $1[3] } == [[0, 1, 1, 0], [0, 0, 1, 1], [0, 3, 1, 2], [0, 2, 1, 3]])
        #expect(found.channels.map(\.evidence) == [.address, .address, .alone] && found.channels[2].b == .outside(there))
        #expect(found.deliveries.allSatisfy { $0.isCertain } && found.anomalies.isEmpty)
    }

    @Test func whatWasSentElsewhereIsNotReceivedHere() {
        let (giving, taking) = (client.datagramSocket(local: here), server.datagramSocket(local: .ipv4(0x7f00_0001, port: 70)))
        client.send(giving, 10, to: there)
        client.send(giving, 10, to: .ipv4(0x7f00_0001, port: 70))
        client.close(giving)
        server.receive(taking, 10, from: here)
        let found = match([client.node, server.node])
        #expect(pairs(found) == [[0, 1, 1, 0]] && found.deliveries[0].isCertain)
    }

    @Test func thoseWhoShareAnAddressShareWhatIsSentThere() {
        let takers = (0..<2).map { _ in server.datagramSocket(local: there) }
        let giving = client.datagramSocket(local: here)
        for _ in 0..<4 { client.send(giving, 10, to: there) }
        for taker in [0, 1, 1, 0] { server.receive(takers[taker], 10, from: here) }
        let found = match([client.node, server.node])
        #expect(Set(pairs(found).map { $0[1] }) == [0, 1, 2, 3] && found.deliveries.count == 4)
    }

    @Test func aPathMayHaveAnotherName() {
        let taking = server.datagramSocket(.unixDatagram, local: .unixPath("/run/log"))
        let giving = client.datagramSocket(.unixDatagram)
        client.send(giving, 10, to: .unixPath("/dev/log"))
        client.send(giving, 11, to: .unixPath("/run/other"))
        server.receive(taking, 10, from: nil)
        let found = match([client.node, server.node])
        #expect(found.deliveries.allSatisfy { $0.sent.index == 0 })
        #expect(found.totals.allSatisfy { $0.forward.isBalanced && $0.backward.isBalanced })
    }

    @Test func aDatagramThatWasLostLeavesOpenWhichOfItsLikeArrived() {
        let (asking, answering) = (client.datagramSocket(local: here), server.datagramSocket())
        client.send(asking, 10)
        client.send(asking, 10)
        client.send(asking, 11)
        client.close(asking)
        server.receive(answering, 10, from: here)
        server.receive(answering, 11, from: here)
        let found = match([client.node, server.node])
        #expect(found.deliveries.map(\.isCertain) == [false, true])
        #expect(found.anomalies == [Anomaly("datagram-ambiguous", first: Position(node: NodeID(1), moment: Moment(event: 3)))])
        #expect(found.totals.reduce(0) { $0 + $1.forward.sent } == 31)
        #expect(found.totals.allSatisfy { $0.forward.isBalanced && $0.backward.isBalanced })
    }

    @Test func contentsTellWhichArrivedAndWhichCameTwice() {
        let (asking, answering) = (client.datagramSocket(local: here, remote: there), server.datagramSocket(local: there))
        for _ in 0..<3 { client.send(asking, 10) }
        client.close(asking)
        for _ in 0..<3 { server.receive(answering, 10, from: here) }
        let letters: [[UInt8]] = [[100, 101, 102], [102, 100, 100]]
        let contents = Contents(
            isKnown: { _ in true },
            bytes: { operation, _, count in
                [UInt8](repeating: letters[Int(operation.node.index)][Int(operation.index)], count: count)
            })
        let found = match([client.node, server.node], contents: contents)
        #expect(Set(pairs(found)) == [[0, 2, 1, 0], [0, 0, 1, 1], [0, 0, 1, 2]])
        #expect(found.deliveries.allSatisfy { $0.isCertain })
        let totals = found.totals[0].forward
        #expect(totals.delivered == 20 && totals.duplicated == 10 && totals.lost == 0 && totals.receiverCut == 10 && totals.isBalanced)
    }

    @Test func whatIsSentToManyIsOneChannel() {
        let sender = client.datagramSocket(local: here)
        let others = (0..<3).map { _ in ActivityBuilder(clock) }
        let sockets = others.map { $0.datagramSocket() }
        client.send(sender, 10)
        client.close(sender)
        for (other, socket) in zip(others, sockets) { other.receive(socket, 10, from: here) }
        let found = match([client.node] + others.map(\.node))
        #expect(found.channels.count == 1 && found.channels[0].alsoB.count == 2)
        #expect(pairs(found) == [[0, 0, 1, 0], [0, 0, 2, 0], [0, 0, 3, 0]])
        #expect(found.totals[0].forward.delivered == 10 && found.totals[0].forward.duplicated == 20)
    }

    @Test func whoWasNotRecordedIsOutside() {
        let socket = server.datagramSocket()
        server.receive(socket, 10, from: here)
        server.send(socket, 10, to: here)
        server.send(socket, 7)
        let found = match([server.node])
        #expect(found.channels.map(\.a) == [.outside(here), end(0, socket)])
        #expect(found.channels.map(\.b) == [end(0, socket), .outside(nil)])
        #expect(found.totals[0].forward.fromOutside == 10 && found.totals[0].backward.toOutside == 10)
        #expect(found.totals[1].forward.toOutside == 7)
    }

    @Test func aDatagramMayBeCutShort() {
        let (asking, answering) = (client.datagramSocket(local: here), server.datagramSocket())
        client.send(asking, 100)
        server.receive(answering, 100, from: here, room: 60)
        let found = match([client.node, server.node])
        #expect(found.deliveries.map(\.bytes) == [0..<60] && found.totals[0].forward.discarded == 40)
    }

    @Test func whoReceivesWithoutAskingForAddressesHearsFromWhomHeTalksTo() {
        let (asking, answering) = (client.datagramSocket(), server.datagramSocket())
        client.send(asking, 10)
        server.receive(answering, 10, from: here)
        server.send(answering, 30)
        client.receive(asking, 30, from: nil)
        let found = match([client.node, server.node])
        #expect(found.channels.count == 1 && pairs(found) == [[0, 0, 1, 0], [1, 1, 0, 1]])
    }

    @Test func namelessUnixSocketsSendToTheOnlyOneThatHears() {
        let others = (0..<2).map { _ in ActivityBuilder(clock) }
        let hearing = server.datagramSocket(.unixDatagram, local: .unixPath("/log"))
        let sockets = others.map { $0.datagramSocket(.unixDatagram) }
        for count in [UInt64(10), 10, 12] {
            for (other, socket) in zip(others, sockets) { other.send(socket, count) }
        }
        for count in [UInt64(10), 10, 10, 10, 12, 12] { server.receive(hearing, count, from: nil) }
        let found = match([server.node] + others.map(\.node))
        #expect(found.channels.count == 2 && found.deliveries.count == 6)
        #expect(found.deliveries.map(\.sent.index).sorted() == [0, 0, 1, 1, 2, 2])
        #expect(found.totals.allSatisfy { $0.forward.delivered == 32 })
    }

    @Test func nothingIsJoinedToWhatCannotHaveSentIt() {
        let (asking, answering) = (client.datagramSocket(), server.datagramSocket())
        server.receive(answering, 10, from: here)
        client.send(asking, 10)
        let found = match([client.node, server.node])
        #expect(found.deliveries.isEmpty && found.channels.map(\.evidence) == [.alone, .alone])
    }

    @Test func whatIsLostOnTheWayToTheOnlyPartnerIsLostInTheirChannel() {
        let (asking, answering) = (client.datagramSocket(local: here), server.datagramSocket(local: there))
        for count in [UInt64(10), 20, 30] { client.send(asking, count) }
        client.close(asking)
        for count in [UInt64(10), 30] { server.receive(answering, count, from: here) }
        server.close(answering)
        let found = match([client.node, server.node])
        #expect(found.channels.count == 1 && found.deliveries.allSatisfy { $0.isCertain })
        #expect(found.totals[0].forward.lost == 20 && found.totals[0].forward.delivered == 40)
    }

    @Test func whatWasSentAfterTheEndOfATraceIsNotTakenForWhatWasSentBefore() {
        for kind in [Endpoint.Kind.udp, .unixDatagram] {
            let (client, server) = (ActivityBuilder(clock), ActivityBuilder(clock))
            let (from, to): (Address, Address) = kind == .udp ? (here, there) : (.unixPath("/from"), .unixPath("/to"))
            let (asking, answering) = (client.datagramSocket(kind, local: from), server.datagramSocket(kind, local: to))
            client.send(asking, 10)
            for _ in 0..<2 { server.receive(answering, 10, from: from) }
            let found = match([client.node, server.node])
            #expect(pairs(found) == [[0, 0, 1, 0]] && found.deliveries.map(\.certainty) == [.uncertain(after: nil)])
            #expect(found.totals[0].forward.senderCut == 10)
        }
    }

    @Test func whereNothingIsLostTheFirstReceivedIsTheFirstSent() {
        let (from, to) = (Address.unixPath("/from"), Address.unixPath("/to"))
        let hearing = server.datagramSocket(.unixDatagram, local: to)
        let sending = client.datagramSocket(.unixDatagram, local: from, remote: to)
        for _ in 0..<3 { client.send(sending, 10) }
        for _ in 0..<2 { server.receive(hearing, 10, from: from) }
        let found = match([client.node, server.node])
        #expect(pairs(found) == [[0, 0, 1, 0], [0, 1, 1, 1]] && found.deliveries.allSatisfy { $0.isCertain })
    }

    @Test func onlyWhatFillsTheRoomMayHaveBeenLonger() {
        for (room, isCertain) in [(UInt64(100), [true, true]), (60, [false, true])] {
            let (client, server) = (ActivityBuilder(clock), ActivityBuilder(clock))
            let (asking, answering) = (client.datagramSocket(local: here), server.datagramSocket(local: there))
            for count in [UInt64(60), 70, 20] { client.send(asking, count) }
            client.close(asking)
            for count in [UInt64(60), 20] { server.receive(answering, count, from: here, room: room) }
            #expect(match([client.node, server.node]).deliveries.map(\.isCertain) == isCertain)
        }
    }

    @Test func aSocketHasNoAddressButTheOneItSays() {
        let (from, other) = (Address.unixPath("/from"), Address.unixPath("/other"))
        let sending = client.datagramSocket(.unixDatagram, local: other)
        let hearing = server.datagramSocket(.unixDatagram)
        client.send(sending, 10)
        server.receive(hearing, 10, from: from)
        #expect(match([client.node, server.node]).deliveries.isEmpty)
    }

    @Test func betweenHostsADatagramMayBeACopyOfAnyOfItsLike() {
        let (from, to) = (Address.ipv4(0x0a00_0001, port: 40000), Address.ipv4(0x0a00_0002, port: 53))
        let server = ActivityBuilder(clock, host: 1)
        let (asking, answering) = (client.datagramSocket(local: from), server.datagramSocket(local: to))
        for count in [UInt64(10), 10, 11] { client.send(asking, count) }
        client.close(asking)
        for count in [UInt64(10), 10, 11] { server.receive(answering, count, from: from) }
        #expect(match([client.node, server.node]).deliveries.map(\.isCertain) == [false, false, true])
    }

    @Test func anAddressThatAnotherHostHasIsNobodysHere() {
        let (away, own) = (Address.ipv4(0x0a00_0002, port: 40000), Address.ipv4(0x0a00_0001, port: 53))
        let other = ActivityBuilder(clock, host: 1)
        _ = other.datagramSocket(local: .ipv4(0x0a00_0002, port: 9))
        let (asking, answering) = (client.datagramSocket(), server.datagramSocket(local: own))
        client.send(asking, 10)
        server.receive(answering, 10, from: away)
        #expect(match([client.node, server.node, other.node]).deliveries.isEmpty)
        #expect(match([client.node, server.node]).deliveries.count == 1)
    }
}
