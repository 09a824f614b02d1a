import CLinux
import RunModel
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Starts the nodes of a spec, each under its own `ridealong record`, and looks after them until all have ended.
///
/// Nodes lead sessions of their own, so that the terminal's keys reach only us, and the nodes end in order.
public struct Supervisor {
    private var nodes: [SupervisedNode]
    /// The nodes that were started, in that order, by their index.
    private var order: [Int] = []
    /// What each node that is not started was last said to wait for.
    private var waiting: [Int: UpSpec.Condition] = [:]
    /// Why the run is over, once it is.
    private var reason: UpEnd.Reason?
    private let isFollowing: Bool
    private let tell: (NodeChange) throws -> Void

    /// How long nothing may be looked at that sends no signal: a program that begins, somebody who listens.
    private static let pollInterval = Duration.milliseconds(20)
    /// How long what a node prints may wait to be read.
    private static let followInterval = Duration.milliseconds(100)
    /// How many of a failed node's last lines are told.
    private static let tailLength = 5
    /// How long what is left at the very end may take to end by itself: rr needs five seconds at most.
    private static let orphanLimit = Duration.seconds(7)

    /// Checks that the nodes of `spec` can be recorded into the run directory `run`, and makes that. News goes to `tell`, with
    /// what they print if `isFollowing`; if it throws, the run is over.
    public init(
        _ spec: UpSpec, run: String, environment: [String: String], isFollowing: Bool, tell: @escaping (NodeChange) throws -> Void
    ) throws(RecorderError) {
        try NodeName.makeDirectories(run)
        guard let path = Lookup.resolved(run) else { throw .cannotWrite(path: run, error: Errno(rawValue: errno)) }
        let launcher = HostFacts.launcher(in: environment)
        nodes = spec.nodes.map { SupervisedNode($0, run: path, launcher: launcher) }
        for node in nodes where access(node.directory, F_OK) == 0 { throw .nodeExists(name: node.name, run: run) }
        self.isFollowing = isFollowing
        self.tell = tell
    }

    /// Runs the nodes to the end of the run, and ends all that are left then. No process stays behind.
    ///
    /// Must be called on the process's first thread while there is no other, because it waits for signals.
    public mutating func run() -> UpEnd {
        let signals = StopSignals()
        // What loses its parent comes to us rather than to init: so we know when all is over.
        ridealong_adopt_orphans()
        var asked = 0
        while true {
            look()
            reapOrphans()
            if reason == nil { startAll(mask: signals.inheritedMask) }
            if reason != nil { stopLast() }
            guard reason == nil || nodes.contains(where: \.isAlive) else { break }
            guard let signal = signals.next(until: nextLook) else { continue }
            asked += 1
            reason = reason ?? .signalled(signal)
            // Asked again, nodes end all at once, and complete their traces; asked once more, they are killed.
            if asked > 1 { hurryAll(to: asked > 2 ? .killed : .ended) }
        }
        for node in nodes where !node.hasBegun { say(node.change(.notStarted)) }
        endOrphans()
        return UpEnd(reason: reason ?? .finished, incomplete: nodes.filter { $0.trace == .incomplete }.map(\.name))
    }

    private mutating func say(_ change: NodeChange?) {
        guard let change else { return }
        if case .unheard = reason { return }
        do {
            try tell(change)
        } catch {
            reason = reason ?? .unheard(error)
        }
    }

    /// Takes notice of what has happened to the nodes.
    private mutating func look() {
        for index in nodes.indices {
            let change = nodes[index].look()
            if isFollowing {
                for line in nodes[index].listen() { say(line) }
            }
            say(change)
            guard reason == nil, let code = nodes[index].failure else { continue }
            let log = nodes[index].log.path
            let tail = isFollowing ? [] : NodeLog.tail(log, count: Self.tailLength)
            reason = .failed(node: nodes[index].name, code: code, log: log, tail: tail)
        }
        let awaited = nodes.contains { !$0.spec.isService } ? nodes.filter { !$0.spec.isService } : nodes
        if awaited.allSatisfy({ $0.end != nil }) { reason = reason ?? .finished }
    }

    /// Starts the nodes whose conditions hold.
    private mutating func startAll(mask: sigset_t) {
        var listeners = Listeners()
        for index in nodes.indices where !nodes[index].hasBegun && reason == nil {
            if let missing = nodes[index].spec.conditions.first(where: { !holds($0, &listeners) }) {
                if waiting.updateValue(missing, forKey: index) != missing { say(nodes[index].change(.waiting(missing))) }
                continue
            }
            do throws(Errno) {
                let change = try nodes[index].start(mask: mask)
                order.append(index)
                say(change)
            } catch {
                reason = .cannotStart(node: nodes[index].name, error: error)
            }
        }
        guard reason == nil, !nodes.contains(where: \.isAlive), let index = nodes.firstIndex(where: { !$0.hasBegun }) else { return }
        reason = waiting[index].map { .stuck(node: nodes[index].name, condition: $0) }
    }

    private func holds(_ condition: UpSpec.Condition, _ listeners: inout Listeners) -> Bool {
        switch condition {
        case .started(let name): nodes.contains { $0.spec.name == name && $0.hasStarted }
        case .ended(let name): nodes.contains { $0.spec.name == name && $0.end != nil }
        case .tcp, .udp, .unix: listeners.hold(condition)
        }
    }

    /// Goes on ending the node that was started last, of those that have not ended.
    private mutating func stopLast() {
        guard let last = order.last(where: { nodes[$0].isAlive }) else { return }
        let change = nodes[last].stop()
        say(change)
    }

    private mutating func hurryAll(to step: SupervisedNode.Step) {
        for index in order.reversed() {
            let change = nodes[index].hurry(to: step)
            say(change)
        }
    }

    /// When to look again, if no signal comes before.
    private var nextLook: ContinuousClock.Instant? {
        let polls = nodes.contains { node in
            node.isAlive ? !node.hasStarted : reason == nil && !node.hasBegun
        }
        let steps = nodes.compactMap(\.nextStep)
        let interval = polls ? Self.pollInterval : isFollowing ? Self.followInterval : nil
        return (steps + (interval.map { [.now + $0] } ?? [])).min()
    }

    /// Takes notice of the end of processes that came to us when their parents ended.
    private func reapOrphans() {
        let recorders = nodes.compactMap(\.process)
        var info = siginfo_t()
        // Recorders are left to their nodes. One that is found here has ended since these were looked at, and they are again at once.
        while waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 {
            let process = info._sifields._sigchld.si_pid
            guard process > 0, !recorders.contains(process) else { return }
            waitpid(process, nil, WNOHANG)
        }
    }

    /// Ends what is left of the nodes: nothing, unless somebody has killed a recorder, or rr at a bad moment.
    private func endOrphans() {
        reapOrphans()
        var left = Child.children(of: getpid())
        // Once: rr takes a second SIGTERM for impatience. One that is stopped takes no notice before it goes on.
        for process in left {
            kill(process, SIGTERM)
            kill(process, SIGCONT)
        }
        let deadline = ContinuousClock.now + Self.orphanLimit
        while !left.isEmpty {
            if deadline <= .now {
                for process in left { kill(process, SIGKILL) }
            }
            usleep(Child.pollInterval)
            reapOrphans()
            left = Child.children(of: getpid())
        }
    }
}
