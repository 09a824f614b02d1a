public import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// How `ridealong up` ends.
public struct UpEnd {
    /// Why the run is over.
    public enum Reason {
        /// All nodes that are not services have ended, or all nodes.
        case finished
        /// A node has failed, with this exit code (128 and the signal's number, if it died of one); `tail` are the last lines of its
        /// log.
        case failed(node: String, code: Int32, log: String, tail: [String])
        /// A node could not be started.
        case cannotStart(node: String, error: Errno)
        /// A node waits for what can no longer happen, because no other runs.
        case stuck(node: String, condition: UpSpec.Condition)
        /// We were sent this signal.
        case signalled(Int32)
        /// The news of the nodes could not be told.
        case unheard(any Error)
    }

    /// Why the run is over: the first of all reasons.
    public let reason: Reason
    /// The nodes whose traces end in the middle, because rr was killed.
    public let incomplete: [String]

    /// What went wrong, and what to do about it; nothing if nothing did.
    public var problems: [String] {
        let problem: String? =
            switch reason {
            case .finished, .signalled: nil
            case .failed(let node, let code, let log, let tail):
                "\(node) failed with \(code): see \(log)" + (tail.isEmpty ? "" : ", which ends with") + tail.map { "\n  \($0)" }.joined()
            case .cannotStart(let node, let error): "cannot start \(node) (\(error)): is the disk full, or the run directory not yours?"
            case .stuck(let node, let condition):
                "\(node) waits for \(condition), and no node runs that could bring it about: check \"after\""
            case .unheard(let error): "cannot write: \(error)"
            }
        return [problem].compactMap { $0 } + incomplete.map { "the trace of \($0) is incomplete: what was written can be indexed" }
    }

    /// Ends this process: with the failed node's exit code, or by the signal that ended the run.
    public func pass() -> Never {
        switch reason {
        case .finished: exit(incomplete.isEmpty ? EXIT_SUCCESS : EXIT_FAILURE)
        case .failed(_, let code, _, _): exit(code)
        case .cannotStart: exit(EX_UNAVAILABLE)
        case .stuck, .unheard: exit(EXIT_FAILURE)
        case .signalled(let signal): RecordingEnd(end: .signalled(signal), problem: nil).pass()
        }
    }
}
