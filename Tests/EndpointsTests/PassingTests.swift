import Endpoints
import RunModel
import TestSupport
import Testing

/// Descriptors that go from process to process with a message.
@Suite struct PassingTests {
    private static func header(_ control: [UInt8]) -> [UInt8] {
        ([0, 0, 0x5000, 1, 0x6000, UInt64(control.count), 0] as [UInt64]).flatMap(History.bytes)
    }

    /// Control data with these descriptors.
    private static func control(_ numbers: [Int32]) -> [UInt8] {
        History.bytes(UInt64(16 + 4 * numbers.count)) + [1, 0, 0, 0, 1, 0, 0, 0] + numbers.flatMap(History.bytes)
    }

    /// A server with a pair of sockets (4, 5) and a worker (task 11), which keeps one end each.
    private func server(type: UInt64 = 1) -> History {
        var history = History()
        history.call(.socket, [2, 1, 0], result: 3)
        history.call(.listen, [3, 16], result: 0)
        history.call(.socketpair, [1, type, 0, History.buffer], result: 0, wrote: [[4, 0, 0, 0, 5, 0, 0, 0]])
        history.clone(11, flags: History.fork)
        history.call(.close, [5], result: 0)
        history.call(.close, [4], result: 0, task: 11)
        return history
    }

    /// The worker receives a message of one byte with these descriptors.
    @discardableResult
    private func take(_ numbers: [Int32], from number: UInt64 = 5, flags: UInt64 = 0, _ history: inout History) -> UInt64 {
        history.enter(.recvmsg, [number, 0x4000, flags], task: 11)
        let control = Self.control(numbers)
        return history.leave(
            .recvmsg, [number, 0x4000, flags], result: 1,
            writes: [
                FrameSpec.Write(task: 11, address: 0x4000, bytes: Self.header(control)),
                FrameSpec.Write(task: 11, address: 0x5000, bytes: [7]),
                FrameSpec.Write(task: 11, address: 0x6000, bytes: control),
            ], task: 11)
    }

    @Test(arguments: [1, 2, 5] as [UInt64])
    func aConnectionThatIsHandedOnStaysOpen(type: UInt64) throws {
        var history = server(type: type)
        for round in 0..<2 as Range<Int64> {
            history.connection(.accept4, [3, 0, 0, 0], result: 6, local: (1, 80), remote: (1, UInt16(5000 + round)))
            history.call(.sendmsg, [4, 0x9000, 0], result: 1)
            history.call(.close, [6], result: 0)
            take([7], &history)
            history.receive(7, "hello", task: 11)
            history.call(.close, [7], result: 0, task: 11)
        }
        let reading = try history.read()
        #expect(reading.troubles == [])
        let connections = reading.activity.endpoints.indices.filter { reading.activity.endpoints[$0].birth == .accept }
        #expect(connections.count == 2)
        for serial in connections {
            let own = reading.activity.operations.filter { $0.endpoint == Int32(serial) }
            #expect(own.map(\.kind) == [.accept, .receive, .close])
            #expect(own.map(\.process) == [10, 11, 11])
            #expect(reading.activity.endpoints[serial].closed == own[2].at)
        }
        #expect(reading.activity.links.filter { $0.kind == .descriptor }.map(\.fromProcess) == [10, 10])
    }

    @Test func aReceiverThatIsQuickerThanItsSenderGetsTheSame() throws {
        var history = server()
        history.connection(.accept4, [3, 0, 0, 0], result: 6, local: (1, 80), remote: (1, 5000))
        let sent = history.enter(.sendmsg, [4, 0x9000, 0])
        let received = take([7], &history)
        history.receive(7, "hello", task: 11)
        history.leave(.sendmsg, [4, 0x9000, 0], result: 1)
        history.call(.close, [6], result: 0)
        let reading = try history.read()
        #expect(reading.story.suffix(2) == ["2 receive 0..<1", "3 receive 0..<5"])
        let link = try #require(reading.activity.links.first { $0.kind == .descriptor })
        #expect(link == Link(kind: .descriptor, from: Moment(event: sent), fromProcess: 10, to: Moment(event: received), toProcess: 11))
    }

