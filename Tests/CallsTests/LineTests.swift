import Calls
import RunModel
import TestSupport
import Testing

@Suite("Lines of calls")
struct LineTests {
    @Test("a call that gives stands where it was entered, one that takes where it returned")
    func places() throws {
        var trace = CallTrace()
        trace.thread(11)  // 2, 3
        trace.enter(0, [3, 0, 8])  // 4: a read
        trace.enter(1, [4, 0, 8], task: 11)  // 5: a write
        trace.leave(0, [3, 0, 8], result: 8)  // 6
        trace.leave(1, [4, 0, 8], result: 8, task: 11)  // 7
        let calls = try trace.calls(["read,write"])
        #expect(calls.map(\.name) == ["write", "read"])
        #expect(calls.map(\.at.event) == [5, 6] && calls.map(\.entered.event) == [5, 4] && calls.map { $0.returned?.event } == [7, 6])
        #expect(calls.map(\.task) == [11, 10] && calls.map(\.process) == [10, 10])
        #expect(calls.allSatisfy { $0.duration == 2_000_000 })
    }

    @Test("a call that its task's death cut off is unfinished, and named by where it was entered")
    func unfinished() throws {
        var trace = CallTrace()
        trace.enter(0, [3, 0x10, 8])
        trace.exit(status: 15)
        let calls = try trace.calls()
        #expect(calls.dropFirst().map(\.text) == ["read(3, 0x10, 8 <unfinished ...>) = ?", "+++ killed by SIGTERM +++"])
        #expect(calls.dropFirst().map(\.position.event) == [2, 3])
    }

