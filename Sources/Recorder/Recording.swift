import RunModel
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// One node being recorded: from the claim of its name to the last word in its sidecar.
public struct Recording {
    /// Whether to record with rr's syscall buffer.
    public enum BufferChoice: String, CaseIterable, Sendable {
        /// On, unless the kernel forbids what it needs.
        case auto
        case on
        case off
    }

    /// What to record, and how.
    public struct Request: Sendable {
        /// The run's directory; made if it is not there.
        public var run: String
        /// The node's name, if the user gave one.
        public var node: String?
        /// The counters asked for.
        public var counters: Counters.Choice
        /// Whether rr's syscall buffer is on.
        public var syscallBuffer: BufferChoice
        /// How long a task may run without a traced call, in milliseconds, if it is not rr that decides.
        public var slice: Int?
        /// Options of the user's for rr, and the command.
        public var words: RROptions

        /// A request to record `words` as a node of `run`.
        public init(
            run: String, node: String? = nil, counters: Counters.Choice = .auto, syscallBuffer: BufferChoice = .auto, slice: Int? = nil,
            words: RROptions
        ) {
            self.run = run
            self.node = node
            self.counters = counters
            self.syscallBuffer = syscallBuffer
            self.slice = slice
            self.words = words
        }
    }

    /// The name of the trace's directory in the node's.
    public static let traceName = "trace"

    private let request: Request
    private let environment: [String: String]
    private var rr: RRInvocation
    private let isSliced: Bool
    private let isBuffered: Bool
    /// Why the syscall buffer is off though nobody asked for that, if so.
    public let bufferProblem: RecorderError?
    private var sidecar: Sidecar
    private let directory: String

    /// Checks that the recording can begin, and claims the node's directory. Call it before anything else opens files: what is open here
    /// is what the program inherits.
    public init(_ request: Request, environment: [String: String]) throws(RecorderError) {
        let inherited = InheritedFiles.list()
        self.request = request
        self.environment = environment
        let program = request.words.command.first ?? ""
        guard Lookup.program(program, in: environment) != nil else { throw .noProgram(program) }
        var counters = try Counters.forRecording(request.counters, hardware: .probe())
        counters.microarchitecture = request.words.microarchitecture ?? counters.microarchitecture
        rr = try RRInvocation.with(counters, in: environment)
        if counters.kind == .software { try SoftwareEvents.checkDummy() }
        // Where the CPU counts, rr ends turns by itself.
        isSliced = request.slice != nil && counters.kind == .software
        if let slice = request.slice, isSliced { rr.environment[Counters.sliceVariable] = String(slice) }
        bufferProblem = try Self.bufferProblem(request.syscallBuffer)
        isBuffered = request.syscallBuffer != .off && bufferProblem == nil
        let launcher = HostFacts.launcher(in: environment)
        let node = try NodeName.claim(in: request.run, asked: request.node, program: program, launcher: launcher)
        directory = request.run + "/" + node
        sidecar = Sidecar(node: node)
        sidecar.counters = counters
        sidecar.launcher = launcher
        sidecar.inheritedFiles = inherited
    }

    /// Records until the program has ended. Must be called on the process's first thread while there is no other, because it waits for
    /// signals.
    ///
    /// The sidecar is written before rr starts: whoever finds a trace finds it, even if we are killed at once. `spins` is called once, with
    /// the id of a thread, if that holds up all others of the node.
    public mutating func run(spins: @escaping (Int32) -> Void) throws(RecorderError) -> RecordingEnd {
        let signals = SignalRelay()
        var problem = fillIn()
        sidecar.started = HostFacts.clocks()
        problem = write() ?? problem
        let child: Child
        do throws(Errno) {
            let surroundings = Child.Surroundings(mask: signals.inheritedMask, deathSignal: SIGTERM)
            child = try Child(rr.executable, arguments, environment: rr.environment, in: surroundings)
        } catch {
            discardEmptyNode()
            throw .cannotStart(path: rr.executable, error: error)
        }
        let isWatched = sidecar.counters?.kind == .software && !isSliced
        let end = signals.relay(to: child, spins: isWatched ? spins : nil)
        sidecar.ended = HostFacts.clocks()
        sidecar.conntrack = HostFacts.conntrack()
        problem = write() ?? problem
        discardEmptyNode()
        return RecordingEnd(end: end, problem: problem)
    }

    /// What keeps the syscall buffer from being on; an error only if it must be.
    private static func bufferProblem(_ choice: BufferChoice) throws(RecorderError) -> RecorderError? {
        guard choice != .off else { return nil }
        do throws(RecorderError) {
            try SoftwareEvents.checkContextSwitches()
            return nil
        } catch {
            if choice == .on { throw error }
            return error
        }
    }

    private var arguments: [CStrings.Bytes] {
        let own = ["record", "-o", directory + "/" + Self.traceName] + (isBuffered ? [] : ["-n"]) + (isSliced ? ["-s"] : [])
        let given = rr.arguments(own) + request.words.options
        return given.map(CStrings.bytes) + CStrings.arguments(request.words.command)
    }

    private mutating func fillIn() -> RecorderError? {
        sidecar.host = HostFacts.name()
        sidecar.bootID = Proc.line("/proc/sys/kernel/random/boot_id")
        sidecar.namespaces = HostFacts.namespaces()
        sidecar.timeOffsets = HostFacts.timeOffsets()
        sidecar.addresses = SocketAddress.ofInterfaces()
        sidecar.container = HostFacts.container()
        sidecar.conntrack = HostFacts.conntrack()
        sidecar.command = request.words.command
        sidecar.workingDirectory = Proc.link("/proc/self/cwd")
        sidecar.syscallBuffer = isBuffered
        sidecar.sslKeyLogFile = environment["SSLKEYLOGFILE"]
        do {
            sidecar.rrVersion = try RRVersion.of(rr.executable).description
            return nil
        } catch {
            return error
        }
    }

    /// A sidecar that cannot be written must not end a recording: the trace is worth having without it.
    private func write() -> RecorderError? {
        do {
            try SidecarFile.write(sidecar, in: directory)
            return nil
        } catch {
            return error
        }
    }

    /// Takes the node away again if rr ended without making a trace: it has said why.
    private func discardEmptyNode() {
        guard access(directory + "/" + Self.traceName, F_OK) != 0 else { return }
        unlink(directory + "/" + SidecarFile.name)
        rmdir(directory)
    }
}