    @Test func oneOfSeveralIsNotGuessed() throws {
        var history = server()
        history.connection(.accept4, [3, 0, 0, 0], result: 6, local: (1, 80), remote: (1, 5000))
        history.connection(.accept4, [3, 0, 0, 0], result: 8, local: (1, 80), remote: (1, 5001))
        history.call(.sendmsg, [4, 0x9000, 0], result: 1)
        take([7], &history)
        history.receive(7, "hello", task: 11)
        let reading = try history.read()
        #expect(reading.troubles == ["descriptors-passed 1"])
        #expect(reading.activity.endpoints.last?.birth == .passed && reading.activity.endpoints.last?.kind == .unknown)
    }

    @Test(arguments: [true, false])
    func anUnusedConnectionIsWhatAServerHandsOn(closes: Bool) throws {
        var history = server()
        // Another worker's pair, and a pipe, which the first worker has not.
        history.call(.socketpair, [1, 1, 0, History.buffer], result: 0, wrote: [[8, 0, 0, 0, 9, 0, 0, 0]])
        history.call(.pipe, [History.buffer], result: 0, wrote: [[12, 0, 0, 0, 13, 0, 0, 0]])
        history.connection(.accept4, [3, 0, 0, 0], result: 6, local: (1, 80), remote: (1, 5000))
        history.call(.sendmsg, [4, 0x9000, 0], result: 1)
        if closes { history.call(.close, [6], result: 0) }
        take([7], &history)
        history.receive(7, "hello", task: 11)
        if !closes { history.send(6, 5) }
        let reading = try history.read()
        #expect(reading.troubles == (closes ? [] : ["descriptor-assumed 1"]))
        let connection = try #require(reading.activity.endpoints.last)
        #expect(connection.birth == .accept && connection.processes.contains(11))
    }

    @Test func aFileMayBeMeantAsWellAsAConnection() throws {
        var history = server()
        history.connection(.accept4, [3, 0, 0, 0], result: 6, local: (1, 80), remote: (1, 5000))
        history.call(.openat, [0, 0, 0], result: 8)
        history.call(.sendmsg, [4, 0x9000, 0], result: 1)
        take([7], &history)
        #expect(try history.read().troubles == ["descriptors-passed 1"])
    }

    @Test func aFileThatIsHandedOnIsNoEndpoint() throws {
        var history = server()
        history.call(.openat, [0, 0, 0], result: 8)
        history.call(.sendmsg, [4, 0x9000, 0], result: 1)
        history.call(.close, [8], result: 0)
        take([7], &history)
        history.receive(7, "contents", task: 11)
        let reading = try history.read()
        #expect(reading.troubles == [])
        #expect(reading.activity.endpoints.count == 3)
    }

    @Test func whatIsReceivedMayBeMarkedToBeClosed() throws {
        var history = server()
        history.connection(.accept4, [3, 0, 0, 0], result: 6, local: (1, 80), remote: (1, 5000))
        history.call(.sendmsg, [4, 0x9000, 0], result: 1)
        history.call(.close, [6], result: 0)
        take([7], flags: 0x4000_0000, &history)
        history.execute(11, ["other"])
        #expect(try history.read().story.last == "3 close")
    }

    @Test func aCarrierThatCameFromElsewhereTellsNothing() throws {
        var history = History()
        history.clone(11, flags: History.fork)
        history.call(.socket, [1, 1, 0], result: 5, task: 11)
        history.call(.connect, [5], result: 0, task: 11)
        take([7], &history)
        history.receive(7, "hello", task: 11)
        let reading = try history.read()
        #expect(reading.troubles == ["descriptors-passed 1"])
        #expect(reading.activity.endpoints.map(\.birth) == [.connect, .passed])
    }

    @Test func damagedControlDataIsPassedOver() throws {
        for damage in 0..<20 {
            var history = server()
            history.call(.sendmsg, [4, 0x9000, 0], result: 1)
            var control = Self.control([7, 8])
            control[damage] = 0xff
            history.enter(.recvmsg, [5, 0x4000, 0], task: 11)
            history.leave(
                .recvmsg, [5, 0x4000, 0], result: 1,
                writes: [
                    FrameSpec.Write(task: 11, address: 0x4000, bytes: Self.header(control)),
                    FrameSpec.Write(task: 11, address: 0x5000, bytes: [7]), FrameSpec.Write(task: 11, address: 0x6000, bytes: control),
                ], task: 11)
            _ = try history.read()
        }
    }
}
