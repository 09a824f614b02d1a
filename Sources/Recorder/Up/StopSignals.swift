#if canImport(Glibc)
    import Glibc
#endif

/// The signals that `ridealong up` waits for: those that ask it to stop, and the news of a child's end.
///
/// Must be made on the process's first thread while there is no other.
struct StopSignals {
    private let held: sigset_t
    /// The signal mask for children: the one that this process was started with.
    let inheritedMask: sigset_t

    /// What a terminal's keys send.
    private static let keys = [SIGINT, SIGQUIT]

    /// Holds the signals back from now on.
    init() {
        // A launcher may have left it ignored: then we would not learn of a child's end.
        signal(SIGCHLD, SIG_DFL)
        // Ignored ones (nohup) stay so.
        let asking = [SIGINT, SIGTERM, SIGHUP, SIGQUIT].filter { !SignalSet.isIgnored($0) }
        held = SignalSet.of(asking + [SIGCHLD])
        // A reader of our output that has gone away must not end us before the nodes: writing fails all the same.
        inheritedMask = SignalSet.block(SignalSet.of(asking + Self.keys + [SIGCHLD, SIGPIPE]))
        // Shells have programs in the background ignore the terminal's keys. The nodes have no terminal, and may be ended by these signals.
        for key in Self.keys { signal(key, SIG_DFL) }
    }

    /// Waits for a signal, at most until `deadline`; which one asks us to stop, if one does.
    func next(until deadline: ContinuousClock.Instant?) -> Int32? {
        var held = held
        let left = deadline.map { max(.zero, $0 - ContinuousClock.now).components }
        var limit = timespec(
            tv_sec: Int(left?.seconds ?? 0), tv_nsec: Int((left?.attoseconds ?? 0) / 1_000_000_000))
        let signal = left == nil ? sigwaitinfo(&held, nil) : sigtimedwait(&held, nil, &limit)
        return signal > 0 && signal != SIGCHLD ? signal : nil
    }
}
