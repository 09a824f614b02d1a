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

    // MARK: With a replay

    /// A capture of a flush: for each call its descriptor, and where in the buffer what it wrote lies.
    private func captured(_ records: [(call: History.Call, result: Int64, extra: [UInt8])], descriptors: [UInt64]) -> CaptureBytes {
        var capture = CaptureBytes()
        capture.capture([0, 1, 3, 32, 53])
        var place = 0
        for (record, descriptor) in zip(records, descriptors) {
            let written = UInt64(0x7000_2000 + 30 + place + 16)
            let arguments = record.call == .socketpair ? [1, 1, 0, written] : [descriptor, written, 100]
            capture.add(
                number: UInt16(record.call.rawValue), place: UInt32(place), result: record.result, arguments: arguments)
            place += (16 + record.extra.count + 7) / 8 * 8
        }
        return capture
    }

    @Test func callsThatAReplayCapturedCountLikeAnyOthers() throws {
        var history = History()
        history.connected(3)
        let records: [(History.Call, Int64, [UInt8])] = [
            (.write, 5, []), (.read, 3, [1, 2, 3]), (.dup, 9, []), (.close, 0, []), (.read, -11, []), (.write, 2, []), (.read, 0, []),
        ]
        let flush = history.flush(records)
        let capture = captured(records, descriptors: [3, 3, 3, 3, 9, 9, 9])
        let reading = try history.read(capture: capture)
        #expect(
            reading.story == ["0 connect", "0 send 0..<5", "0 receive 0..<3", "0 send 5..<7", "0 end 3..<3"])
        #expect(reading.troubles == [])
        #expect(reading.isBuffered && reading.activity.endpoints[0].opaqueFrom == nil)
        let receive = try #require(reading.activity.operations.first { $0.kind == .receive })
        #expect(receive.at == Moment(event: flush, call: 2) && receive.earliest <= receive.latest)
        guard case .trace(_, let count) = receive.payload else { return #expect(Bool(false), "\(receive.payload)") }
        #expect(count == 3)
    }

    @Test func whatAReplayCapturedOfASendIsItsPayload() throws {
        var history = History()
        history.connected(3)
        history.flush([(.write, 5, []), (.write, 3, [])])
        var capture = CaptureBytes()
        capture.capture([1])
        capture.add(number: 1, place: 0, result: 5, arguments: [3], sections: [(1, 0, 5, Array("hello".utf8))])
        // Not all that was sent could be read.
        capture.add(number: 1, place: 16, result: 3, arguments: [3], sections: [(1, 0, 3, Array("he".utf8))])
        let sends = try history.read(capture: capture).activity.operations.filter { $0.kind == .send }
        #expect(sends.map(\.payload) == [.captured(offset: 176 + 88 + 16, count: 5), .unknown])
    }

    @Test func aSocketPairInTheBufferIsFollowed() throws {
        var history = History()
        let records: [(History.Call, Int64, [UInt8])] = [
            (.socketpair, 0, [3, 0, 0, 0, 4, 0, 0, 0]), (.write, 5, []), (.read, 5, Array(1...5)),
        ]
        history.flush(records)
        let reading = try history.read(capture: captured(records, descriptors: [0, 3, 4]))
        #expect(reading.story == ["0 send 0..<5", "1 receive 0..<5"])
        #expect(reading.troubles == [])
    }

    @Test func whatTheReplayLacksStaysHiddenAndWhatItAddsIsCounted() throws {
        var history = History()
        history.connected(3)
        let records: [(History.Call, Int64, [UInt8])] = [(.write, 5, []), (.read, 3, [1, 2, 3])]
        history.flush(records)
        var capture = captured([records[1]], descriptors: [3])
        capture.add(number: 1, place: 48, result: 7, arguments: [3])
        let reading = try history.read(capture: capture)
        #expect(reading.story == ["0 connect"] && reading.activity.endpoints[0].opaqueFrom != nil)
        #expect(reading.troubles.contains("hidden-in-buffer (write) 1"), "\(reading.troubles)")
        #expect(reading.troubles.contains("capture-differs (calls of the trace that the replay lacks) 2"), "\(reading.troubles)")
        #expect(reading.troubles.contains("capture-differs (calls of the replay alone) 2"), "\(reading.troubles)")
    }
}
