import RunModel
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A node while `ridealong up` looks after it: its recorder, and how far it has come.
struct SupervisedNode {
    /// How it is made to end. Each step is taken when the one before it has not helped in time.
    enum Step: Int, Comparable {
        /// Its program has been sent the node's stop signal.
        case asked
        /// rr has been told to end: it sends the program SIGTERM, kills it after five seconds, and completes the trace.
        case ended
        /// rr has been killed, and with it what it traces.
        case killed
        /// The recorder has been killed, too.
        case abandoned

        static func < (a: Step, b: Step) -> Bool { a.rawValue < b.rawValue }
    }

    let spec: UpSpec.Node
    /// What its directory in the run is called.
    let name: String
    /// Its directory in the run; not there before it is started.
    let directory: String
    /// The file that takes what it prints.
    private(set) var log: NodeLog
    private let run: String
    private var recorder: Child?
    /// Whether its program has been seen.
    private var isRunning = false
    private(set) var end: Child.End?
    private var step: Step?
    private var deadline: ContinuousClock.Instant?

    /// How long rr may take to complete a trace: the five seconds that it gives the program, and time to write.
    private static let completionLimit = Duration.seconds(15)
    /// How long a killed process may take to be gone.
    private static let killLimit = Duration.seconds(2)

    /// A node to be recorded into the run directory `run`, an absolute path.
    init(_ spec: UpSpec.Node, run: String, launcher: Sidecar.Launcher?) {
        self.spec = spec
        self.run = run
        name = NodeName.ranked(spec.name, launcher)
        directory = run + "/" + name
        log = NodeLog(path: directory + ".log")
    }

    /// Its recorder's process id, while that runs.
    var process: pid_t? { end == nil ? recorder?.id : nil }
    /// Whether its recorder has been started, and has not ended.
    var isAlive: Bool { recorder != nil && end == nil }
    /// Whether its recorder has been started.
    var hasBegun: Bool { recorder != nil }
    /// Whether its program runs, or has run.
    var hasStarted: Bool { isRunning || end != nil }
    /// When the next step towards its end is due.
    var nextStep: ContinuousClock.Instant? { isAlive ? deadline : nil }

    /// The exit code that it failed with, if it has, as a shell tells it.
    var failure: Int32? { end.flatMap { $0.code == 0 ? nil : $0.code } }

    /// Starts its recorder: this very program.
    mutating func start(mask: sigset_t) throws(Errno) -> NodeChange {
        var options = ["record", "--run", run, "--node", spec.name, "--syscall-buffer", spec.syscallBuffer.rawValue, "--"]
        options += spec.rrOptions + ["--"] + spec.command
        let input = try Self.open("/dev/null", O_RDONLY)
        defer { close(input.rawValue) }
        let output = try Self.open(log.path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
        defer { close(output.rawValue) }
        // Should we die, each recorder ends its node by itself.
        let child = try Child(
            Lookup.ownPath() ?? "/proc/self/exe", options.map(CStrings.bytes), environment: spec.environment,
            in: Child.Surroundings(
                input: input, output: output, errors: output, directory: spec.directory, isSessionLeader: true, mask: mask,
                deathSignal: SIGTERM))
        recorder = child
        return change(.starting(process: child.id))
    }

    private static func open(_ path: String, _ flags: Int32) throws(Errno) -> FileDescriptor {
        let number = Glibc.open(path, flags | O_CLOEXEC, 0o666)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: number)
    }

    /// What it has printed since the last time.
    mutating func listen() -> [NodeChange] { hasBegun ? log.newLines(isLast: end != nil).map { change(.printed($0)) } : [] }

    /// What has happened to it since the last time, if anything.
    mutating func look() -> NodeChange? {
        guard let recorder, end == nil else { return nil }
        if let end = recorder.end(waiting: false) {
            self.end = end
            switch end {
            case .exited(let code): return change(.exited(code: code, trace: trace))
            case .signalled(let signal):
                tidyUp()
                return change(.died(signal: signal, trace: trace))
            }
        }
        guard !isRunning, let program = recorder.program?.program else { return nil }
        isRunning = true
        return change(.running(process: program.id))
    }

    /// Takes the next step towards its end, if that is due.
    mutating func stop() -> NodeChange? {
        guard let step else { return take(.asked) }
        guard let deadline, deadline <= .now else { return nil }
        return take(Step(rawValue: step.rawValue + 1) ?? .abandoned)
    }

    /// Takes `step` towards its end, unless that is done.
    mutating func hurry(to step: Step) -> NodeChange? { self.step.map { $0 < step } ?? true ? take(step) : nil }

    private mutating func take(_ next: Step) -> NodeChange? {
        guard let recorder, end == nil else { return nil }
        step = next
        switch next {
        case .asked:
            guard let program = recorder.program?.program else { return take(.ended) }
            program.send(spec.stopSignal)
            deadline = .now + spec.grace
            return change(.stopping(signal: spec.stopSignal))
        case .ended:
            recorder.send(SIGTERM)
            deadline = .now + Self.completionLimit
            return change(.ending)
        case .killed:
            (recorder.program ?? recorder).send(SIGKILL)
            deadline = .now + Self.killLimit
            return change(.killing)
        case .abandoned:
            recorder.send(SIGKILL)
            deadline = .now + Self.killLimit
            return nil
        }
    }

    /// The node with news.
    func change(_ news: NodeChange.News) -> NodeChange { NodeChange(node: name, news: news) }

    /// What there is of its trace.
    var trace: NodeChange.TraceState {
        let path = directory + "/" + Recording.traceName
        if access(path + "/version", F_OK) == 0 { return .complete }
        return access(path, F_OK) == 0 ? .incomplete : .none
    }

    /// Takes its files away if it has no trace. A recorder does that by itself, but not if a signal ends it before it could begin.
    private func tidyUp() {
        guard trace == .none else { return }
        for entry in Proc.entries(directory) { unlink(directory + "/" + entry) }
        rmdir(directory)
        if NodeLog.tail(log.path, count: 1).isEmpty { unlink(log.path) }
    }
}
