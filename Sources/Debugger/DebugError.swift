import SystemPackage

/// Why a session cannot begin, or a command of it cannot be done. Each text ends with what to do next.
public enum DebugError: Error, Hashable, Sendable {
    /// No port of the loopback address could be had for gdb.
    case noPort(errno: Int32)
    /// The trace has no such process, or cannot be read up to it.
    case noProcess(process: Int32, node: String)
    /// The trace cannot be read up to the position, or has no such call.
    case noPosition(position: String)
    /// `monitor` does not know these words.
    case unknownCommand(text: String)
    /// gdb could not be started.
    case noGDB(executable: String, errno: Int32)
}

extension DebugError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .noPort(let errno):
            "no port of 127.0.0.1 could be opened for gdb (\(Errno(rawValue: errno))): is the loopback interface up?"
        case .noProcess(let process, let node):
            "process \(process) of \(node) is not in its trace: run `ridealong index` again if the trace has changed"
        case .noPosition(let position):
            "\(position): the trace cannot be read up to there; run `ridealong index` again if it has changed"
        case .unknownCommand(let text):
            "‘\(text)’ is no command; `help ridealong` lists them"
        case .noGDB(let executable, let errno):
            "\(executable) could not be started (\(Errno(rawValue: errno))): ask `ridealong doctor`"
        }
    }
}