    @Test("calls that are under way at the end of the trace are unfinished")
    func endOfTrace() throws {
        var trace = CallTrace()
        trace.thread(11)
        trace.enter(1, [4, 0x10, 8], task: 11)
        trace.enter(202, [0x10, 0x80, 1, 0])
        #expect(
            try trace.lines(["!clone"]) == [
                "write(4, 0x10, 8 <unfinished ...>) = ?", "futex(0x10, FUTEX_WAIT_PRIVATE, 0x1, NULL <unfinished ...>) = ?",
            ])
    }

    @Test("an end says how it came")
    func ends() throws {
        for (status, text): (Int32, String) in [
            (0, "exited with 0"), (0x700, "exited with 7"), (9, "killed by SIGKILL"), (0x8b, "killed by SIGSEGV (core dumped)"),
        ] {
            var trace = CallTrace()
            trace.enter(231, [UInt64(status >> 8)])
            trace.exit(status: status)
            #expect(try trace.lines() == ["exit_group(\(status >> 8)) = ?", "+++ \(text) +++"])
        }
    }

    @Test("a delivered signal shows who sent it, once")
    func signals() throws {
        var trace = CallTrace()
        let information = Int32(10).bytes + Int32(0).bytes + Int32(0).bytes + Int32(0).bytes + Int32(77).bytes + Int32(5).bytes
        for tag: UInt16 in [6, 8] { trace.frame(.signal(tag: tag, information: information, deterministic: false, disposition: 1), []) }
        #expect(try trace.lines() == ["--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=77, si_uid=5} ---"])
        #expect(try trace.lines(["signal=!SIGUSR1"]).isEmpty && trace.lines(["signal=usr1"]).count == 1)
    }

    @Test("calls that the kernel begins again are shown each time")
    func restarted() throws {
        var trace = CallTrace()
        trace.enter(7, [0x10, 1, 100])
        trace.leave(7, [0x10, 1, 100], result: -516)
        trace.enter(7, [0x10, 1, 100])
        trace.leave(7, [0x10, 1, 100], result: 0)
        #expect(
            try trace.lines() == [
                "poll(0x10, 1, 100) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)", "poll(0x10, 1, 100) = 0 (Timeout)",
            ])
    }

    @Test("a call that holds back too much is told in two parts, and the order stays")
    func lookahead() throws {
        var trace = CallTrace()
        trace.thread(11)
        trace.enter(1, [4, 0x10, 8], task: 11)
        for _ in 0...10_000 { trace.call(39, result: 10) }
        trace.leave(1, [4, 0x10, 8], result: 8, task: 11)
        let calls = try trace.calls(["write,getpid"]).filter { $0.kind == .call }
        #expect(calls.first?.text == "write(4, 0x10, 8 <unfinished ...>" && calls.last?.text == "<... write resumed>) = 8")
        #expect(calls.count == 10_003 && zip(calls, calls.dropFirst()).allSatisfy { $0.at < $1.at })
        #expect(calls.last?.duration == 20_003_000_000)
    }

    @Test("calls in the syscall buffer that were captured show what any call shows, and what they sent")
    func captured() throws {
        var trace = CallTrace()
        trace.call(53, [1, 1, 0, CallTrace.buffer], result: 0, [(CallTrace.buffer, Int32(3).bytes + Int32(4).bytes)])  // 2, 3
        let places = trace.flush([
            (1, 5, []), (0, 5, Array("hello".utf8)), (0, -11, []), (32, 7, []), (3, 0, []), (7, 1, []), (39, 9, []), (7, 0, []),
            (267, 11, []), (7, 0, []),
        ])
        var capture = CaptureBytes()
        let memory = places.map(\.1)
        let arguments: [(UInt16, Int64, [UInt64])] = [
            (1, 5, [3, 0x5000, 9]), (0, 5, [4, memory[1], 100]), (0, -11, [4, memory[2], 100]), (32, 7, [4]), (3, 0, [3]),
            (7, 1, [memory[5], 1, 50]), (39, 9, []), (7, 0, [memory[7], 1, 50]), (267, 11, []), (7, 0, [memory[9], 1, 0]),
        ]
        capture.capture([0, 1, 3, 7, 32, 267])
        for (index, (number, result, values)) in arguments.enumerated() where !values.isEmpty {
            let sent: [(kind: UInt16, message: UInt16, offered: UInt64, bytes: [UInt8])] =
                index == 0 ? [(1, 0, 9, Array("hello".utf8))] : []
            capture.add(number: number, place: places[index].0, result: result, arguments: values, sections: sent)
        }
        let calls = try trace.calls(capture: capture).dropFirst(2)
        #expect(
            calls.map(\.text) == [
                "write(3<endpoint 0>, \"hello\"..., 9) = 5", "read(4<endpoint 1>, \"hello\", 100) = 5",
                // rr's own address stands for the program's, which is known of the second argument.
                "read(4<endpoint 1>, 0xabcd, 100) = -1 EAGAIN (Resource temporarily unavailable)",
                "dup(4<endpoint 1>) = 7<endpoint 1>", "close(3<endpoint 0>) = 0", "poll(?, 1, 50) = 1", "getpid(?) = 9  [buffered]",
                // rr looks before it waits, and at what was opened: that is no call of the program.
                "poll(?, 1, 0) = 0 (Timeout)",
            ])
        #expect(calls.map(\.at) == [1, 2, 3, 4, 5, 6, 7, 10].map { Moment(event: 4, call: $0) })
        let shown = { (adjust: (inout CallFilter) -> Void) in try trace.calls(capture: capture, adjust).map(\.name) }
        #expect(try shown { $0.endpoints = [0] } == ["write", "close"] && shown { $0.endpoints = [1] } == ["read", "read", "dup"])
        #expect(try shown { $0.outcome = .failed } == ["read"])
    }

    @Test("calls in the syscall buffer show their number and result, at their place in the flush")
    func buffered() throws {
        var trace = CallTrace()
        trace.flush([(0, 12, []), (3, -9, []), (96, 0, UInt64(7).bytes + UInt64(8).bytes), (228, 0, UInt64(7).bytes + UInt64(8).bytes)])
        let calls = try trace.calls().dropFirst()
        #expect(
            calls.map(\.text) == [
                "read(?) = 12  [buffered]", "close(?) = -1 EBADF (Bad file descriptor)  [buffered]",
                "gettimeofday({tv_sec=7, tv_usec=8}, ?) = 0  [buffered]", "clock_gettime(?, {tv_sec=7, tv_nsec=8}) = 0  [buffered]",
            ])
        #expect(calls.map(\.at) == (1...4).map { Moment(event: 2, call: $0) })
    }

    @Test("filters choose by name, class, process and outcome")
    func filters() throws {
        var trace = CallTrace()
        trace.thread(11)
        trace.call(41, [2, 1, 0], result: 3)
        trace.call(0, [3, 0x10, 8], result: -11)
        trace.call(9, [0, 4096, 0, 0x22, 0, 0], result: 0x1000, task: 11)
        let names = { (expressions: [String], adjust: (inout CallFilter) -> Void) in
            try trace.calls(expressions, adjust).filter { $0.name != "execve" && $0.name != "clone" }.map(\.name)
        }
        #expect(try names([]) { _ in } == ["socket", "read", "mmap"])
        #expect(try names(["%network"]) { _ in } == ["socket"])
        #expect(try names(["trace=network,read"]) { _ in } == ["socket", "read"])
        #expect(try names(["!%memory,socket"]) { _ in } == ["read"])
        #expect(try names(["%desc"]) { _ in } == ["socket", "read", "mmap"])
        #expect(try names(["none"]) { _ in }.isEmpty && names(["all"]) { _ in }.count == 3)
        #expect(try names([]) { $0.outcome = .failed } == ["read"])
        #expect(try names([]) { $0.outcome = .successful } == ["socket", "mmap"])
        #expect(try names([]) { $0.process = 11 } == ["mmap"])
        #expect(try names([]) { $0.endpoints = [0] }.isEmpty)
    }

    @Test(
        "a mistake in a filter says what to write",
        arguments: ["nonsense", "%nonsense", "trace=", "x=read", "signal=SIGX", "read,,nonsense"])
    func mistakes(_ expression: String) {
        #expect(throws: CallFilter.Mistake.self) { try CallFilter(expressions: [expression]) }
    }

    @Test("whatever a trace says, every line comes once and in order, and the reading ends", arguments: 0..<40)
    func random(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var trace = CallTrace()
        var entered: [UInt64] = [1]
        for _ in 0..<400 {
            let task = Int32.random(in: 10...13, using: &random)
            let call: Int32 = [0, 1, 3, 39, 42, 56, 59, 62, 202, 231].randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<20, using: &random) {
            case 0: trace.exit(task, status: .random(in: 0...0xffff, using: &random))
            case 1: trace.frame(.signal(tag: 8, information: [], deterministic: false, disposition: 1), [], task: task)
            case 2...9:
                trace.enter(call, [3, 0x10, 8], task: task)
                entered.append(UInt64(trace.writer.frameCount))
            default: trace.leave(call, [3, 0x10, 8], result: .random(in: -600...9, using: &random), task: task)
            }
        }
        let calls = try trace.calls()
        #expect(zip(calls, calls.dropFirst()).allSatisfy { $0.at <= $1.at }, "seed \(seed)")
        // An exec that returns without having been entered is a line, too.
        let told = calls.filter { $0.kind == .call && $0.name != "execve" }.map(\.entered.event)
        #expect(Set(told).count == told.count && Set(told).isSubset(of: entered), "seed \(seed)")
    }

    @Test("a call that never returns comes behind the calls of the last flush")
    func unfinishedBehindFlush() throws {
        var trace = CallTrace()
        trace.thread(11)
        trace.enter(0, [3, 0x10, 8])
        trace.flush([(39, 10, []), (39, 10, [])], task: 11)
        let calls = try trace.calls()
        #expect(calls.suffix(3).map(\.name) == ["getpid", "getpid", "read"])
        #expect(calls.map(\.at) == calls.map(\.at).sorted())
    }
}
