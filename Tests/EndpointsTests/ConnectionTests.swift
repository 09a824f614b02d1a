import Endpoints
import RunModel
import Testing

/// How connections begin, move bytes and end.
@Suite struct ConnectionTests {
    @Test func aClientConnectsSendsReceivesAndCloses() throws {
        var history = History()
        history.connected(3)
        let sent = history.send(3, 10)
        let received = history.receive(3, "hello")
        history.call(.close, [3], result: 0)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 send 0..<10", "0 receive 0..<5", "0 close"])
        #expect(reading.troubles == [])
        let endpoint = try #require(reading.activity.endpoints.first)
        #expect(endpoint.kind == .tcp && endpoint.birth == .connect)
        #expect(endpoint.local == .ipv4(0x7f00_0001, port: 5000) && endpoint.remote == .ipv4(0x7f00_0001, port: 80))
        // A send happens where it was entered, a receive where it returned.
        #expect(reading.activity.operations[1].at.event == sent - 1 && reading.activity.operations[1].entered.event == sent - 1)
        #expect(reading.activity.operations[2].at.event == received && reading.activity.operations[2].entered.event == received - 1)
        #expect(reading.activity.operations[2].payload == .trace(offset: 0, count: 5))
        #expect(endpoint.closed == reading.activity.operations[3].at && endpoint.processes == [History.first])
    }

    @Test func aServerListensAcceptsAndSeesTheEnd() throws {
        var history = History()
        history.call(.socket, [2, 1, 0], result: 3)
        history.call(.listen, [3, 16], result: 0)
        history.connection(.accept4, [3, 0, 0, 0], result: 4, local: (1, 80), remote: (1, 5000))
        history.receive(4, "hello")
        history.call(.read, [4, History.buffer, 100], result: 0)
        let reading = try history.read()
        #expect(reading.story == ["0 listen", "1 accept", "1 receive 0..<5", "1 end 5..<5"])
        #expect(reading.activity.endpoints.map(\.birth) == [.listen, .accept])
        #expect(reading.activity.endpoints[0].local == .ipv4(0x7f00_0001, port: 80), "the listener's address shows at its first accept")
    }

    @Test func aConnectInTheBackgroundBelongsToItsFirstCall() throws {
        var history = History()
        history.call(.socket, [2, 1, 0], result: 3)
        let first = history.enter(.connect, [3])
        history.leave(.connect, [3], result: -115)
        history.connection(.connect, [3], result: 0, local: (1, 5000), remote: (1, 80))
        let reading = try history.read()
        #expect(reading.story == ["0 connect"])
        #expect(reading.activity.endpoints[0].opened.event == first)
        #expect(reading.activity.endpoints[0].established?.event == first + 3)
        #expect(reading.activity.endpoints[0].remote == .ipv4(0x7f00_0001, port: 80))
    }

    @Test func anInterruptedConnectThatIsRestartedIsOneConnection() throws {
        var history = History()
        history.call(.socket, [2, 1, 0], result: 3)
        let first = history.enter(.connect, [3])
        history.leave(.connect, [3], result: -512)
        history.connection(.connect, [3], result: 0, local: (1, 5000), remote: (1, 80))
        #expect(try history.read().activity.endpoints.map(\.opened.event) == [first])
    }

    @Test func aRefusedConnectMakesNoEndpointAndIsCounted() throws {
        var history = History()
        history.call(.socket, [2, 1, 0], result: 3)
        history.call(.connect, [3], result: -111)
        history.connection(.connect, [3], result: 0, local: (1, 5000), remote: (1, 80))
        let reading = try history.read()
        #expect(reading.activity.endpoints.count == 1)
        #expect(reading.troubles == ["connect-failed (errno 111) 1"])
    }

    @Test func aBackgroundConnectFailsBySocketOption() throws {
        var history = History()
        history.call(.socket, [2, 1, 0], result: 3)
        history.call(.connect, [3], result: -115)
        history.call(.getsockopt, [3, 1, 4, History.buffer, 0], result: 0, wrote: [[111, 0, 0, 0]])
        let reading = try history.read()
        #expect(reading.troubles == ["connect-failed (errno 111) 1"])
        #expect(reading.activity.endpoints[0].established == nil && reading.activity.endpoints[0].closed != nil)
    }

    @Test func addressesAreAlsoLearnedFromWhatTheProgramAsks() throws {
        var history = History()
        history.call(.socket, [10, 1, 0], result: 3)
        history.call(.connect, [3], result: -115)
        let address: [UInt8] = [10, 0, 0, 80, 0, 0, 0, 0] + Array(repeating: 0, count: 15) + [1, 0, 0, 0, 0]
        history.call(
            .getpeername, [3, History.buffer, History.buffer + 28], result: 0, wrote: [address, [28, 0, 0, 0]])
        #expect(try history.read().activity.endpoints[0].remote == .ipv6(high: 0, low: 1, port: 80))
    }

