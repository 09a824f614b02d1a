import Endpoints
import RunModel
import TestSupport
import Testing

/// Sockets that need no connection.
@Suite struct DatagramTests {
    /// 127.0.0.1 and a port, as the kernel writes it.
    private func address(_ port: UInt8) -> [UInt8] { [2, 0, 0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0] }

    private func write(_ address: UInt64, _ bytes: [UInt8]) -> FrameSpec.Write {
        FrameSpec.Write(task: History.first, address: address, bytes: bytes)
    }

    @Test func aDatagramSocketIsAnEndpointFromItsMakingOn() throws {
        var history = History()
        history.call(.socket, [2, 2, 0], result: 3)
        history.call(.sendto, [3, History.buffer, 9, 0, 0x6000, 16], result: 9)
        history.call(
            .recvfrom, [3, 0x5000, 100, 0, 0x6000, 0x7000], result: 4,
            writes: [write(0x5000, [1, 2, 3, 4]), write(0x7000, [16, 0, 0, 0]), write(0x6000, address(53))])
        history.call(.close, [3], result: 0)
        let reading = try history.read()
        #expect(reading.story == ["0 send 0..<9", "0 receive 0..<4", "0 close"])
        #expect(reading.activity.endpoints.map(\.kind) == [.udp] && reading.activity.endpoints.map(\.birth) == [.made])
        #expect(reading.activity.addresses == [.ipv4(0x7f00_0001, port: 53)])
        #expect(reading.activity.operations.map(\.peer) == [-1, 0, -1])
        #expect(reading.troubles == [])
    }

    @Test func emptyDatagramsAreMessagesToo() throws {
        var history = History()
        history.call(.socket, [1, 2, 0], result: 3)
        history.call(.sendto, [3, History.buffer, 0, 0, 0, 0], result: 0)
        history.call(.write, [3, History.buffer, 0], result: 0)
        history.call(.recvfrom, [3, History.buffer, 100, 0, 0, 0], result: 0)
        history.call(.recvfrom, [3, History.buffer, 0, 0, 0, 0], result: 0)
        history.call(.read, [3, History.buffer, 0], result: 0)
        let reading = try history.read()
        #expect(reading.activity.operations.map(\.kind) == [.send, .send, .receive, .receive])
        #expect(reading.activity.operations.allSatisfy { $0.bytes == 0..<0 && $0.result == 0 })
        #expect(reading.activity.endpoints[0].kind == .unixDatagram)
    }

    @Test func connectingADatagramSocketSendsNothing() throws {
        var history = History()
        history.call(.socket, [2, 2, 0], result: 3)
        history.call(.connect, [3], result: 0)
        history.call(.getpeername, [3, 0x5000, 0x6000], result: 0, writes: [write(0x6000, [16, 0, 0, 0]), write(0x5000, address(53))])
        history.call(.getsockname, [3, 0x5000, 0x6000], result: 0, writes: [write(0x6000, [16, 0, 0, 0]), write(0x5000, address(99))])
        history.send(3, 4)
        let reading = try history.read()
        #expect(reading.story == ["0 send 0..<4"])
        #expect(reading.activity.endpoints[0].local == .ipv4(0x7f00_0001, port: 99))
        #expect(reading.activity.endpoints[0].remote == .ipv4(0x7f00_0001, port: 53))
        #expect(reading.troubles == [])
    }

    @Test func whoIsTalkedToIsForgottenWhenItChanges() throws {
        var history = History()
        history.call(.socket, [2, 2, 0], result: 3)
        history.call(.connect, [3], result: 0)
        history.call(.getpeername, [3, 0x5000, 0x6000], result: 0, writes: [write(0x6000, [16, 0, 0, 0]), write(0x5000, address(53))])
        history.call(.connect, [3], result: 0)
        history.send(3, 4)
        #expect(try history.read().activity.endpoints[0].remote == nil)
    }

    @Test func aMessageTellsItsSenderInItsHeader() throws {
        var history = History()
        history.call(.socket, [1, 2, 0], result: 3)
        let header = ([0x6000, 5, 0x5000, 1, 0, 0, 0] as [UInt64]).flatMap(History.bytes)
        history.call(
            .recvmsg, [3, 0x4000, 0], result: 2,
            writes: [write(0x4000, header), write(0x6000, [1, 0] + Array("/s".utf8) + [0]), write(0x5000, [7, 8])])
        let reading = try history.read()
        #expect(reading.story == ["0 receive 0..<2"])
        #expect(reading.activity.addresses == [.unixPath("/s")])
        #expect(reading.activity.operations[0].peer == 0)
        #expect(reading.activity.operations[0].payload == .trace(offset: 61, count: 2))
    }

    @Test func eachMessageOfACallTellsItsOwnSender() throws {
        var history = History()
        history.call(.socket, [2, 2, 0], result: 3)
        let headers = [(0x6000 as UInt64, 2), (0x6100, 0), (0x6200, 3)].flatMap { name, length in
            ([name, 16, 0x5000, 1, 0, 0, 0] as [UInt64]).flatMap(History.bytes) + [UInt8(length), 0, 0, 0, 0, 0, 0, 0]
        }
        history.call(
            .recvmmsg, [3, 0x4000, 3, 0], result: 3,
            writes: [
                write(0x4000, headers), write(0x6000, address(1)), write(0x5000, [1, 2]), write(0x6100, address(2)), write(0x5100, []),
                write(0x6200, address(1)), write(0x5200, [3, 4, 5]),
            ])
        let reading = try history.read()
        #expect(reading.story == ["0 receive 0..<2", "0 end 2..<2", "0 receive 2..<5"])
        #expect(reading.activity.operations.map(\.peer) == [0, 1, 0])
        #expect(reading.activity.operations[2].payload == .trace(offset: 242, count: 3))
    }

    @Test func aDatagramThatIsCutShortCountsAsFarAsItWasTaken() throws {
        var history = History()
        history.call(.socket, [2, 2, 0], result: 3)
        history.call(.recvfrom, [3, History.buffer, 4, 0x20, 0, 0], result: 1000, wrote: [[1, 2, 3, 4]])
        history.call(.recvfrom, [3, History.buffer, 4, 0, 0, 0], result: 4, wrote: [[1, 2, 3, 4]])
        #expect(try history.read().story == ["0 receive 0..<4", "0 receive 4..<8"])
    }

    @Test func aSocketThatIsReadyBeforeItsFirstDatagramIsSeenToBe() throws {
        var history = History()
        history.call(.socket, [2, 2, 0], result: 3)
        history.call(.poll, [History.buffer, 1, 100], result: 1, wrote: [[3, 0, 0, 0, 1, 0, 1, 0]])
        #expect(try history.read().story == ["0 ready 0..<0"])
    }
}
