import Capture
import Foundation
import RRTrace
import RunModel
import TestSupport
import Testing

@testable import Calls

@Suite("Waits of one node")
struct WaitTests {
    /// The calls that tasks are in before event `event`; as task, reason, who can end it.
    private func waits(_ trace: CallTrace, before event: UInt64) throws -> [String] { try waits(trace, before: Moment(event: event)) }

    /// Those before a moment.
    private func waits(
        _ trace: CallTrace, before moment: Moment = Moment(packed: .max), capture: CaptureBytes? = nil
    ) throws -> [String] {
        try withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("trace")
            try trace.writer.write(to: path)
            let calls = directory.appendingPathComponent("calls")
            if let capture { try Data(capture.bytes).write(to: calls) }
            let file = capture == nil ? nil : try CaptureFile(path: calls.path)
            let reader = try CallReader(TraceDirectory(path: path.path), node: NodeID(0), capture: file) { "endpoint \($0)" }
            return reader.waiting { here, _ in here >= moment }.map { waiting in
                let wakers: String =
                    switch waiting.waker {
                    case .peers(let serials): "ends \(serials)"
                    case .processes(let processes): "processes \(processes)"
                    }
                return "\(waiting.call.task) \(waiting.reason) \(wakers)\(waiting.isOpen ? " or others" : "")"
            }
        }
    }

    /// Two connected Unix sockets, 3 and 4.
    private func pair() -> CallTrace {
        var trace = CallTrace()
        trace.call(53, [1, 1, 0, CallTrace.buffer], result: 0, [(CallTrace.buffer, Int32(3).bytes + Int32(4).bytes)])
        return trace
    }

    @Test("a read waits for the other end of its descriptor, a write too; what does not block is no wait")
    func descriptors() throws {
        for (call, reason): (Int32, String) in [(0, "data"), (45, "data"), (1, "room"), (46, "room")] {
            var trace = pair()
            trace.enter(call, [4, 0x10, 8])
            #expect(try waits(trace) == ["10 \(reason) ends [1]"])
        }
        var trace = pair()
        trace.enter(9, [0, 4096])
        #expect(try waits(trace).isEmpty)
        trace.leave(9, [0, 4096], result: 0x1000)
        #expect(try waits(trace).isEmpty)
    }

    @Test("a call that a signal broke off is waited in until a handler runs or the program goes on", arguments: [Int64(-512), -4])
    func interrupted(_ result: Int64) throws {
        var trace = pair()
        trace.enter(0, [3, 0x10, 8])
        trace.leave(0, [3, 0x10, 8], result: result)
        #expect(try waits(trace) == ["10 data ends [0]"])
        trace.frame(.signal(tag: 8, information: [UInt8](repeating: 1, count: 48), deterministic: false, disposition: 1), [])
        #expect(try waits(trace).isEmpty == (result == -4))
    }

    @Test("epoll_wait waits for what was added and is still open, and without a time limit for nothing else")
    func epoll() throws {
        var trace = pair()
        trace.call(291, [0], result: 5)
        for number: UInt64 in [3, 4] { trace.call(233, [5, 1, number, 0x10], result: 0) }
        trace.enter(232, [5, 0x10, 8, 0xffff_ffff])
        #expect(try waits(trace) == ["10 ready ends [0, 1]"])
        trace.leave(232, [5, 0x10, 8, 0xffff_ffff], result: 0)
        trace.call(233, [5, 2, 3, 0], result: 0)
        trace.call(3, [4], result: 0)
        trace.enter(232, [5, 0x10, 8, 100])
        #expect(try waits(trace) == ["10 ready ends [] or others"])
    }

    @Test("wait4 waits for the children that live, and for one of them if it names it")
    func children() throws {
        var trace = CallTrace()
        for child: Int32 in [20, 21] { trace.fork(child) }
        trace.enter(61, [0xffff_ffff, 0, 0, 0])
        #expect(try waits(trace) == ["10 child processes [20, 21]"])
        trace.exit(20, status: 0)
        trace.call(39, result: 21, task: 21)
        #expect(try waits(trace) == ["10 child processes [21]"])
        trace.enter(61, [20, 0, 0, 0])
        #expect(try waits(trace) == ["10 child processes [] or others"])
        trace.enter(61, [21, 0, 1, 0])
        #expect(try waits(trace).isEmpty, "WNOHANG")
    }

    @Test("a futex waits for the other threads, if there are any and there is no time limit")
    func futex() throws {
        var trace = CallTrace()
        trace.enter(202, [0x10, 0x80, 1, 0])
        #expect(try waits(trace) == ["10 threads processes [] or others"])
        trace = CallTrace()
        trace.thread(11)
        trace.enter(202, [0x10, 0x80, 1, 0])
        trace.enter(202, [0x10, 0x80, 1, 0x20], task: 11)
        #expect(try waits(trace) == ["10 threads processes [10]", "11 threads processes [10] or others"])
    }

    @Test("a cut in the middle of a flush has the calls before it, and no others")
    func cutInFlush() throws {
        var trace = pair()
        trace.call(291, [0], result: 5)
        trace.thread(11)
        trace.enter(232, [5, 0x10, 8, 0xffff_ffff], task: 11)
        let places = trace.flush([(233, 0, []), (39, 10, []), (233, 0, [])])
        var capture = CaptureBytes()
        capture.capture([39, 233])
        for (place, number, arguments): (UInt32, UInt16, [UInt64]) in [
            (places[0].0, 233, [5, 1, 3]), (places[1].0, 39, []), (places[2].0, 233, [5, 1, 4]),
        ] { capture.add(number: number, place: place, result: number == 39 ? 10 : 0, arguments: arguments) }
        let flush = UInt64(trace.writer.frameCount)
        let found = try (0...4).map { try waits(trace, before: Moment(event: flush, call: $0), capture: capture) }
        #expect(
            found == [
                ["11 ready processes [] or others"], ["11 ready processes [] or others"], ["11 ready ends [0]"], ["11 ready ends [0]"],
                ["11 ready ends [0, 1]"],
            ])
    }

    @Test("a cut shows the calls as they were then")
    func cut() throws {
        var trace = pair()  // up to 3
        trace.call(0, [3, 0x10, 8], result: 0)
        trace.call(0, [4, 0x10, 8], result: 0)
        #expect(try [4, 5, 6, 7, 8].map { try waits(trace, before: $0) } == [[], ["10 data ends [0]"], [], ["10 data ends [1]"], []])
    }
}