    @Test(arguments: [-512, -513, -514, -516, -11, -4] as [Int64])
    func aReceiveThatTookNothingLeavesNothing(result: Int64) throws {
        var history = History()
        history.connected(3)
        history.call(.recvfrom, [3, History.buffer, 100, 0], result: result)
        history.receive(3, "later")
        #expect(try history.read().story == ["0 connect", "0 receive 0..<5"])
    }

    @Test func aRestartedReceiveIsTakenWhereItFinishes() throws {
        var history = History()
        history.connected(3)
        history.call(.recvfrom, [3, History.buffer, 100, 0], result: -512)
        history.enter(.restart, [3, History.buffer, 100, 0], original: .recvfrom)
        let done = history.leave(.restart, [3, History.buffer, 100, 0], result: 3, wrote: [[1, 2, 3]], original: .recvfrom)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 receive 0..<3"])
        #expect(reading.activity.operations[1].at.event == done)
    }

    @Test func peekingTakesNothing() throws {
        var history = History()
        history.connected(3)
        history.call(.recvfrom, [3, History.buffer, 100, 2], result: 3, wrote: [[1, 2, 3]])
        history.call(.recvfrom, [3, History.buffer, 100, 0], result: 3, wrote: [[1, 2, 3]])
        #expect(try history.read().story == ["0 connect", "0 ready 0..<0", "0 receive 0..<3"])
    }

    @Test func payloadsAreSlicedByTheResultWhereverTheWriteBegins() throws {
        var history = History()
        history.connected(3)
        history.call(.read, [3, History.buffer + 8, 100], result: 4, wrote: [Array(0..<32)])
        #expect(try history.read().activity.operations[1].payload == .trace(offset: 8, count: 4))
    }

    @Test func scatteredBuffersAreOnePayload() throws {
        var history = History()
        history.connected(3)
        history.call(.readv, [3, 0x1000, 2], result: 6, wrote: [[1, 2, 3], [4, 5, 6]])
        #expect(try history.read().activity.operations[1].payload == .trace(offset: 0, count: 6))
    }

    @Test func aMessagesPayloadComesAfterItsHeader() throws {
        var history = History()
        history.connected(3)
        history.call(.recvmsg, [3, History.buffer, 0], result: 3, wrote: [Array(repeating: 0, count: 56), [7, 8, 9]])
        #expect(try history.read().activity.operations[1].payload == .trace(offset: 56, count: 3))
    }

    @Test func shuttingDownIsAnOperationThatSaysWhichHalvesItEnds() throws {
        var history = History()
        history.connected(3)
        history.call(.shutdown, [3, 0], result: 0)
        history.call(.shutdown, [3, 1], result: 0)
        history.call(.shutdown, [3, 2], result: 0)
        history.call(.shutdown, [3, 2], result: -107)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 shutdown", "0 shutdown", "0 shutdown"])
        #expect(reading.activity.operations.dropFirst().map(\.halves) == [.read, .write, .both])
    }

    @Test func socketPairsKnowEachOther() throws {
        var history = History()
        history.call(.socketpair, [1, 1, 0, History.buffer], result: 0, wrote: [[3, 0, 0, 0, 4, 0, 0, 0]])
        history.send(3, 5)
        history.receive(4, "hello")
        let reading = try history.read()
        #expect(reading.activity.endpoints.map(\.birth) == [.pair(twin: 1), .pair(twin: 0)])
        #expect(reading.story == ["0 send 0..<5", "1 receive 0..<5"])
    }

    @Test func whatIsNotUnderstoodIsCountedByName() throws {
        var history = History()
        history.call(.socket, [2, 3, 0], result: 3)
        history.call(.sendto, [3, History.buffer, 9], result: 9)
        history.call(.socket, [40, 1, 0], result: 4)
        history.call(.splice, [4, 0, 3, 0, 10, 0], result: 9)
        let reading = try history.read()
        #expect(
            reading.troubles == [
                "not-understood (sendto on raw socket) 1", "not-understood (splice on raw socket) 1",
                "not-understood (splice on socket of family 40) 1",
            ])
        #expect(reading.story == [])
    }

    @Test func aSendThatNeverReturnsMakesTheRestUnknown() throws {
        var history = History()
        history.connected(3)
        history.send(3, 4)
        let cut = history.enter(.write, [3, History.buffer, 1_000_000])
        let reading = try history.read()
        #expect(reading.activity.endpoints[0].opaqueFrom?.event == cut)
        #expect(reading.troubles == ["unfinished-send (write) 1"])
    }
}
