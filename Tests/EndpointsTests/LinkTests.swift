import Endpoints
import RunModel
import TestSupport
import Testing

/// What leads from one process of a node to another, beside channels.
@Suite struct LinkTests {
    /// Links as text: kind, from, to, with processes.
    private func links(_ history: History, omitting: String? = nil) throws -> [String] {
        try history.read(omitting: omitting).activity.links.map {
            "\($0.kind) \($0.fromProcess)@\($0.from) \($0.toProcess)@\($0.to)"
        }
    }

    /// A `siginfo_t`.
    private func information(signal: Int32, code: Int32, sender: Int32) -> [UInt8] {
        [signal, 0, code, 0, sender].flatMap(History.bytes) + Array(repeating: 0, count: 108)
    }

    @Test(arguments: [nil, "tasks"])
    func aForkComesBeforeItsChild(omitting: String?) throws {
        var history = History()
        let forked = history.enter(.clone, [UInt64(History.fork)])
        if omitting == nil { history.announce(11, flags: History.fork) }
        let first = history.enter(.read, [0], task: 11)
        history.leave(.clone, [UInt64(History.fork)], result: 11)
        history.leave(.read, [0], result: 0, task: 11)
        #expect(try links(history, omitting: omitting) == ["fork 10@\(forked) 11@\(first)"])
    }

    @Test func threadsAreNotLinked() throws {
        var history = History()
        history.clone(11, flags: History.thread)
        history.receive(0, "x", task: 11)
        history.exit(11)
        #expect(try links(history) == [])
    }

    @Test(arguments: [History.Call.wait4, .waitid])
    func whoWaitsComesAfterTheEnd(call: History.Call) throws {
        var history = History()
        history.clone(11, flags: History.fork)
        history.receive(0, "x", task: 11)
        history.exit(11)
        let done: UInt64
        if call == .wait4 {
            done = history.call(.wait4, [11, 0, 0, 0], result: 11)
        } else {
            let information = [17, 0, 1, 0, 11].flatMap { History.bytes(Int32($0)) }
            done = history.call(.waitid, [0, 11, History.buffer, 4], result: 0, wrote: [information])
        }
        let reading = try history.read()
        let link = try #require(reading.activity.links.last)
        #expect(link.kind == .exit && link.fromProcess == 11 && link.to.event == done)
        #expect(link.from.event == done - 3, "where the child entered its end")
    }

    @Test func whoOnlyStoppedHasNotEnded() throws {
        var history = History()
        history.clone(11, flags: History.fork)
        history.receive(0, "x", task: 11)
        history.call(.wait4, [11, 0, 2, 0], result: 11)
        #expect(try history.read().activity.links.map(\.kind) == [.fork])
    }

    @Test func aParentThatIsSuspendedGoesOnAfterItsChildsExec() throws {
        var history = History()
        let flags: UInt32 = 0x4111
        history.enter(.clone, [UInt64(flags)])
        history.announce(11, flags: flags)
        history.enter(.execve, task: 11)
        history.leave(.execve, result: -2, task: 11)
        history.execute(11, ["other"])
        history.receive(0, "x", task: 11)
        let done = history.leave(.clone, [UInt64(flags)], result: 11)
        let reading = try history.read()
        #expect(reading.activity.links.map(\.kind) == [.fork, .exit])
        #expect(reading.activity.links[1].from.event == done - 4 && reading.activity.links[1].to.event == done)
        #expect(reading.activity.memoryOwner == [:])
    }

    @Test(
        arguments: [(.kill, [11, 10]), (.tgkill, [11, 11, 10]), (.kill, [UInt64(UInt32(bitPattern: -11)), 10])]
            as [(History.Call, [UInt64])])
    func aSignalComesAfterItsSending(call: History.Call, arguments: [UInt64]) throws {
        var history = History()
        history.clone(11, flags: History.fork)
        history.call(.kill, [12, 10], result: -3)
        let sent = history.enter(call, arguments)
        history.leave(call, arguments, result: 0)
        let taken = history.signal(information(signal: 10, code: call == .tgkill ? -6 : 0, sender: 10), task: 11)
        history.signal(information(signal: 10, code: call == .tgkill ? -6 : 0, sender: 10), tag: 8, task: 11)
        #expect(try links(history).filter { $0.hasPrefix("signal") } == ["signal 10@\(sent) 11@\(taken)"])
    }

