import Matching
import RunModel
import TestSupport
import Testing

@Suite struct UnixTests {
    let clock = Clock()
    let server: ActivityBuilder

    init() {
        server = ActivityBuilder(clock)
        _ = server.listen(.unixStream)
    }

    /// For each client node the serial of the server's endpoint that it was joined to; -1 for none.
    func joined(_ found: Matches, clients: Int) -> [Int32] {
        (1...clients).map { client in
            let index = found.channelOf[client][0]
            guard index >= 0, case .endpoint(let b) = found.channels[Int(index)].b else { return -1 }
            return b.serial
        }
    }

    func nodes(_ clients: [ActivityBuilder]) -> [NodeActivity] { [server.node] + clients.map(\.node) }

    @Test func aSocketpairIsAChannel() {
        let (one, other) = server.pair()
        server.send(one, 10)
        server.receive(other, 4)
        server.close(other)
        let found = match([server.node])
        #expect(found.channels.map(\.evidence) == [.creation])
        #expect(found.channelOf == [[-1, 0, 0]])
        #expect(found.totals[0].forward.delivered == 4 && found.totals[0].forward.unread == 6)
    }

    @Test func nineClientsAtOnceAreToldApartByWhatTheySay() {
        let clients = (0..<9).map { _ in ActivityBuilder(clock) }
        // All connects are under way at once, so that their order says nothing; accepted in another order.
        let start = clock.now
        for client in clients { _ = client.connect(.unixStream) }
        for client in clients { client.changeLast { ($0.earliest, $0.latest) = (start, clock.now) } }
        let order = [3, 1, 4, 0, 5, 8, 2, 6, 7]
        let accepted = order.map { _ in server.accept(.unixStream) }
        for (number, client) in clients.enumerated() { client.send(0, UInt64(100 + number)) }
        for (serial, client) in zip(accepted, order) {
            server.receive(serial, UInt64(100 + client))
            server.send(serial, 8)
        }
        for client in clients {
            client.receive(0, 8)
            client.close(0)
        }
        for serial in accepted {
            server.receiveEnd(serial)
            server.close(serial)
        }
        let found = match(nodes(clients))
        #expect(joined(found, clients: 9) == (0..<9).map { client in Int32(accepted[order.firstIndex(of: client)!]) })
        #expect(found.channels.allSatisfy { $0.evidence == .order })
        #expect(found.totals.allSatisfy { $0.forward.delivered > 0 && $0.backward.delivered == 8 })
        #expect(found.anomalies.isEmpty)
    }

    @Test func connectionsToTwoNamesAreToldApartByTheNames() {
        let names = ["/one", "/other"].map { Address.unixPath($0) }
        for name in names { _ = server.listen(.unixStream, local: name) }
        let clients = (0..<2).map { _ in ActivityBuilder(clock) }
        let start = clock.now
        for (client, name) in zip(clients, names) { _ = client.connect(.unixStream, remote: name) }
        for client in clients { client.changeLast { ($0.earliest, $0.latest) = (start, clock.now) } }
        let accepted = names.reversed().map { server.accept(.unixStream, local: $0) }
        #expect(joined(match(nodes(clients)), clients: 2) == [Int32(accepted[1]), Int32(accepted[0])])
        // A path that nobody is known to have may be another name of one.
        let linked = ActivityBuilder(clock)
        _ = linked.connect(.unixStream, remote: .unixPath("/link"))
        let third = server.accept(.unixStream, local: names[0])
        #expect(joined(match(nodes(clients + [linked])), clients: 3)[2] == Int32(third))
        let abstract = ActivityBuilder(clock)
        _ = abstract.connect(.unixStream, remote: .unixAbstract([1]))
        _ = server.accept(.unixStream, local: names[0])
        #expect(joined(match(nodes(clients + [linked, abstract])), clients: 4)[3] == -1)
    }

    @Test func connectsThatDoNotOverlapAreAcceptedInTheirOrder() {
        let clients = (0..<9).map { _ in ActivityBuilder(clock) }
        for client in clients { _ = client.connect(.unixStream) }
        let accepted = clients.map { _ in Int32(server.accept(.unixStream)) }
        #expect(joined(match(nodes(clients)), clients: 9) == accepted)
    }

