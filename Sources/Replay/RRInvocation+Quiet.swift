import RunModel

extension RRInvocation {
    /// The variables with which rr replays without many words: it finds a trace's files changed whenever the trace was copied, and would
    /// say so dozens of times (docs/debugging.md). What `inherited` or its own variables say counts more.
    func quietEnvironment(inheriting inherited: [String: String] = [:]) -> [String: String] {
        ["RR_LOG": "TraceStream:fatal"].merging(inherited) { $1 }.merging(environment) { $1 }
    }
}
