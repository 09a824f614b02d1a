import Endpoints
import RunModel
import TestSupport
import Testing

/// Calls with several messages, with flags, and those that look without taking.
@Suite struct MessageTests {
    /// A `struct mmsghdr` of a 64-bit program, with one buffer.
    private func header(length: UInt32, name: UInt64 = 0, nameLength: UInt64 = 0) -> [UInt8] {
        ([name, nameLength, 0x5000, 1, 0, 0, 0] as [UInt64]).flatMap(History.bytes) + History.bytes(length) + [0, 0, 0, 0]
    }

    private func write(_ address: UInt64, _ bytes: [UInt8]) -> FrameSpec.Write {
        FrameSpec.Write(task: History.first, address: address, bytes: bytes)
    }

    @Test func severalMessagesOfOneCallAreSentInTheirOrder() throws {
        var history = History()
        history.connected(3)
        let headers = header(length: 5) + header(length: 7) + header(length: 99)
        history.call(.sendmmsg, [3, 0x4000, 3, 0], result: 2, writes: [write(0x4000, headers)])
        history.send(3, 1)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 send 0..<5", "0 send 5..<12", "0 send 12..<13"])
        #expect(reading.activity.operations[1].at == reading.activity.operations[2].at)
        #expect(reading.troubles == [])
    }

    @Test func severalMessagesOfOneCallAreReceivedWithTheirBytes() throws {
        var history = History()
        history.call(.socketpair, [1, 5, 0, History.buffer], result: 0, wrote: [[3, 0, 0, 0, 4, 0, 0, 0]])
        history.call(
            .recvmmsg, [4, 0x4000, 3, 0], result: 2,
            writes: [
                write(0x4000, header(length: 2) + header(length: 3) + header(length: 0)), write(0x5000, [1, 2]), write(0x5100, [3, 4, 5]),
                write(0x5200, []),
            ])
        let reading = try history.read()
        #expect(reading.story == ["1 receive 0..<2", "1 receive 2..<5"])
        #expect(reading.activity.operations.map(\.payload) == [.trace(offset: 200, count: 2), .trace(offset: 202, count: 3)])
    }

    @Test func messagesThatTheTraceDoesNotHoldMakeOffsetsUnknown() throws {
        var history = History()
        history.connected(3)
        history.call(.sendmmsg, [3, 0x4000, 2, 0], result: 2)
        history.send(3, 1)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 send"])
        #expect(reading.troubles == ["unreadable-memory (sendmmsg) 1"])
    }

    @Test func peekingSeesWhatIsThere() throws {
        var history = History()
        history.connected(3)
        history.receive(3, "ab")
        history.call(.recvfrom, [3, History.buffer, 100, 2], result: 3, wrote: [[1, 2, 3]])
        history.call(.recvfrom, [3, History.buffer, 100, 0], result: 3, wrote: [[1, 2, 3]])
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 receive 0..<2", "0 ready 2..<2", "0 receive 2..<5"])
    }

    @Test func pollingShowsWhoIsReady() throws {
        var history = History()
        history.connected(3)
        history.connected(4)
        history.connected(5)
        history.receive(4, "ab")
        let entry = { (number: UInt8, events: UInt8) in [number, 0, 0, 0, 1, 0, events, 0] as [UInt8] }
        let list = entry(3, 4) + entry(4, 1) + entry(5, 0) + entry(9, 1) + entry(4, 0x10)
        let done = history.call(.poll, [History.buffer, 5, 100], result: 4, wrote: [list])
        history.call(.poll, [History.buffer, 5, 100], result: 0, wrote: [list])
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "1 connect", "2 connect", "1 receive 0..<2", "1 ready 2..<2"])
        #expect(reading.activity.operations[4].at.event == done)
    }

    @Test func selectingShowsWhoIsReady() throws {
        var history = History()
        history.connected(3)
        history.connected(12)
        history.call(.select, [13, History.buffer, 0, 0, 0], result: 2, wrote: [[0b100, 0b1_0000] + Array(repeating: 0, count: 126)])
        history.call(.pselect6, [4, History.buffer, 0, 0, 0], result: 1, wrote: [[0b1000] + Array(repeating: 0, count: 127)])
        #expect(try history.read().story == ["0 connect", "1 connect", "1 ready 0..<0", "0 ready 0..<0"])
    }

    @Test func theNumberOfBytesToReadShowsThatThereAreSome() throws {
        var history = History()
        history.connected(3)
        history.call(.ioctl, [3, 0x541b, History.buffer], result: 0, wrote: [[0, 0, 0, 0]])
        history.call(.ioctl, [3, 0x541b, History.buffer], result: 0, wrote: [[7, 0, 0, 0]])
        history.call(.ioctl, [3, 0x5421, History.buffer], result: 0, wrote: [[7, 0, 0, 0]])
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 ready 0..<0"])
        #expect(reading.activity.operations[1].result == 7)
    }

    @Test func bytesThatAreThrownAwayAreReceivedAllTheSame() throws {
        var history = History()
        history.connected(3)
        history.call(.recvfrom, [3, 0, 100, 0x20], result: 40, wrote: [])
        history.receive(3, "ab")
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 receive 0..<40", "0 receive 40..<42"])
        #expect(reading.activity.operations[1].payload == .unknown)
    }

    @Test func aMessageThatIsLongerThanItsBufferIsTakenInPart() throws {
        var history = History()
        history.call(.socketpair, [1, 5, 0, History.buffer], result: 0, wrote: [[3, 0, 0, 0, 4, 0, 0, 0]])
        history.call(.recvfrom, [4, History.buffer, 4, 0x20], result: 40, wrote: [[1, 2, 3, 4]])
        let reading = try history.read()
        #expect(reading.story == ["1 receive 0..<4"])
        #expect(reading.activity.operations[0].result == 40 && reading.activity.operations[0].payload == .trace(offset: 8, count: 4))
    }

    @Test func anUrgentByteStandsBesideTheStreamOfWhoReceivesIt() throws {
        var history = History()
        history.connected(3)
        history.receive(3, "ab")
        history.call(.recvfrom, [3, History.buffer, 1, 1], result: 1, wrote: [[9]])
        history.receive(3, "cd")
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 receive 0..<2", "0 receive", "0 receive 2..<4"])
        #expect(reading.activity.operations[2].payload == .trace(offset: 2, count: 1))
    }

    @Test func anUrgentByteMakesTheOffsetsOfItsSenderUnknown() throws {
        var history = History()
        history.connected(3)
        history.call(.sendto, [3, History.buffer, 5, 1], result: 5)
        history.send(3, 1)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 send", "0 send"])
        #expect(reading.troubles == ["not-understood (urgent data) 1"])
    }

    @Test(arguments: [5, -115] as [Int64])
    func aFirstSendMayConnect(result: Int64) throws {
        var history = History()
        history.call(.socket, [2, 1, 0], result: 3)
        history.call(.sendto, [3, History.buffer, 5, 0x2000_0000], result: result)
        history.send(3, 4)
        let reading = try history.read()
        #expect(reading.story == ["0 connect"] + (result > 0 ? ["0 send 0..<5", "0 send 5..<9"] : ["0 send 0..<4"]))
        #expect(reading.activity.endpoints[0].birth == .connect)
    }
}