    @Test func connectsThatOverlapAndSayTheSameStayOpen() {
        let clients = [ActivityBuilder(clock), ActivityBuilder(clock)]
        let start = clock.now
        for client in clients { _ = client.connect(.unixStream) }
        for client in clients { client.changeLast { ($0.earliest, $0.latest) = (start, clock.now) } }
        for _ in clients { _ = server.accept(.unixStream) }
        let found = match(nodes(clients))
        #expect(joined(found, clients: 2) == [-1, -1])
        #expect(found.anomalies.reduce(0) { $0 + $1.count } == 4)
        #expect(found.anomalies.allSatisfy { $0.name == "unix-ambiguous" })
        #expect(found.channels.count == 4 && found.channels.allSatisfy { $0.evidence == .alone })
    }

    @Test func twoListenersOfOneNodeHaveNoCommonOrder() {
        _ = server.listen(.unixStream)
        let clients = [ActivityBuilder(clock), ActivityBuilder(clock)]
        for client in clients { _ = client.connect(.unixStream) }
        for _ in clients { _ = server.accept(.unixStream) }
        #expect(joined(match(nodes(clients)), clients: 2) == [-1, -1])
    }

    @Test func aClientThatNobodyRecordedLeavesTheOthersOpenOrRight() {
        // Three connects, in order, but the first one's node was not recorded.
        let clients = [ActivityBuilder(clock), ActivityBuilder(clock)]
        for client in clients { _ = client.connect(.unixStream) }
        let accepted = (0..<3).map { _ in server.accept(.unixStream) }
        for (number, client) in clients.enumerated() { client.send(0, UInt64(10 + number)) }
        server.receive(accepted[0], 5000)
        for (number, serial) in accepted.dropFirst().enumerated() { server.receive(serial, UInt64(10 + number)) }
        for client in clients { client.close(0) }
        for serial in accepted.dropFirst() { server.receiveEnd(serial) }
        #expect(joined(match(nodes(clients)), clients: 2) == accepted.dropFirst().map(Int32.init))
    }

    @Test func aReplyBeforeTheAcceptIsNobodys() {
        let client = ActivityBuilder(clock)
        _ = client.connect(.unixStream)
        client.receive(0, 5)
        let accepted = server.accept(.unixStream)
        server.send(accepted, 5)
        #expect(joined(match(nodes([client])), clients: 1) == [-1])
    }

    @Test func theEndOfTheStreamIsTheEndOfWhatWasSent() {
        let client = ActivityBuilder(clock)
        _ = client.connect(.unixStream)
        client.send(0, 5)
        client.close(0)
        let accepted = server.accept(.unixStream)
        server.receive(accepted, 3)
        server.receiveEnd(accepted)
        #expect(joined(match(nodes([client])), clients: 1) == [-1])
    }

    @Test func anotherHostsSocketsAreOutOfReach() {
        let client = ActivityBuilder(clock, host: 7)
        _ = client.connect(.unixStream)
        _ = server.accept(.unixStream)
        #expect(joined(match(nodes([client])), clients: 1) == [-1])
    }

    @Test func clocksAreComparedAfterAlignment() {
        let client = ActivityBuilder(clock)
        _ = client.connect(.unixStream)
        let accepted = server.accept(.unixStream)
        client.send(0, 5)
        server.receive(accepted, 5)
        var shifted = nodes([client])
        shifted[1].clockOffset = -1_000_000_000
        for index in shifted[1].operations.indices {
            shifted[1].operations[index].earliest += 1_000_000_000
            shifted[1].operations[index].latest += 1_000_000_000
        }
        #expect(joined(match(shifted), clients: 1) == [Int32(accepted)])
        shifted[1].clockOffset = 0
        #expect(joined(match(shifted), clients: 1) == [-1])
    }

    @Test func anEndWhoseTraceIsCutOffIsNotJoinedForThatAlone() {
        // The client's trace ends after its connect: it might have sent anything.
        let client = ActivityBuilder(clock)
        _ = client.connect(.unixStream)
        let accepted = server.accept(.unixStream)
        server.receive(accepted, 5)
        #expect(joined(match(nodes([client])), clients: 1) == [-1])
    }
}
