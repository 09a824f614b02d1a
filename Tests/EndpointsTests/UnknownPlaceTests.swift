import Endpoints
import RunModel
import Testing

/// What overlaps a call of which nobody knows what it moved, and when, has no place in the stream.
struct UnknownPlaceTests {
    private static let threads: UInt32 = 0x5_0f00

    /// A connection that two threads use.
    private func shared() -> History {
        var history = History()
        history.connected(3)
        history.clone(101, flags: Self.threads)
        return history
    }

    @Test func whatWasSentWhileAnUrgentByteWasUnderWayHasNoPlace() throws {
        var history = shared()
        history.send(3, 1)
        history.enter(.write, [3, History.buffer, 20], task: 101)
        history.send(3, 2)
        history.call(.sendto, [3, History.buffer, 1, 1], result: 1)
        history.receive(3, "abc")
        history.leave(.write, [3, History.buffer, 20], result: 20, task: 101)
        let reading = try history.read()
        // The long send was under way when the urgent byte was sent, and may have come before the short one, or after it.
        #expect(reading.story == ["0 connect", "0 send 0..<1", "0 send", "0 send", "0 send", "0 receive 0..<3"])
    }

    @Test func whatWasReceivedBesideACallThatNeverReturnedHasNoPlace() throws {
        var history = shared()
        history.receive(3, "ab")
        history.enter(.read, [3, History.buffer, 4096], task: 101)
        history.receive(3, "cde")
        history.send(3, 4)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 receive 0..<2", "0 receive", "0 send 0..<4"])
    }

    @Test func aReceiveThatNeverReturnedAloneIsOfNoInterest() throws {
        var history = shared()
        history.receive(3, "ab")
        history.enter(.read, [3, History.buffer, 4096], task: 101)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 receive 0..<2"])
        #expect(reading.activity.endpoints[0].opaqueFrom == nil)
    }
}
