public import Replay

/// A process that the debugger has visited: an inferior, as gdb says.
///
/// gdb knows it by its number, since processes of two nodes may have the same id; threads keep the ids that they had.
public final class Debuggee {
    /// Its number: 1 for the first that was visited.
    public let number: Int
    /// The name of its node.
    public let node: String
    /// Its replay.
    public let replay: ProcessReplay
    /// Whether gdb has it as an inferior.
    var isAttached = false
    /// Whether the next resume is answered at once: gdb's `run` waits for that.
    var hasPendingStop = false

    init(number: Int, node: String, replay: ProcessReplay) {
        self.number = number
        self.node = node
        self.replay = replay
    }

    /// The name of a thread of it.
    func name(_ task: Int32) -> String { "p\(String(number, radix: 16)).\(String(task, radix: 16))" }

    /// The name of the thread that stopped last.
    var name: String { name(replay.task) }
}

/// A thread as gdb names it: `p2.1a3`, with -1 for all and 0 for any.
struct ThreadName: Equatable {
    /// The number of the debuggee; `nil` for all or any.
    var debuggee: Int?
    /// The thread; `nil` for all or any.
    var task: Int32?

    /// The thread named `text`; `nil` if that is no name.
    init?(_ text: some StringProtocol) {
        var words = text.split(separator: ".", omittingEmptySubsequences: false)
        if let first = words.first, first.hasPrefix("p") {
            guard let number = Int(first.dropFirst(), radix: 16) else { return nil }
            debuggee = number > 0 ? number : nil
            words.removeFirst()
            guard !words.isEmpty else { return }
        }
        guard words.count == 1, let number = Int32(words[0], radix: 16) else { return nil }
        task = number > 0 ? number : nil
    }
}
