import Foundation
import Recorder
import RunModel
import SystemPackage

/// rr as a debug server for one process of a trace, from the beginning of that process on.
final class ReplayServer {
    /// Where a replay stopped.
    enum Stop {
        /// In this thread, for this signal (0: rr's own reasons).
        case stopped(task: Int32, signal: UInt8)
        /// The process has ended.
        case ended
    }

    /// The general registers of x86-64.
    struct Registers: Equatable {
        var number: UInt64
        var arguments: [UInt64]
        var instructionPointer: UInt64
    }

    let process: Int32
    private let rr: BackgroundRun
    private var connection: RemoteConnection
    let patience: Duration
    /// From 5.8 on, rr's own commands are written otherwise, and `when` tells of the event before.
    let isNew: Bool

    /// Microseconds between two looks whether rr is there.
    private static let pollInterval: UInt32 = 2000
    /// How much of what rr says at its end is kept: lines, and characters.
    private static let linesKept = 6
    private static let sayingLimit = 600
    /// How many bytes of memory are asked for at a time.
    private static let memoryBlock = 1 << 16

    /// rr, waiting for somebody to connect.
    struct Waiting {
        fileprivate let rr: BackgroundRun
        fileprivate let port: UInt16
    }

    /// Starts rr on `process` of `trace`; `nil` if the replay ends well without there being such a process.
    static func start(
        _ invocation: RRInvocation, trace: String, process: Int32, patience: Duration
    ) throws(RemoteFailure) -> Waiting? {
        let arguments = invocation.arguments(["replay", "-q", "-s", "0", "-k", "-f", String(process), trace])
        let rr: BackgroundRun
        do throws(Errno) {
            rr = try BackgroundRun(invocation.executable, arguments, environment: invocation.quietEnvironment(), isApart: true)
        } catch {
            throw .unexpected(request: "start", answer: "\(error)")
        }
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            let end = rr.end
            if let port = rr.text.firstMatch(of: /extended-remote [^ :]*:([0-9]+)/).flatMap({ UInt16($0.1) }) {
                return Waiting(rr: rr, port: port)
            }
            if end == .exited(0) { return nil }
            if end != nil { throw .unexpected(request: "start", answer: rr.text) }
            usleep(pollInterval)
        }
        throw .silent
    }

    /// Connects to `waiting`, a server for `process`.
    init(_ waiting: Waiting, version: RRVersion, process: Int32, patience: Duration) throws(RemoteFailure) {
        var connection = try RemoteConnection(port: waiting.port)
        _ = try connection.ask("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386;vContSupported+", within: patience)
        try connection.stopAcknowledging(within: patience)
        _ = try connection.ask("!", within: patience)
        _ = try connection.ask("?", within: patience)
        // No stops for the program's signals; SIGKILL (9) is how rr tells of the end.
        let signals = (1...0x97).filter { $0 != 5 && $0 != 9 }.map { String($0, radix: 16) }.joined(separator: ";")
        _ = try connection.ask("QPassSignals:\(signals)", within: patience)
        self.process = process
        self.patience = patience
        isNew = version >= RRVersion(5, 8, 0)
        rr = waiting.rr
        self.connection = connection
    }

    /// Sends a request and waits for its answer.
    func ask(_ request: String, within patience: Duration? = nil) throws(RemoteFailure) -> String {
        String(decoding: try pass(Array(request.utf8), within: patience), as: UTF8.self)
    }

    /// Sends a request, and waits for its answer, both as they are between `$` and `#`.
    func pass(_ request: [UInt8], within patience: Duration? = nil) throws(RemoteFailure) -> [UInt8] {
        do {
            try connection.begin(request)
            return try connection.answer(before: .now + (patience ?? self.patience))
        } catch {
            throw explained(error)
        }
    }

    /// Sends a request without waiting for its answer. Nothing else may be asked until `answer` has taken it.
    func begin(_ request: String) throws(RemoteFailure) {
        do { try connection.begin(Array(request.utf8)) } catch { throw explained(error) }
    }

    /// Waits for the answer to what was begun: `nil` if none has come when `other` has something to read, or the time is over.
    func answer(orReadable other: Int32, before deadline: ContinuousClock.Instant) throws(RemoteFailure) -> String? {
        do {
            return try connection.answer(orReadable: other, before: deadline).map { String(decoding: $0, as: UTF8.self) }
        } catch {
            throw explained(error)
        }
    }

    /// Stops what was begun: Ctrl-C.
    func interrupt() throws(RemoteFailure) {
        do { try connection.interrupt() } catch { throw explained(error) }
    }

    /// With what rr said, if it has gone.
    private func explained(_ failure: RemoteFailure) -> RemoteFailure {
        guard case .closed = failure else { return failure }
        // What it said first is where rr waits for us; behind an error comes the stack of rr itself.
        let lines = rr.text.split(separator: "\n").prefix { !$0.hasPrefix("=== Start rr backtrace") }
            .filter { !$0.hasPrefix(" --") && !$0.hasPrefix("---") }
        return .died(saying: String(lines.suffix(Self.linesKept).joined(separator: "; ").suffix(Self.sayingLimit)))
    }

    /// rr's process id.
    var processID: Int32 { rr.id }

    /// Runs to the next stop.
    func run(within patience: Duration? = nil) throws(RemoteFailure) -> Stop { try stop("vCont;c", within: patience) }

    /// Steps one instruction of a thread.
    func step(_ task: Int32) throws(RemoteFailure) -> Stop { try stop("vCont;s:\(name(task))") }

    private func stop(_ request: String, within patience: Duration? = nil) throws(RemoteFailure) -> Stop {
        let answer = try ask(request, within: patience)
        if answer.hasPrefix("W") || answer.hasPrefix("X") || answer.hasPrefix("T09") { return .ended }
        guard answer.hasPrefix("T"), let signal = UInt8(answer.dropFirst().prefix(2), radix: 16), let task = stoppedTask(answer) else {
            throw .unexpected(request: request, answer: answer)
        }
        return .stopped(task: task, signal: signal)
    }

    private func stoppedTask(_ answer: String) -> Int32? {
        answer.firstMatch(of: /thread:p[0-9a-f]+\.([0-9a-f]+)/).flatMap { Int32($0.1, radix: 16) }
    }

    /// Goes to where `event` is done, and no code of the program has run after it. Breakpoints are gone then. The thread that runs next.
    @discardableResult
    func seek(_ event: UInt64, within patience: Duration? = nil) throws(RemoteFailure) -> Int32? {
        try run(to: String(event), within: patience)
    }

    /// Goes where rr's command `run` goes with this argument: `c2` is its second checkpoint.
    @discardableResult
    func run(to place: String, within patience: Duration? = nil) throws(RemoteFailure) -> Int32? {
        let answer = try ask("vRun;;\(Hex.text(place.utf8))", within: patience)
        guard answer.hasPrefix("T") else { throw .unexpected(request: "vRun;;\(place)", answer: answer) }
        // rr has a stop left, which the next resume gets at once.
        _ = try ask("vCont;c")
        return stoppedTask(answer)
    }

    /// Sets a breakpoint; `false` if there is nothing at the address.
    func setBreakpoint(_ address: UInt64, condition: String? = nil) throws(RemoteFailure) -> Bool {
        try ask("Z0,\(String(address, radix: 16)),1\(condition.map { ";" + $0 } ?? "")") == "OK"
    }

    /// Takes a breakpoint away that was set.
    func removeBreakpoint(_ address: UInt64) throws(RemoteFailure) {
        _ = try ask("z0,\(String(address, radix: 16)),1")
    }

    /// The event that is being replayed: the next one to be done.
    func currentEvent(_ task: Int32) throws(RemoteFailure) -> UInt64 {
        let text = try command("when", [], task)
        guard let event = text.firstMatch(of: /event: ([0-9]+)/).flatMap({ UInt64($0.1) }) else {
            throw .unexpected(request: "when", answer: text)
        }
        return isNew ? event + 1 : event
    }

    /// Makes a thread the one that is asked about; `false` if there is none.
    func select(_ task: Int32) throws(RemoteFailure) -> Bool {
        try ask("Hg\(name(task))") == "OK"
    }

    /// The registers of the thread that stopped, or was selected.
    func registers() throws(RemoteFailure) -> Registers {
        let answer = try ask("g")
        // rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8 to r15, rip
        guard let bytes = Hex.bytes(answer), bytes.count >= 17 * 8 else { throw .unexpected(request: "g", answer: answer) }
        let values = (0..<17).map { Self.number(bytes[($0 * 8)..<($0 * 8 + 8)]) }
        return Registers(number: values[0], arguments: [5, 4, 3, 10, 8, 9].map { values[$0] }, instructionPointer: values[16])
    }

    /// Up to `count` bytes of memory: fewer if not all is there.
    func memory(_ address: UInt64, _ count: Int) throws(RemoteFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let wanted = min(Self.memoryBlock, count - bytes.count)
            let request = "m\(String(address &+ UInt64(bytes.count), radix: 16)),\(String(wanted, radix: 16))"
            let answer = try ask(request)
            guard !answer.hasPrefix("E"), let part = Hex.bytes(answer), part.count <= wanted else { break }
            bytes += part
            if part.count < wanted { break }
        }
        return bytes
    }

    func name(_ task: Int32) -> String { "p\(String(process, radix: 16)).\(String(task, radix: 16))" }

    /// A number, low byte first.
    static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
