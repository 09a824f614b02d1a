import SystemPackage

/// Why a session cannot begin, or a command of it cannot be done. Each text ends with what to do next.
public enum DebugError: Error, Hashable, Sendable {
    /// No port of the loopback address could be had for gdb.
    case noPort(errno: Int32)
    /// The trace has no such process, or cannot be read up to it.
    case noProcess(process: Int32, node: String)
    /// The trace cannot be read up to the position, or has no such call.
    case noPosition(position: String)
    /// The thread neither sends nor receives anything near this position.
    case noMessage(position: String)
    /// The thread has received nothing up to this position.
    case noArrival(position: String)
    /// There is no other message of the channel in this direction.
    case noNeighbour(position: String, isNext: Bool)
    /// Nobody recorded received the message.
    case leftRecording(message: String, channel: String, bytes: UInt64)
    /// Nobody recorded sent the message.
    case sentFromOutside(message: String, channel: String)
    /// There is no further place in the history of jumps.
    case noHistory(isBack: Bool)
    /// There is no operation of this rank.
    case noRank(rank: Int)
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
        case .noMessage(let position):
            "the thread sends no message near \(position): ‘messages here’ lists those of its node, ‘goto’ goes to one"
        case .noArrival(let position):
            "the thread has received no message up to \(position): ‘messages here’ lists those of its node, ‘goto’ goes to one"
        case .noNeighbour(let position, let isNext):
            "\(position) is the \(isNext ? "last" : "first") of its side of the channel: ‘messages here’ lists others"
        case .leftRecording(let message, let channel, let bytes):
            "the message of \(bytes) bytes sent at \(message) was received by nobody recorded: see ‘ridealong show \(channel)’"
        case .sentFromOutside(let message, let channel):
            "the message received at \(message) was sent by nobody recorded: see ‘ridealong show \(channel)’"
        case .noHistory(let isBack):
            "there is no place \(isBack ? "before" : "after") this one in the history: ‘goto’ and ‘ride’ make new ones"
        case .noRank(let rank):
            "no operation has rank \(rank): ‘messages’ shows the ranks"
        case .unknownCommand(let text):
            "‘\(text)’ is no command of Ridealong; docs/debugger.md lists them"
        case .noGDB(let executable, let errno):
            "\(executable) could not be started (\(Errno(rawValue: errno))): ask `ridealong doctor`"
        }
    }
}
