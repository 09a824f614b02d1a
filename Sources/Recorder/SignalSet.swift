import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// Sets of signals, and the calling thread's mask.
enum SignalSet {
    /// The set of `signals`.
    static func of(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }

    /// Adds `signals` to the calling thread's mask; returns the mask that it had.
    static func block(_ signals: sigset_t) -> sigset_t {
        var signals = signals
        var before = sigset_t()
        pthread_sigmask(SIG_BLOCK, &signals, &before)
        return before
    }

    /// Whether `signal` is ignored by this process.
    static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        // SIG_IGN is the address 1.
        return sigaction(signal, nil, &action) == 0 && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}
