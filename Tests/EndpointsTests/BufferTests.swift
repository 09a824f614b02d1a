import Endpoints
import RunModel
import TestSupport
import Testing

/// What a flush of rr's syscall buffer tells, and what it hides.
@Suite struct BufferTests {
    @Test func hiddenCallsThatMoveBytesMakeOffsetsUnknown() throws {
        var history = History()
        history.connected(3)
        history.send(3, 4)
        let flush = history.flush([(.write, 5, []), (.read, 3, [1, 2, 3]), (.read, -11, [])])
        history.send(3, 4)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 send 0..<4", "0 send"])
        #expect(reading.activity.endpoints[0].opaqueFrom == Moment(event: flush - 1))
        #expect(reading.troubles == ["hidden-in-buffer (read) 1", "hidden-in-buffer (write) 1"])
        #expect(reading.isBuffered)
    }

    @Test func callsThatMoveNothingHideNothing() throws {
        var history = History()
        history.connected(3)
        history.flush([(.getsockopt, 0, []), (.poll, 1, Array(repeating: 0, count: 8))])
        history.send(3, 4)
        #expect(try history.read().story == ["0 connect", "0 send 0..<4"])
    }

    @Test func aNumberThatIsGivenOutAgainWasClosed() throws {
        var history = History()
        history.connected(3)
        history.flush([(.close, 0, []), (.openat, 3, [])])
        history.receive(3, "from a file")
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 close"])
        #expect(reading.troubles == ["implied-close 1"])
    }

    @Test func theNumbersOfAHiddenSocketPairAreItsOwn() throws {
        var history = History()
        history.connected(3)
        history.flush([(.close, 0, []), (.socketpair, 0, [3, 0, 0, 0, 4, 0, 0, 0])])
        #expect(try history.read().story == ["0 connect", "0 close"])
    }

    @Test func aDamagedFlushMayHaveHiddenAnything() throws {
        var history = History()
        history.connected(3)
        history.flush([(.getsockopt, 0, [])], damaged: true)
        history.send(3, 4)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 send"])
        #expect(reading.troubles == ["unreadable-memory (flush) 1"])
    }

    @Test func aFlushOfAnySizeIsRead() throws {
        for size in [0, 1, 3, 12, 29, 30, 31, 45, 46, 47] {
            var history = History()
            history.connected(3)
            history.other(tag: 10, wrote: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ size) }, at: 0x7000_2000)
            _ = try history.read()
        }
    }
}
