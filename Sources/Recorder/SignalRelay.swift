#if canImport(Glibc)
    import Glibc
#endif

/// Signals sent to us while rr runs.
///
/// What the terminal sends (Ctrl-C) reaches every process of the foreground group, the recorded program too, and needs nothing from us
/// but to stay alive until rr has closed the trace. What is sent to our process id alone (`kill`, a supervisor) is meant for the program
/// that we stand for: rr ignores most signals, so they go to the program itself; SIGTERM goes to rr, which passes it on and makes sure
/// that the end comes.
struct SignalRelay {
    /// Passed on to the recorded program. Stopping (SIGTSTP) is left to the system: it stops the group.
    private static let toProgram = [SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH]

    /// How long rr may take to start the program; it needs some 10 ms.
    private static let startLimit = Duration.seconds(5)

    private let held: sigset_t
    /// The signal mask for rr and the program: the one that this process was started with.
    let inheritedMask: sigset_t

    /// Holds the signals back from now on.
    init() {
        // A launcher may have left SIGCHLD ignored: then we would not learn of rr's end.
        signal(SIGCHLD, SIG_DFL)
        // Ignored ones (nohup) stay so.
        let passed = ([SIGTERM] + Self.toProgram).filter { !SignalSet.isIgnored($0) }
        held = SignalSet.of(passed + [SIGCHLD])
        var mask = SignalSet.block(held)
        // rr's syscall buffer tells by it that a call blocks; where a launcher has left it blocked, the recording would hang.
        sigdelset(&mask, SIGPWR)
        inheritedMask = mask
    }

    /// Passes signals on until `child` has ended; calls `spins`, if given, when a thread that it records runs alone for long, once.
    func relay(to child: Child, spins: ((pid_t) -> Void)? = nil) -> Child.End {
        var held = held
        var watch = spins == nil ? nil : SpinWatch(child)
        var pause = timespec(tv_sec: 0, tv_nsec: SpinWatch.interval)
        while true {
            if let end = child.end(waiting: false) { return end }
            if let thread = watch?.look() {
                spins?(thread)
                watch = nil
            }
            var info = siginfo_t()
            let signal = watch == nil ? sigwaitinfo(&held, &info) : sigtimedwait(&held, &info, &pause)
            guard signal > 0, signal != SIGCHLD, isForUsAlone(signal, code: info.si_code) else { continue }
            // Before, a signal would end rr and leave its child stopped for ever, or be lost.
            child.awaitProgram(limit: Self.startLimit)
            if signal != SIGTERM, let program = child.firstChild {
                kill(program, signal)
            } else {
                child.send(SIGTERM)
            }
        }
    }

    /// Whether nobody but us got the signal. Positive codes are the kernel's own: it sends a terminal's signals to the whole group, but the
    /// news that the terminal is gone to the session's leader only.
    private func isForUsAlone(_ signal: Int32, code: Int32) -> Bool {
        code <= 0 || (signal == SIGHUP && getsid(0) == getpid())
    }
}
