import Endpoints
import RunModel
import Testing

/// Which descriptors of which processes name one endpoint, and when its last name goes.
@Suite struct DescriptorTests {
    @Test func aCopyIsTheSameEndpointAndTheLastCloseEndsIt() throws {
        var history = History()
        history.connected(3)
        history.call(.dup, [3], result: 4)
        history.call(.close, [3], result: 0)
        history.send(4, 5)
        history.call(.close, [4], result: 0)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 send 0..<5", "0 close"])
        #expect(reading.activity.operations[2].at > reading.activity.operations[1].at)
    }

    @Test func takingOverANumberClosesWhatItNamed() throws {
        var history = History()
        history.connected(3)
        history.connected(4)
        history.call(.dup2, [3, 4], result: 4)
        history.send(4, 5)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "1 connect", "1 close", "0 send 0..<5"])
        #expect(reading.troubles == [])
    }

    @Test func copyingANumberOntoItselfDoesNothing() throws {
        var history = History()
        history.connected(3)
        history.call(.dup2, [3, 3], result: 3)
        history.send(3, 5)
        #expect(try history.read().story == ["0 connect", "0 send 0..<5"])
    }

    @Test func aForkedProcessHasTheEndpointToo() throws {
        var history = History()
        history.connected(3)
        history.clone(11, flags: History.fork)
        history.call(.close, [3], result: 0)
        history.receive(3, "hi", task: 11)
        history.exit(11)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 receive 0..<2", "0 close"])
        #expect(reading.activity.endpoints[0].processes == [10, 11])
        #expect(reading.processes.map(\.id) == [10, 11])
        #expect(reading.processes[1].parent == 10 && reading.processes[1].ended != nil && reading.processes[1].firstExec == nil)
    }

    @Test func threadsShareTheirDescriptors() throws {
        var history = History()
        history.clone(11, flags: History.thread)
        history.connected(3, task: 11)
        history.send(3, 5)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 send 0..<5"])
        #expect(reading.processes.count == 1)
        #expect(reading.activity.operations.map(\.task) == [11, 10])
        #expect(reading.activity.operations.map(\.process) == [10, 10])
    }

    @Test func execClosesWhatIsMarkedAndKeepsTheRest() throws {
        var history = History()
        history.connected(3)
        history.connected(4, flags: 0x80000)
        history.connected(5)
        history.call(.fcntl, [5, 2, 1], result: 0)
        history.connected(6)
        history.call(.fcntl, [6, 1030, 7], result: 7)
        history.execute(History.first, ["other"])
        history.send(3, 1)
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "1 connect", "2 connect", "3 connect", "1 close", "2 close", "0 send 0..<1"])
        #expect(reading.processes[0].command == ["other"])
    }

    @Test func whatADeadProcessHeldIsClosedAfterItsLastEvent() throws {
        var history = History()
        history.connected(3)
        let last = history.send(3, 5)
        history.exit()
        let reading = try history.read()
        #expect(reading.story.last == "0 close")
        #expect(reading.activity.operations.last?.at.event == last + 1, "the call that ends the process")
        #expect(reading.processes[0].status == 0)
    }

    @Test func aReusedNumberWithoutCloseIsNoticed() throws {
        var history = History()
        history.connected(3)
        history.call(.openat, [0, 0, 0], result: 3)
        history.receive(3, "from a file")
        let reading = try history.read()
        #expect(reading.story == ["0 connect", "0 close"])
        #expect(reading.troubles == ["implied-close 1"])
    }

    @Test func inheritedSocketsAreEndpointsOnceTheyAreUsed() throws {
        var history = History()
        history.receive(0, "hi")
        history.send(1, 3)
        let socket = Sidecar.InheritedFile(number: 0, link: "socket:[77]", flags: 2)
        let reading = try history.read(inherited: [
            socket, .init(number: 1, link: "socket:[77]", flags: 2), .init(number: 2, link: "/dev/null"),
        ])
        #expect(reading.story == ["0 receive 0..<2", "0 send 0..<3"], "two names, one socket")
        #expect(reading.activity.endpoints.map(\.birth) == [.inherited])
    }

    @Test func plainFilesAreNoEndpoints() throws {
        var history = History()
        history.call(.openat, [0, 0, 0], result: 3)
        history.receive(3, "contents")
        let reading = try history.read()
        #expect(reading.activity.endpoints.isEmpty && reading.troubles == [])
    }

    @Test func withoutATaskListForksAreFoundByTheirClones() throws {
        var history = History()
        history.connected(3)
        history.enter(.clone, [UInt64(History.fork)])
        history.receive(3, "hi", task: 11)
        history.leave(.clone, [UInt64(History.fork)], result: 11)
        let reading = try history.read(omitting: "tasks")
        #expect(reading.processes.map(\.id) == [10, 11])
        #expect(reading.story == ["0 connect", "0 receive 0..<2"])
    }
}
