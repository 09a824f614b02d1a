import Endpoints
import RunModel
import TestSupport
import Testing

/// Addresses that calls hand over, of which a trace holds nothing and a replay captures all.
@Suite struct CapturedInputTests {
    /// 127.0.0.1 (or another host's address) and a port, as a program writes it.
    private func address(_ port: UInt8, _ host: [UInt8] = [127, 0, 0, 1]) -> [UInt8] {
        [2, 0, 0, port] + host + [0, 0, 0, 0, 0, 0, 0, 0]
    }

    private func here(_ port: UInt16) -> Address { .ipv4(0x7f00_0001, port: port) }

    /// A history with one flush of calls that were all captured, with the bytes of the addresses that they give.
    private func read(_ kind: (domain: UInt64, type: UInt64), _ calls: [(call: History.Call, result: Int64, address: [UInt8]?)]) throws
        -> NodeReading
    {
        var history = History()
        history.call(.socket, [kind.domain, kind.type, 0], result: 3)
        history.flush(calls.map { ($0.call, $0.result, []) })
        var capture = CaptureBytes()
        capture.capture(calls.map { Int($0.call.rawValue) })
        for (index, call) in calls.enumerated() {
            let sections: [(kind: UInt16, message: UInt16, offered: UInt64, bytes: [UInt8])] = call.address.map { [(2, 0, 16, $0)] } ?? []
            capture.add(
                number: UInt16(call.call.rawValue), place: UInt32(16 * index), result: call.result, arguments: [3], sections: sections)
        }
        return try history.read(capture: capture)
    }

    private func peers(_ reading: NodeReading) -> [Address?] {
        reading.activity.operations.map { $0.peer < 0 ? nil : reading.activity.addresses[Int($0.peer)] }
    }

    @Test func aDatagramGoesWhereItsCallSaysOrElseWhereItsSocketIsConnected() throws {
        let reading = try read(
            (2, 2),
            [
                (.write, 4, nil), (.sendto, 4, address(53)), (.connect, 0, address(80)), (.sendto, 4, nil), (.sendto, 4, address(53)),
                (.connect, -111, address(99)), (.write, 4, nil), (.connect, 0, [0, 0] + address(0).dropFirst(2)), (.write, 4, nil),
                (.connect, 0, address(99)), (.write, 4, nil),
            ])
        #expect(peers(reading) == [nil, here(53), here(80), here(53), here(80), nil, here(99)])
        // Anybody may have sent to it before it was connected.
        #expect(reading.activity.endpoints.map(\.remote) == [nil] && reading.troubles == [])
    }

    @Test func whatAConnectedSocketReceivesIsFromWhereItIsConnected() throws {
        let reading = try read((2, 2), [(.connect, 0, address(80)), (.write, 4, nil)])
        #expect(reading.activity.endpoints.map(\.remote) == [here(80)])
        let bound = try read((2, 2), [(.bind, 0, address(7)), (.connect, 0, address(80)), (.write, 4, nil)])
        #expect(bound.activity.endpoints.map(\.remote) == [nil] && bound.activity.endpoints.map(\.local) == [here(7)])
        #expect(peers(bound) == [here(80)])
    }

    @Test func anAddressThatIsAskedForIsTheSocketsOwnIfItIsOne() throws {
        let own = { (call: (History.Call, Int64, [UInt8]?)) in try read((2, 2), [call]).activity.endpoints[0].local }
        #expect(try own((.bind, 0, address(7))) == here(7))
        #expect(try own((.bind, 0, address(7, [0, 0, 0, 0]))) == .ipv4(0, port: 7))
        #expect(try own((.bind, 0, address(0))) == nil)
        #expect(try own((.bind, -98, address(7))) == nil)
        #expect(try own((.bind, 0, nil)) == nil)
        let unix = try read((1, 2), [(.bind, 0, [1, 0] + Array("/s".utf8) + [0]), (.sendto, 1, [1, 0, 0] + Array("x".utf8))])
        #expect(unix.activity.endpoints[0].local == .unixPath("/s") && peers(unix) == [.unixAbstract(Array("x".utf8))])
    }

    @Test func aListenerIsKnownByTheNameItIsBoundTo() throws {
        let reading = try read((1, 1), [(.bind, 0, [1, 0] + Array("/s".utf8)), (.listen, 0, nil), (.accept, 4, nil)])
        #expect(reading.activity.endpoints.map(\.birth) == [.listen, .accept])
        #expect(reading.activity.endpoints.map(\.local) == [.unixPath("/s"), .unixPath("/s")])
        // All addresses of a host are none of a connection.
        let any = try read((2, 1), [(.bind, 0, address(7, [0, 0, 0, 0])), (.connect, -115, address(80))])
        #expect(any.activity.endpoints.map(\.local) == [nil] && any.activity.endpoints.map(\.remote) == [here(80)])
    }

    @Test func aConnectionUnderWayIsToTheAddressThatWasAskedForLast() throws {
        let reading = try read((2, 1), [(.connect, -111, address(80)), (.connect, -115, address(81)), (.connect, 0, address(81))])
        #expect(reading.activity.endpoints.map(\.remote) == [here(81)])
        // 0.0.0.0 is this host, whatever its address.
        #expect(try read((2, 1), [(.connect, 0, address(80, [0, 0, 0, 0]))]).activity.endpoints.map(\.remote) == [nil])
    }

    @Test func eachMessageOfSeveralHasAnAddress() throws {
        var history = History()
        history.call(.socket, [2, 2, 0], result: 3)
        let headers = (0..<3).flatMap { _ in ([0, 0, 0, 0, 0, 0, 0, 2] as [UInt64]).flatMap(History.bytes) }
        history.flush([(.sendmmsg, 3, headers)])
        var capture = CaptureBytes()
        capture.capture([307])
        capture.add(
            number: 307, result: 3, arguments: [3, 0x7000_2000 + 30 + 16],
            sections: [(2, 0, 16, address(80)), (2, 2, 16, address(82))])
        #expect(peers(try history.read(capture: capture)) == [here(80), nil, here(82)])
    }

    @Test func anAddressThatIsNoneIsNotKnown() throws {
        let whole = address(53)
        for bytes in [[], [2], [2, 0], Array(whole.prefix(7)), [9, 9] + whole, Array(repeating: 0xff, count: 200)] as [[UInt8]] {
            let reading = try read((2, 2), [(.bind, 0, bytes), (.connect, 0, bytes), (.sendto, 4, bytes), (.write, 4, nil)])
            #expect(peers(reading) == [nil, nil] && reading.activity.endpoints.map(\.local) == [nil], "\(bytes)")
        }
    }
}
