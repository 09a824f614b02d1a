public import Capture
import Foundation
import Recorder
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
    }

    /// The trace directory.
    public var trace: String
    /// How to call rr: with the agent (`RRInvocation.withCaptureAgent`).
    public var rr: RRInvocation
    /// Size of the header of the trace's syscall buffers.
    public var bufferHeaderSize: Int
    /// How buffered calls are caught.
    public var mode: Mode
    /// A replay that captures nothing for so long is taken to hang.
    public var patience: Duration

    /// Microseconds between two looks at it.
    private static let pollInterval: UInt32 = 5000
    /// How much of what rr said goes into an error.
    private static let sayingLimit = 300

    /// A pass over `trace`.
    public init(trace: String, rr: RRInvocation, bufferHeaderSize: Int, mode: Mode = .ring, patience: Duration = .seconds(300)) {
        self.trace = trace
        self.rr = rr
        self.bufferHeaderSize = bufferHeaderSize
        self.mode = mode
        self.patience = patience
    }

    /// Replays, and writes the capture file `path`, which is there afterwards only if the pass went through to the end.
    ///
    /// Takes about as long as the replay. Blocks the calling thread; with it dies rr.
    ///
    /// - Parameter progress: called now and then with the number of bytes captured so far.
    public func run(into path: String, progress: ((UInt64) -> Void)? = nil) throws(ReplayError) -> CaptureFile {
        let partial = path + ".partial"
        remove(partial)
        defer { remove(partial) }
        var variables = ["RR_LOG": "TraceStream:fatal"].merging(rr.environment) { $1 }
        variables["RIDEALONG_CAPTURE"] = partial
        variables["RIDEALONG_CAPTURE_BUFFER"] = String(bufferHeaderSize)
        variables["RIDEALONG_CAPTURE_MODE"] = mode.rawValue
        var watch = Watch(path: partial, patience: patience)
        let run: BoundedRun
        do throws(Errno) {
            // -q: what the program printed is not printed again.
            run = try BoundedRun(
                rr.executable, rr.arguments(["replay", "-q", "-a", trace]), environment: variables, pollInterval: Self.pollInterval
            ) {
                let isStuck = watch.isStuck()
                progress?(watch.seen)
                return isStuck
            }
        } catch {
            throw .cannotStart(executable: rr.executable, errno: error.rawValue)
        }
        return try result(of: run, partial: partial, path: path)
    }

    /// What came of it.
    private func result(of run: BoundedRun, partial: String, path: String) throws(ReplayError) -> CaptureFile {
        let said = run.text.split(separator: "\n").prefix(3).joined(separator: "; ")
        let saying = said.isEmpty ? "rr said nothing" : "rr said: \(said.prefix(Self.sayingLimit))"
        guard let end = run.end else { throw .hung(trace: trace, seconds: patience.components.seconds) }
        let file: CaptureFile
        do throws(CaptureError) {
            file = try CaptureFile(path: partial)
        } catch {
            if end == .exited(0) { throw .notCaptured(trace: trace, detail: error.description) }
            throw .replayFailed(trace: trace, end: Self.text(end), saying: saying)
        }
        if file.state == .noSpace { throw .noSpace(path: path) }
        guard end == .exited(0), file.state == .ended else {
            throw .replayFailed(trace: trace, end: Self.text(end), saying: saying)
        }
        guard rename(partial, path) == 0 else { throw .notCaptured(trace: trace, detail: "\(path): \(String(cString: strerror(errno)))") }
        return file
    }

    private static func text(_ end: Child.End) -> String {
        switch end {
        case .exited(let code): "exit code \(code)"
        case .signalled(let signal): "signal \(signal)"
        }
    }

    private func remove(_ path: String) { unlink(path) }
}

/// Looks whether a capture file still grows.
private struct Watch {
    let path: String
    let patience: Duration
    private(set) var seen: UInt64 = 0
    private var file: CaptureFile?
    private var latest = ContinuousClock.now

    init(path: String, patience: Duration) {
        self.path = path
        self.patience = patience
    }

    mutating func isStuck() -> Bool {
        // try?: the file is not there yet while rr starts
        if file == nil { file = try? CaptureFile(path: path) }
        let size = file?.progress() ?? 0
        let now = ContinuousClock.now
        if size > seen { (seen, latest) = (size, now) }
        return now - latest > patience
    }
}
