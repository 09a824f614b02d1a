import Endpoints
import RunModel
import TestSupport
import Testing

/// Pipes, pairs of sockets, and calls that move bytes inside the kernel.
@Suite struct PipeTests {
    private static let numbers: [UInt8] = [3, 0, 0, 0, 4, 0, 0, 0]

    @Test func aPipeHasAnEndToReadAndAnEndToWrite() throws {
        var history = History()
        history.call(.pipe, [History.buffer], result: 0, wrote: [Self.numbers])
        history.send(4, 5)
        history.receive(3, "hello")
        history.call(.close, [4], result: 0)
        history.call(.read, [3, History.buffer, 10], result: 0)
        let reading = try history.read()
        #expect(reading.story == ["1 send 0..<5", "0 receive 0..<5", "1 close", "0 end 5..<5"])
        #expect(reading.activity.endpoints.map(\.kind) == [.pipe, .pipe])
        #expect(reading.activity.endpoints.map(\.birth) == [.pair(twin: 1), .pair(twin: 0)])
        #expect(reading.activity.endpoints.map(\.access) == [.read, .write])
        #expect(reading.troubles == [])
    }

    @Test func thePipeOfAShellLivesInTheProcessesThatHoldItsEnds() throws {
        var history = History()
        history.call(.pipe2, [History.buffer, 0x80000], result: 0, wrote: [Self.numbers])
        for (child, number) in [(11, 4), (12, 3)] as [(Int32, UInt64)] {
            history.clone(child, flags: History.fork)
            history.call(.dup2, [number, number == 4 ? 1 : 0], result: number == 4 ? 1 : 0, task: child)
            history.execute(child, ["part"])
        }
        history.call(.close, [3], result: 0)
        history.call(.close, [4], result: 0)
        history.send(1, 7, task: 11)
        history.receive(0, "its all", task: 12)
        history.exit(11)
        history.call(.read, [0, History.buffer, 10], result: 0, task: 12)
        history.exit(12)
        let reading = try history.read()
        #expect(reading.story == ["1 send 0..<7", "0 receive 0..<7", "1 close", "0 end 7..<7", "0 close"])
        #expect(reading.activity.endpoints.map(\.processes) == [[12], [11]])
    }

    @Test func aWriterThatNobodyReadsIsToldSo() throws {
        var history = History()
        history.call(.pipe, [History.buffer], result: 0, wrote: [Self.numbers])
        history.call(.close, [3], result: 0)
        history.call(.write, [4, History.buffer, 5], result: -32)
        let reading = try history.read()
        #expect(reading.story == ["0 close", "1 send"])
        #expect(reading.activity.operations[1].result == -32)
    }

    @Test(
        arguments: [
            (1, .unixStream), (0x8_0005, .unixSequenced), (2, .unixDatagram),
        ] as [(UInt64, Endpoint.Kind)])
    func aPairOfSocketsIsOfTheKindThatWasAskedFor(type: UInt64, kind: Endpoint.Kind) throws {
        var history = History()
        history.call(.socketpair, [1, type, 0, History.buffer], result: 0, wrote: [Self.numbers])
        history.send(3, 5)
        history.receive(4, "hello")
        let reading = try history.read()
        #expect(reading.activity.endpoints.map(\.kind) == [kind, kind])
        #expect(reading.activity.endpoints.map(\.access) == [.both, .both])
        #expect(reading.story == ["0 send 0..<5", "1 receive 0..<5"])
    }

    @Test func messagesOfAConnectionAreOperations() throws {
        var history = History()
        history.call(.socket, [1, 5, 0], result: 3)
        history.call(.connect, [3], result: 0)
        history.send(3, 5)
        history.receive(3, "answer")
        let reading = try history.read()
        #expect(reading.activity.endpoints.map(\.kind) == [.unixSequenced])
        #expect(reading.story == ["0 connect", "0 send 0..<5", "0 receive 0..<6"])
    }

    @Test func splicingTakesFromOneAndGivesToTheOther() throws {
        var history = History()
        history.connected(5)
        history.connected(6)
        history.call(.pipe, [History.buffer], result: 0, wrote: [Self.numbers])
        history.call(.splice, [5, 0, 4, 0, 1000, 0], result: 700)
        history.call(.splice, [3, 0, 6, 0, 700, 0], result: 700)
        history.call(.splice, [5, 0, 4, 0, 1000, 0], result: 0)
        history.send(6, 1)
        let reading = try history.read()
        #expect(
            reading.story == [
                "0 connect", "1 connect", "3 send 0..<700", "0 receive 0..<700", "1 send 0..<700", "2 receive 0..<700", "0 end 700..<700",
                "1 send 700..<701",
            ])
        #expect(reading.activity.operations[3].payload == .unknown)
        #expect(reading.troubles == [])
    }

    @Test func sendingAFileIsASend() throws {
        var history = History()
        history.connected(3)
        history.call(.openat, [0, 0, 0], result: 7)
        history.call(.sendfile, [3, 7, 0, 100], result: 100)
        history.call(.sendfile, [3, 7, 0, 100], result: 0)
        history.send(3, 1)
        #expect(try history.read().story == ["0 connect", "0 send 0..<100", "0 send 100..<101"])
    }

    @Test func whatIsCopiedBetweenPipesStays() throws {
        var history = History()
        history.call(.pipe, [History.buffer], result: 0, wrote: [Self.numbers])
        history.call(.pipe, [History.buffer], result: 0, wrote: [[5, 0, 0, 0, 6, 0, 0, 0]])
        history.call(.vmsplice, [4, History.buffer, 1, 0], result: 8)
        history.call(.tee, [3, 6, 100, 0], result: 8)
        history.call(.vmsplice, [3, History.buffer, 1, 0], result: 8)
        let reading = try history.read()
        #expect(reading.story == ["1 send 0..<8", "3 send 0..<8", "0 ready 0..<0", "0 receive 0..<8"])
    }

    @Test func aSpliceThatNeverReturnsMakesBothEndsUnknown() throws {
        var history = History()
        history.connected(5)
        history.call(.pipe, [History.buffer], result: 0, wrote: [Self.numbers])
        history.enter(.splice, [5, 0, 4, 0, 1000, 0])
        let reading = try history.read()
        #expect(reading.activity.endpoints.map { $0.opaqueFrom != nil } == [true, false, true])
        #expect(reading.troubles == ["unfinished-send (splice) 2"])
    }
}
