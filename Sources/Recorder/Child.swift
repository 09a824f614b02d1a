import CLinux
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A process started by this one: rr.
///
/// Plain fork and exec rather than a library, because rr must stay in our process group, with our terminal, and get the
/// signal mask that we were started with; and must end its recording if we are killed.
struct Child {
    /// How a process ended.
    enum End: Hashable, Sendable {
        /// It exited with this code.
        case exited(Int32)
        /// It died of this signal.
        case signalled(Int32)
    }

    /// How often it is looked whether something has happened to it, in microseconds.
    static let pollInterval: UInt32 = 500

    /// Its process id.
    let id: pid_t

    /// Starts `program` with `arguments` (without the program's own name) and our environment changed by `environment`. Where `output`
    /// or `errors` is given, it takes the place of the inherited stdout or stderr. `mask` is its signal mask; `deathSignal` is what it
    /// gets when the calling thread ends.
    init(
        _ program: String, _ arguments: [CStrings.Bytes], environment: [String: String], output: FileDescriptor? = nil,
        errors: FileDescriptor? = nil, mask: sigset_t, deathSignal: Int32 = 0
    ) throws(Errno) {
        var mask = mask
        let words = [CStrings.bytes(program)] + arguments
        let result = CStrings.withPointers(to: words) { words in
            CStrings.withPointers(to: CStrings.environment(changedBy: environment)) { variables in
                ridealong_spawn(program, words, variables, output?.rawValue ?? -1, errors?.rawValue ?? -1, &mask, deathSignal)
            }
        }
        guard result > 0 else { throw Errno(rawValue: -result) }
        id = result
    }

    /// How it ended, if it did; else `nil` at once, or, if `waiting`, once it has.
    func end(waiting: Bool) -> End? {
        var status: Int32 = 0
        var result: pid_t
        repeat { result = waitpid(id, &status, waiting ? 0 : WNOHANG) } while result < 0 && errno == EINTR
        guard result == id else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
    }

    /// Sends it `signal`.
    func send(_ signal: Int32) { kill(id, signal) }

    /// Waits until its first child runs a program of its own, or it has itself ended, at most `limit`.
    func awaitProgram(limit: Duration) {
        let deadline = ContinuousClock.now + limit
        // A process that has ended has no link any more.
        while ContinuousClock.now < deadline, let own = Proc.link("/proc/\(id)/exe") {
            if let program = firstChild.flatMap({ Proc.link("/proc/\($0)/exe") }), program != own { return }
            usleep(Self.pollInterval)
        }
    }

    /// Its first child: for rr, the program it records. `nil` if there is none, or the kernel does not tell.
    var firstChild: pid_t? {
        guard let text = Proc.text("/proc/\(id)/task/\(id)/children") else { return nil }
        return text.split(separator: " ").first.flatMap { pid_t($0) }
    }
}
