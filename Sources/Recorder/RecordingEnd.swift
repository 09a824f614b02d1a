#if canImport(Glibc)
    import Glibc
#endif

/// How a recording ended: as the program did, for rr passes that on.
public struct RecordingEnd {
    let end: Child.End
    /// What went wrong with the sidecar, if anything; the trace is not touched by it.
    public let problem: RecorderError?

    /// Ends this process the same way: with the program's exit code, or by the signal that it died of.
    public func pass() -> Never {
        switch end {
        case .exited(let code): exit(code)
        case .signalled(let number):
            // Its core, if any, was its own; ours would only overwrite it.
            var none = rlimit(rlim_cur: 0, rlim_max: 0)
            setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
            signal(number, SIG_DFL)
            var set = SignalSet.of([number])
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
            raise(number)
            exit(128 + number)
        }
    }
}
