import Endpoints
import RunModel
import TestSupport
import Testing

/// i386's one call for everything about sockets, whose arguments a trace does not hold.
@Suite struct OldSocketTests {
    private let socketcall: Int32 = 102

    @Test func whatIsDoneThroughItIsCountedByName() throws {
        var history = History()
        history.call32(socketcall, [1, 0x4000], result: 3)
        history.call32(socketcall, [3, 0x4000], result: 0)
        history.call32(socketcall, [9, 0x4000], result: 5)
        history.call32(socketcall, [10, 0x4000], result: -11)
        history.call32(socketcall, [99, 0x4000], result: 7)
        let reading = try history.read()
        #expect(reading.troubles == ["not-understood (socketcall connect) 1", "not-understood (socketcall send) 1"])
        #expect(reading.activity.endpoints.isEmpty)
    }

    @Test func bytesThatMayHaveGoneThroughItMakeOffsetsUnknown() throws {
        var history = History()
        history.call32(359, [2, 1, 0], result: 3)
        history.call32(362, [3], result: 0)
        history.call32(4, [3, 0x4000, 10], result: 10)
        history.call32(socketcall, [9, 0x4000], result: 5)
        history.call32(4, [3, 0x4000, 10], result: 10)
        #expect(try history.read().story == ["0 connect", "0 send 0..<10", "0 send"])
    }

    @Test func itsDescriptorsAreNewOnes() throws {
        var history = History()
        history.call32(359, [2, 1, 0], result: 3)
        history.call32(362, [3], result: 0)
        history.call32(socketcall, [1, 0x4000], result: 3)
        history.call32(4, [3, 0x4000, 10], result: 10)
        let pair = FrameSpec.Write(task: History.first, address: 0x4800, bytes: [7, 0, 0, 0, 8, 0, 0, 0])
        history.call32(socketcall, [8, 0x4000], result: 0, wrote: [pair])
        history.call32(4, [8, 0x4000, 10], result: 10)
        history.call32(6, [8], result: 0)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 close", "1 send", "2 send", "2 close"])
        #expect(reading.troubles == ["implied-close 1"])
    }
}
