import Endpoints
import RunModel
import TestSupport
import Testing

/// Births, execs and deaths, also where the trace's own list of them is not the whole truth.
@Suite struct LifeTests {
    @Test func theListOfAnInterruptedTraceMayEndBeforeItsEvents() throws {
        var history = History()
        history.connected(3)
        history.connected(4, flags: 0x80000)
        history.enter(.clone, [UInt64(History.fork)])
        history.receive(3, "hi", task: 11)
        history.execute(11, ["other"], listed: false)
        history.exit(11, listed: false)
        history.leave(.clone, [UInt64(History.fork)], result: 11)
        history.call(.close, [3], result: 0)
        history.call(.close, [4], result: 0)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "1 connect", "0 receive 0..<2", "0 close", "1 close"])
        #expect(reading.processes[1].ended != nil && reading.processes[1].firstExec != nil)
        #expect(reading.processes[1].command == [], "its parent's command it is not")
    }

    @Test func anExecThatIsNotListedClosesWhatIsMarked() throws {
        var history = History()
        history.connected(4, flags: 0x80000)
        history.execute(History.first, ["other"], listed: false)
        #expect(try history.read().story == ["0 connect", "0 close"])
    }

    @Test func theExecOfAThreadEndsTheOthersAndTakesTheProcessId() throws {
        var history = History()
        history.connected(3)
        history.connected(4, flags: 0x80000)
        history.clone(11, flags: History.thread)
        history.clone(12, flags: History.thread)
        // As rr writes it: the first thread ends, the one that executes becomes it, and no exec is listed.
        history.enter(.execve, task: 12)
        history.exit(History.first)
        history.becomes(12, History.first)
        history.leave(.execve, result: 0)
        history.send(3, 5)
        history.exit()
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "1 connect", "1 close", "0 send 0..<5", "0 close"])
        #expect(reading.processes.count == 1 && reading.processes[0].ended != nil)
    }

    @Test func aThreadMayHaveDescriptorsOfItsOwn() throws {
        var history = History()
        history.clone(11, flags: History.thread & ~0x400)
        history.connected(3, task: 11)
        history.exit(11)
        history.call(.openat, [0, 0, 0], result: 3)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 close"])
        #expect(reading.troubles == [])
    }

    @Test func aSpawnedProcessLeavesItsParentsDescriptorsAlone() throws {
        var history = History()
        history.connected(3)
        history.connected(4, flags: 0x80000)
        history.clone(11, flags: 0x4111)
        history.execute(11, ["other"])
        history.exit(11)
        history.send(4, 1)
        history.send(3, 1)
        #expect(try history.read().story == ["0 connect", "1 connect", "1 send 0..<1", "0 send 0..<1"])
    }

    @Test func aSharedTableLivesAsLongAsItsLastProcess() throws {
        var history = History()
        history.connected(3)
        history.clone(11, flags: History.fork | 0x400)
        history.exit(History.first)
        history.send(3, 1, task: 11)
        history.call(.close, [3], result: 0, task: 11)
        #expect(try history.read().story == ["0 connect", "0 send 0..<1", "0 close"])
    }

    @Test func aThousandForksAreReadInNoTime() throws {
        var history = History()
        for child in 11..<1011 as Range<Int32> { history.clone(child, flags: History.fork, listed: false) }
        for child in 11..<1011 as Range<Int32> { history.receive(3, "x", task: child) }
        let time = ContinuousClock()
        var reading: NodeReading?
        #expect(try time.measure { reading = try history.read(omitting: "tasks") } < .seconds(10))
        #expect(reading?.processes.count == 1001)
    }

    @Test func aTraceWithoutDataAndTasksIsReadAsFarAsItGoes() throws {
        var history = History()
        history.connected(3)
        history.receive(3, "hello")
        history.exit()
        let reading = try history.read(omitting: "tasks")
        #expect(reading.story == ["0 connect", "0 receive 0..<5", "0 close"])
    }
}
