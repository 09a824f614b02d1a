public import Capture
import Foundation
public import Recorder
public import RunModel
import SystemPackage

/// One replay of a trace from its beginning to its end, with the capture agent in it.
public struct CapturePass: Sendable {
    /// How buffered calls are caught.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// In a ring inside the tracee, if rr's page is as expected.
        case ring
        /// By a stop for each.
        case int3
        /// By rr's debug server, without an agent: slow, and independent of it.
        case remote
    }

    /// The trace directory.
    public var trace: String
    /// How to call rr: with the agent (`RRInvocation.withCaptureAgent`).
    public var rr: RRInvocation
    /// Size of the header of the trace's syscall buffers.
    public var bufferHeaderSize: Int
    /// How buffered calls are caught.
    public var mode: Mode
    /// A replay that makes no call for so long, and for `CaptureWatch.slowness` times what the recorded program has computed there, is
    /// taken to hang.
    public var patience: Duration
    /// The version of rr, which its debug server's language depends on.
    public var version: RRVersion
    /// What it shares with other passes that run at the same time.
    public var budget: ReplayBudget?

    /// Microseconds between two looks at it.
    private static let pollInterval: UInt32 = 10_000
    /// How much of what rr said goes into an error.
    private static let sayingLimit = 300

    /// A pass over `trace`.
    public init(
        trace: String, rr: RRInvocation, bufferHeaderSize: Int, mode: Mode = .ring, patience: Duration = .seconds(300),
        version: RRVersion = RRVersion.tried.lowerBound, budget: ReplayBudget? = nil
    ) {
        self.trace = trace
        self.rr = rr
        self.bufferHeaderSize = bufferHeaderSize
        self.mode = mode
        self.patience = patience
        self.version = version
        self.budget = budget
    }

    /// Replays, and writes the capture file `path`, which is there afterwards only if the pass went through to the end.
    ///
    /// Takes about as long as the replay, and waits before that for a place in the budget. Blocks the calling thread; with it dies rr.
    ///
    /// - Parameter progress: called now and then with the event that the replay has reached.
    public func run(into path: String, progress: ((UInt64) -> Void)? = nil) throws(ReplayError) -> CaptureFile {
        if mode == .remote { return try runRemotely(into: path, progress: progress) }
        if let file = try attempt(into: path, alone: false, progress: progress) { return file }
        // It did not fit beside the others.
        guard let file = try attempt(into: path, alone: true, progress: progress) else {
            throw .notCaptured(trace: trace, detail: "it was ended for lack of memory")
        }
        return file
    }

    /// The same; `nil` if it had to end because memory ran short.
    private func attempt(into path: String, alone: Bool, progress: ((UInt64) -> Void)?) throws(ReplayError) -> CaptureFile? {
        let partial = path + ".partial"
        unlink(partial)
        defer { unlink(partial) }
        var variables = rr.quietEnvironment()
        variables["RIDEALONG_CAPTURE"] = partial
        variables["RIDEALONG_CAPTURE_BUFFER"] = String(bufferHeaderSize)
        variables["RIDEALONG_CAPTURE_MODE"] = mode.rawValue
        let place = budget?.enter(alone: alone)
        defer { if let place { budget?.leave(place) } }
        if let place { variables[RRInvocation.replayCPUVariable] = String(place.number) }
        var watch = CaptureWatch(path: partial, trace: trace, patience: patience)
        var isCrowded = false
        let run: BoundedRun
        do throws(Errno) {
            // -q: what the program printed is not printed again.
            run = try BoundedRun(
                rr.executable, rr.arguments(["replay", "-q", "-a", trace]), environment: variables, pollInterval: Self.pollInterval
            ) { process in
                let isStuck = watch.isStuck()
                if let progress { progress(watch.reached()) }
                if let budget, let place, let bytes = watch.memory(of: process) { isCrowded = !budget.mayGoOn(place, taking: bytes) }
                return isStuck || isCrowded
            }
        } catch {
            throw .cannotStart(executable: rr.executable, errno: error.rawValue)
        }
        if isCrowded, run.end == nil { return nil }
        return try result(of: run, &watch, partial: partial, path: path)
    }

    /// What came of it.
    private func result(
        of run: BoundedRun, _ watch: inout CaptureWatch, partial: String, path: String
    ) throws(ReplayError) -> CaptureFile {
        let said = run.text.split(separator: "\n").prefix(3).joined(separator: "; ")
        let saying = said.isEmpty ? "rr said nothing" : "rr said: \(said.prefix(Self.sayingLimit))"
        guard let end = run.end else {
            throw .hung(trace: trace, event: watch.reached(), seconds: watch.allowance.components.seconds)
        }
        let file: CaptureFile
        do throws(CaptureError) {
            file = try CaptureFile(path: partial)
        } catch {
            if end == .exited(0) { throw .notCaptured(trace: trace, detail: error.description) }
            throw .replayFailed(trace: trace, event: Self.event(in: run.text) ?? 0, end: Self.text(end), saying: saying)
        }
        if file.state == .noSpace { throw .noSpace(path: path) }
        guard end == .exited(0), file.state == .ended else {
            let event = Self.event(in: run.text) ?? watch.reached()
            throw .replayFailed(trace: trace, event: event, end: Self.text(end), saying: saying)
        }
        try keep(partial, as: path)
        return file
    }

    /// The capture is whole, and gets its name.
    private func keep(_ partial: String, as path: String) throws(ReplayError) {
        guard rename(partial, path) == 0 else { throw .notCaptured(trace: trace, detail: "\(path): \(String(cString: strerror(errno)))") }
    }

    /// The same by rr's debug server.
    private func runRemotely(into path: String, progress: ((UInt64) -> Void)?) throws(ReplayError) -> CaptureFile {
        let partial = path + ".partial"
        defer { unlink(partial) }
        let place = budget?.enter()
        defer { if let place { budget?.leave(place) } }
        var event: UInt64 = 0
        do {
            var capture = try RemoteCapture(self, path: partial) {
                event = $0
                progress?($0)
            }
            try capture.run()
            let file = try CaptureFile(path: partial)
            try keep(partial, as: path)
            return file
        } catch let error as ReplayError {
            throw error
        } catch RemoteFailure.silent {
            throw .hung(trace: trace, event: event, seconds: patience.components.seconds)
        } catch let failure as RemoteFailure {
            throw .replayFailed(trace: trace, event: event, end: failure.text, saying: "it was captured by rr's debug server")
        } catch {
            throw .notCaptured(trace: trace, detail: "\(error)")
        }
    }

    /// The event at which rr gave up, if it says so: `(task 12 (rec:34) at time 56)`.
    static func event(in text: String) -> UInt64? {
        text.firstMatch(of: /\(rec:[0-9]+\) at time ([0-9]+)/).flatMap { UInt64($0.1) }
    }

    private static func text(_ end: Child.End) -> String {
        switch end {
        case .exited(let code): "exit code \(code)"
        case .signalled(let signal): "signal \(signal)"
        }
    }
}
