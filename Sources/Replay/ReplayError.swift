import SystemPackage

/// Why a replay cannot begin. Each text ends with what to do next.
public enum ReplayError: Error, Hashable, Sendable {
    /// There is no finished trace in the directory `path`.
    case noTrace(path: String)
    /// The file of gdb commands cannot be read.
    case noBatchFile(path: String)
    /// The program at `executable` could not be started.
    case cannotStart(executable: String, errno: Int32)
    /// The replay of `trace` came to `event`, and not to its end; `saying` is what rr had to say.
    case replayFailed(trace: String, event: UInt64, end: String, saying: String)
    /// The replay of `trace` made no call for `seconds` after `event`, and was killed.
    case hung(trace: String, event: UInt64, seconds: Int64)
    /// The replay of `process` for a debugger failed, and stands at `event` again, or nowhere.
    case lost(trace: String, process: Int32, event: UInt64, detail: String)
    /// The replay of `trace` went well, but nothing usable was captured.
    case notCaptured(trace: String, detail: String)
    /// There is no room for the capture file at `path`.
    case noSpace(path: String)
}

extension ReplayError {
    /// The event up to which the replay came, if it is known.
    public var event: UInt64? {
        switch self {
        case .replayFailed(_, let event, _, _), .hung(_, let event, _): event > 0 ? event : nil
        default: nil
        }
    }
}

extension ReplayError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .noTrace(let path):
            "\(path) holds no finished rr trace (no readable `version`), and rr replays no other: choose a node whose recorder ended well"
        case .noBatchFile(let path):
            "\(path) cannot be read: give --batch a file of gdb commands"
        case .cannotStart(let executable, let errno):
            "\(executable) could not be started (\(Errno(rawValue: errno))): ask `ridealong doctor`"
        case .replayFailed(let trace, let event, let end, let saying):
            """
            the replay of \(trace) failed at event \(event) (\(end)); \(saying): does `rr replay -a \(trace)` work here? ask \
            `ridealong doctor`
            """
        case .hung(let trace, let event, let seconds):
            """
            the replay of \(trace) made no system call for \(seconds) s after event \(event) and was ended: does `rr replay -a \(trace)` \
            come to its end?
            """
        case .lost(let trace, let process, let event, let detail):
            """
            the replay of process \(process) of \(trace) failed behind event \(event): \(detail); does `rr replay -a \(trace)` come to its \
            end? ask `ridealong doctor`
            """
        case .notCaptured(let trace, let detail):
            "\(trace) was replayed, but its calls were not captured (\(detail)): build the library again (make build)"
        case .noSpace(let path):
            "the disk is full: no room for the calls of a replay in \(path); free some, or delete the directory .ridealong of other runs"
        }
    }
}
