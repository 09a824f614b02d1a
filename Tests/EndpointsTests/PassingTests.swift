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

    // MARK: With a replay

    /// A capture of messages of one byte that were sent by descriptor `number`, each with control data.
    private func captured(_ controls: [[UInt8]], on number: UInt64 = 4) -> CaptureBytes {
        var capture = CaptureBytes()
        capture.capture([46])
        for control in controls {
            let sections: [(kind: UInt16, message: UInt16, offered: UInt64, bytes: [UInt8])] = [
                (1, 0, 1, [7]), (3, 0, UInt64(control.count), control),
            ]
            capture.add(number: 46, result: 1, arguments: [number, 0x9000, 0], sections: sections)
        }
        return capture
    }

    /// Two connections, a file and a timer, on 6 to 9; the parent sends what a replay says, and the worker gets two new descriptors.
    private func sent(_ control: [UInt8], taken: [Int32] = [7, 8]) throws -> NodeReading {
        var history = server()
        for number in [6, 7] as [Int64] {
            history.connection(.accept4, [3, 0, 0, 0], result: number, local: (1, 80), remote: (1, UInt16(5000 + number)))
        }
        history.call(.openat, [0, 0, 0], result: 8)
        history.flush([(.sendmsg, 1, [])])
        for number in [6, 7] as [UInt64] { history.call(.close, [number], result: 0) }
        take(taken, &history)
        history.receive(7, "one", task: 11)
        history.receive(8, "other", task: 11)
        return try history.read(capture: captured([control]))
    }

    @Test func whatWasSentIsWhatAReplaySays() throws {
        for (numbers, story) in [([6, 7], ["1 3", "2 5"]), ([7, 6], ["2 3", "1 5"]), ([8, 6], ["1 5"]), ([9, 7], ["2 5"])]
            as [([Int32], [String])]
        {
            let reading = try sent(Self.control(numbers))
            let connections = reading.activity.endpoints.indices.filter { reading.activity.endpoints[$0].birth == .accept }
            let received = reading.activity.operations.filter { $0.kind == .receive && $0.result > 1 }.map { operation in
                "\((connections.firstIndex(of: Int(operation.endpoint)) ?? -1) + 1) \(operation.result)"
            }
            #expect(received == story && reading.troubles == [], "\(numbers) \(reading.troubles)")
        }
    }

    @Test func whoHasNoRoomForAllGetsTheFirst() throws {
        let reading = try sent(Self.control([7, 6]), taken: [7])
        #expect(reading.activity.operations.contains { $0.kind == .receive && $0.result == 3 } && reading.troubles == [])
    }

    @Test func controlDataThatMakesNoSensePassesNothing() throws {
        let good = Self.control([6, 7])
        let damaged: [[UInt8]] = [
            [], [1], Array(good.prefix(12)), Array(good.prefix(17)), Array(repeating: 0xff, count: 24),
            History.bytes(UInt64.max) + good.dropFirst(8), History.bytes(0 as UInt64) + good.dropFirst(8), Self.control([-1, .max]),
            Self.control(Array(repeating: 6, count: 400)),
        ]
        for control in damaged { _ = try sent(control) }
        // Without descriptors that were sent, those that came are not known.
        #expect(try sent([]).troubles == ["descriptors-passed 2"])
    }

    @Test func whatGoesOverANamedConnectionIsForAllNodesToTell() throws {
        var history = History()
        history.call(.socket, [1, 1, 0], result: 4)
        history.call(.connect, [4], result: 0)
        history.connected(6)
        history.call(.write, [4, History.buffer, 5], result: 5)
        let flush = history.flush([(.sendmsg, 1, [])])
        history.call(.recvmsg, [4, 0x4000, 0], result: 0)
        let reading = try history.read(capture: captured([Self.control([6, 9])]))
        #expect(
            reading.activity.passings == [
                Passing(isSend: true, carrier: 0, place: 5..<6, at: Moment(event: flush, call: 1), endpoints: [1, -1])
            ])
    }
}
