import SystemPackage

/// Why a replay cannot begin. Each text ends with what to do next.
public enum ReplayError: Error, Hashable, Sendable {
    /// There is no finished trace in the directory `path`.
    case noTrace(path: String)
    /// The file of gdb commands cannot be read.
    case noBatchFile(path: String)
    /// The program at `executable` could not be started.
    case cannotStart(executable: String, errno: Int32)
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
        }
    }
}
