import CLinux
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A process started by this one: rr.
///
/// Plain fork and exec rather than a library, because rr must stay in our process group, with our terminal, and get the
/// signal mask that we were started with; and must end its recording if we are killed.
package struct Child {
    /// How a process ended.
    package enum End: Hashable, Sendable {
        /// It exited with this code.
        case exited(Int32)
        /// It died of this signal.
        case signalled(Int32)

        /// As a shell tells it: 128 and the signal's number if it died of one.
        package var code: Int32 {
            switch self {
            case .exited(let code): code
            case .signalled(let signal): 128 + signal
            }
        }
    }

    /// How often it is looked whether something has happened to it, in microseconds.
    static let pollInterval: UInt32 = 500

    /// Its process id.
    let id: pid_t

    /// What a process is started with; what is not given is inherited.
    struct Surroundings {
        var input: FileDescriptor?
        var output: FileDescriptor?
        var errors: FileDescriptor?
        /// Its working directory.
        var directory: String?
        /// Whether it leads a session of its own, out of the reach of our terminal's keys.
        var isSessionLeader = false
        /// Its signal mask.
        var mask: sigset_t
        /// What it gets when the calling thread ends; 0 for nothing.
        var deathSignal: Int32 = 0
    }

    /// Starts `program` with `arguments` (without the program's own name) and our environment changed by `environment`.
    init(
        _ program: String, _ arguments: [CStrings.Bytes], environment: [String: String], in surroundings: Surroundings
    ) throws(Errno) {
        var mask = surroundings.mask
        let words = [CStrings.bytes(program)] + arguments
        let directory = surroundings.directory.map { CStrings.bytes($0) }
        let result = CStrings.withPointers(to: words) { words in
            CStrings.withPointers(to: CStrings.environment(changedBy: environment)) { variables in
                CStrings.withPointers(to: directory.map { [$0] } ?? []) { directory in
                    withUnsafePointer(to: &mask) { mask in
                        var given = ridealong_surroundings(
                            input: surroundings.input?.rawValue ?? -1, output: surroundings.output?.rawValue ?? -1,
                            errors: surroundings.errors?.rawValue ?? -1, directory: directory.pointee,
                            new_session: surroundings.isSessionLeader ? 1 : 0, mask: UnsafeRawPointer(mask),
                            death_signal: surroundings.deathSignal)
                        return ridealong_spawn(program, words, variables, &given)
                    }
                }
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
        while ContinuousClock.now < deadline, program == nil, Proc.link("/proc/\(id)/exe") != nil { usleep(Self.pollInterval) }
    }

    /// Its first child, if that runs a program of its own by now.
    var program: Child? {
        guard let first = firstChild, let own = Proc.link("/proc/\(id)/exe"), let its = Proc.link("/proc/\(first)/exe"), its != own
        else { return nil }
        return Child(id: first)
    }

    /// Its first child: for rr, the program it records. `nil` if there is none, or the kernel does not tell.
    var firstChild: pid_t? { Self.children(of: id).first }

    /// The children of the first thread of the process `id`.
    static func children(of id: pid_t) -> [pid_t] { Proc.children(of: Proc.Task(process: id, thread: id)) }

    private init(id: pid_t) { self.id = id }
}
