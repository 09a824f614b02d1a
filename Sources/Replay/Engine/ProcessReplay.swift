public import Recorder
public import RunModel

/// One process of a node under replay, for a debugger: it can be asked, and moved in both directions.
///
/// Behind it is an `rr replay` that serves this process alone. It is started when it is first needed. If it dies or falls silent it is
/// started again, at the last event that it had reached: what is lost is the place within the event, and the caller is told.
///
/// A value of one thread. Nothing here is quick enough, or needed often enough, to be worth more.
public final class ProcessReplay {
    /// What has to be known to replay it.
    public struct Subject: Sendable {
        /// How to call rr.
        public var rr: RRInvocation
        /// rr's version.
        public var version: RRVersion
        /// The trace directory.
        public var trace: String
        /// The process.
        public var life: ProcessLife

        /// A process of `trace`.
        public init(rr: RRInvocation, version: RRVersion, trace: String, life: ProcessLife) {
            self.rr = rr
            self.version = version
            self.trace = trace
            self.life = life
        }
    }

    /// Where it stopped.
    public struct Stop: Hashable, Sendable {
        /// At an end of what can be replayed.
        public enum Edge: String, Hashable, Sendable {
            case begin, end
        }

        /// The signal that gdb is told; 0 for reasons of rr's own.
        public var signal: UInt8
        /// The thread.
        public var task: Int32
        /// Whether there is more in the direction in which it ran.
        public var edge: Edge?
        /// What rr says about the reason, such as `watch:404028;`, as gdb's remote protocol has it.
        public var reason = ""
        /// Why rr had to be started again, if so: then it stands at the end of the last event known.
        public var restart: String?

        /// A stop in `task`.
        public init(signal: UInt8 = 0, task: Int32, edge: Edge? = nil, restart: String? = nil) {
            self.signal = signal
            self.task = task
            self.edge = edge
            self.restart = restart
        }
    }

    /// What is replayed.
    public let subject: Subject
    /// The thread that stopped last, or was chosen since.
    public internal(set) var task: Int32
    /// The last event that was done where it stopped, as far as that was asked: single steps do not.
    public internal(set) var event: UInt64
    /// The signals of the program that the debugger does not want to hear of, as in the protocol's `QPassSignals`.
    public var passedSignals: String? {
        didSet { isTold = false }
    }
    private var isTold = false
    /// The breakpoints that should be there, with their conditions, and those that are.
    var wanted: [Breakpoint: String] = [:]
    var inserted: Set<Breakpoint> = []
    /// Whether it ran to the end of the process.
    var isAtEnd = false
    var diversion = Diversion.none
    /// Where the program begins, and where its loader lies, for the number of programs that the process had begun.
    var image: (programs: Int, entry: UInt64, loader: UInt64)?
    var server: ReplayServer?
    private var suspended: Place?

    /// How long rr may take to begin, or to go to an event: for most of it, it replays.
    static let patienceForReplay = Duration.seconds(600)
    /// How long rr may take to answer anything else.
    static let patience = Duration.seconds(10)

    /// A call of a function of the program, for which rr leaves the recording.
    enum Diversion: Equatable {
        case none
        /// Begun by this thread.
        case active(Int32)
        /// Over at the next move.
        case ending
    }

    /// A replay of `subject`, not yet started.
    public init(_ subject: Subject) {
        self.subject = subject
        task = subject.life.process
        event = subject.life.first
    }

    /// Whether rr runs.
    public var isOpen: Bool { server != nil }

    /// The process id of rr, if it runs.
    public var processID: Int32? { server?.processID }

    /// The memory of rr and its replay, in bytes; 0 if it does not run.
    public var memory: UInt64 { processID.map(Memory.ofTree) ?? 0 }

    /// Ends rr to save its memory. The next request starts it again, and comes back to exactly this place.
    public func suspend() throws(ReplayError) {
        guard isOpen, diversion == .none else { return }
        let place = try place()
        close()
        suspended = place
    }

    /// Ends rr. The next request starts it again, at the end of the last event.
    public func close() {
        server = nil
        inserted = []
        isAtEnd = false
        diversion = .none
    }

    /// Starts rr if it does not run, and goes to the last event.
    @discardableResult
    func open() throws(ReplayError) -> ReplayServer {
        if let server { return server }
        do throws(RemoteFailure) {
            guard
                let waiting = try ReplayServer.start(
                    subject.rr, trace: subject.trace, process: subject.life.process, patience: Self.patienceForReplay)
            else { throw .unexpected(request: "start", answer: "no process \(subject.life.process)") }
            let server = try ReplayServer(waiting, version: subject.version, process: subject.life.process, patience: Self.patience)
            try go(server, to: event)
            self.server = server
            isTold = false
        } catch {
            throw .lost(trace: subject.trace, process: subject.life.process, event: event, detail: error.text)
        }
        if let place = suspended {
            suspended = nil
            _ = try go(to: place)
        }
        // Coming back to the place may have needed another server than the first.
        if let server { return server }
        return try open()
    }

    /// Does `body` with the server. If rr fails, it is started again at the last event, and then the error is thrown; but what can be
    /// done `anywhere`, such as going somewhere, or telling where it stands, is tried once more.
    func serving<Result>(
        anywhere: Bool = false, _ body: (ReplayServer) throws(RemoteFailure) -> Result
    ) throws(ReplayError) -> Result {
        let server = try open()
        do throws(RemoteFailure) {
            if !isTold, let passedSignals { _ = try server.ask("QPassSignals:\(passedSignals)") }
            isTold = true
            return try body(server)
        } catch {
            try restart()
            if anywhere { return try serving(body) }
            throw .lost(trace: subject.trace, process: subject.life.process, event: event, detail: error.text)
        }
    }

    /// Starts rr again, at the last event.
    func restart() throws(ReplayError) {
        close()
        try open()
    }
}
