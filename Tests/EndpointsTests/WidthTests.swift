import Endpoints
import RunModel
import TestSupport
import Testing

/// Calls of 32-bit programs, whose structures in memory are narrower, and arguments that are wider than what the kernel looks at.
@Suite struct WidthTests {
    /// A `struct msghdr` of a 32-bit program, with one buffer.
    private func header(name: UInt32 = 0, control: UInt32 = 0, controlLength: UInt32 = 0) -> [UInt8] {
        ([name, 0, 0x5000, 1, control, controlLength, 0] as [UInt32]).flatMap(History.bytes)
    }

    private func write(_ address: UInt64, _ bytes: [UInt8]) -> FrameSpec.Write {
        FrameSpec.Write(task: History.first, address: address, bytes: bytes)
    }

    @Test func aNarrowMessageHeaderIsFollowedByItsPayload() throws {
        var history = History()
        history.call32(359, [1, 1, 0], result: 3)
        history.call32(362, [3], result: 0)
        history.call32(
            372, [3, 0x4000, 0], result: 3,
            wrote: [write(0x4000, header(name: 0x4800)), write(0x4800, [1, 0]), write(0x5000, [7, 8, 9])])
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 receive 0..<3"])
        #expect(reading.activity.operations[1].payload == .trace(offset: 30, count: 3))
        #expect(reading.troubles == [])
    }

    @Test func aNarrowMessageMayBringDescriptors() throws {
        var history = History()
        history.call32(359, [1, 1, 0], result: 3)
        history.call32(362, [3], result: 0)
        let control = ([16, 1, 1, 5] as [UInt32]).flatMap(History.bytes)
        history.call32(
            372, [3, 0x4000, 0], result: 1,
            wrote: [write(0x4000, header(control: 0x6000, controlLength: 16)), write(0x5000, [7]), write(0x6000, control)])
        let reading = try history.read()
        #expect(reading.troubles == ["descriptors-passed 1"])
    }

    @Test func negativeResultsOfNarrowCallsAreErrors() throws {
        var history = History()
        history.call32(359, [2, 1, 0], result: 3)
        history.call32(362, [3], result: 0)
        history.call32(3, [3, 0x4000, 10], result: -11)
        history.call32(4, [3, 0x4000, 10], result: 10)
        #expect(try history.read().story == ["0 connect", "0 send 0..<10"])
    }

    @Test func aCallThroughTheOldGateHasWideRegistersAndNarrowStructures() throws {
        var history = History()
        history.int80(359, [1, 1, 0], result: 3)
        history.int80(362, [3], result: 0)
        history.int80(372, [3, 0x4000, 0], result: 2, wrote: [write(0x4000, header()), write(0x5000, [7, 8])])
        history.int80(6, [3], result: 0)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 receive 0..<2", "0 close"])
        #expect(reading.activity.operations[1].payload == .trace(offset: 28, count: 2))
    }

    @Test func theUpperHalfOfADescriptorDoesNotCount() throws {
        var history = History()
        history.connected(3)
        let three: UInt64 = 0xffff_ffff_0000_0003
        history.send(three, 5)
        history.call(.fcntl, [three, 0xffff_ffff_0000_0000, 0], result: 4)
        history.call(.close, [three], result: 0)
        history.call(.close, [4], result: 0)
        #expect(try history.read().story == ["0 connect", "0 send 0..<5", "0 close"])
    }

    @Test(arguments: [UInt32.max, 0x8000_0000, 4096, 1, 0])
    func anAddressWithAnImpossibleLengthIsNoAddress(length: UInt32) throws {
        var history = History()
        history.call(.socket, [2, 1, 0], result: 3)
        history.call(.connect, [3], result: -115)
        history.call(
            .getsockname, [3, History.buffer, History.buffer + 16], result: 0,
            wrote: [[2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], History.bytes(length)])
        let reading = try history.read()
        #expect(reading.activity.endpoints[0].local == nil)
    }

    @Test func aRangeOfDescriptorsIsClosedOrMarked() throws {
        var history = History()
        for number in 3...6 as ClosedRange<UInt64> { history.connected(number) }
        history.call(.closeRange, [4, 4, 0], result: 0)
        history.call(.closeRange, [6, 0xffff_ffff_ffff_ffff, 4], result: 0)
        history.call(.closeRange, [0, 0xffff_ffff, 0], result: -38)
        history.execute(History.first, ["other"])
        history.send(3, 1)
        history.send(5, 1)
        #expect(
            try history.read().story == [
                "0 connect", "1 connect", "2 connect", "3 connect", "1 close", "3 close", "0 send 0..<1", "2 send 0..<1",
            ])
    }

    @Test func aRangeMayBeClosedInACopyOfTheTable() throws {
        var history = History()
        history.connected(3)
        history.clone(11, flags: History.thread)
        history.enter(.closeRange, [3, 3, 2], task: 11)
        history.leave(.closeRange, [3, 3, 2], result: 0, task: 11)
        history.receive(3, "lost", task: 11)
        history.send(3, 1)
        #expect(try history.read().story == ["0 connect", "0 send 0..<1"])
    }

    @Test func readsAndWritesWithFlagsAreReadsAndWrites() throws {
        var history = History()
        history.connected(3)
        history.call(.pwritev2, [3, 0x1000, 2, .max, 0, 0], result: 7)
        history.call(.preadv2, [3, 0x1000, 2, .max, 0, 0], result: 4, wrote: [[1, 2], [3, 4]])
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 send 0..<7", "0 receive 0..<4"])
        #expect(reading.activity.operations[2].payload == .trace(offset: 0, count: 4))
    }

    @Test func buffersThatLieApartInTheTraceAreFoundByTheirFrame() throws {
        var history = History()
        history.connected(3)
        history.call(.readv, [3, 0x1000, 2], result: 5, writes: [write(0x5000, [1, 2]), write(0x6000, [3, 4, 5, 6])])
        history.call(.readv, [3, 0x1000, 2], result: 5, writes: [write(0x5000, [1, 2])])
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 receive 0..<5", "0 receive 5..<10"])
        #expect(reading.activity.operations.map(\.payload) == [.unknown, .trace(offset: 0, count: 5), .unknown])
    }
}