    @Test func aSignalThatWasNotSentByAProcessIsNotLinked() throws {
        var history = History()
        history.clone(11, flags: History.fork)
        history.call(.kill, [11, 14], result: 0)
        history.signal(information(signal: 14, code: 0x80, sender: 10), task: 11)
        history.signal(information(signal: 10, code: 0, sender: 10), task: 11)
        #expect(try links(history).filter { $0.hasPrefix("signal") } == [])
    }

    @Test func theSignalOfAChildsEndComesAfterIt() throws {
        var history = History()
        history.clone(11, flags: History.fork)
        history.receive(0, "x", task: 11)
        history.exit(11)
        let taken = history.signal(information(signal: 17, code: 1, sender: 11))
        #expect(try links(history).last == "signal 11@\(taken - 2) 10@\(taken)")
    }

    @Test func aCounterThatIsRaisedComesBeforeItsReading() throws {
        var history = History()
        history.call(.eventfd2, [0, 0x80000], result: 3)
        history.clone(11, flags: History.fork)
        history.send(3, 8)
        let raised = history.enter(.write, [3, History.buffer, 8])
        history.leave(.write, [3, History.buffer, 8], result: 8)
        let taken = history.call(.read, [3, History.buffer, 8], result: 8, wrote: [[2, 0, 0, 0, 0, 0, 0, 0]], task: 11)
        history.call(.read, [3, History.buffer, 8], result: -11, task: 11)
        let reading = try history.read()
        #expect(reading.activity.endpoints.isEmpty && reading.troubles == [])
        #expect(try links(history).filter { $0.hasPrefix("counter") } == ["counter 10@\(raised) 11@\(taken)"])
    }

    @Test func aReaderThatWaitsIsWokenByTheFirst() throws {
        var history = History()
        history.call(.eventfd2, [0, 0], result: 3)
        history.clone(11, flags: History.fork)
        history.enter(.read, [3, History.buffer, 8], task: 11)
        let raised = history.enter(.write, [3, History.buffer, 8])
        history.leave(.write, [3, History.buffer, 8], result: 8)
        history.send(3, 8)
        let taken = history.leave(.read, [3, History.buffer, 8], result: 8, task: 11)
        #expect(try links(history).filter { $0.hasPrefix("counter") } == ["counter 10@\(raised) 11@\(taken)"])
    }

    @Test func aCounterThatBeganAboveZeroMayHaveBeenReadForThat() throws {
        var history = History()
        history.call(.eventfd2, [1, 0], result: 3)
        history.clone(11, flags: History.fork)
        history.enter(.read, [3, History.buffer, 8], task: 11)
        history.send(3, 8)
        history.leave(.read, [3, History.buffer, 8], result: 8, task: 11)
        #expect(try links(history).filter { $0.hasPrefix("counter") } == [])
    }

    @Test func processesThatShareMemoryHaveOneOwner() throws {
        var history = History()
        history.clone(11, flags: 0x111)
        history.map(inode: 5)
        history.clone(12, flags: History.fork)
        history.clone(13, flags: History.fork)
        history.execute(13, ["other"])
        history.clone(14, flags: History.fork, parent: 13)
        history.map(inode: 6, task: 13)
        history.map(inode: 6, protection: 1, task: 14)
        history.map(inode: 7, protection: 1)
        history.map(inode: 7, protection: 1, task: 13)
        #expect(try history.read().activity.memoryOwner == [11: 10, 12: 10, 14: 13])
    }

    @Test func memoryOfOneProcessIsSharedWithNobody() throws {
        var history = History()
        history.map(inode: 5)
        history.clone(11, flags: History.fork)
        history.execute(11, ["other"])
        #expect(try history.read().activity.memoryOwner == [:])
    }
}
