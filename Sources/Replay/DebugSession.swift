import Foundation
public import RunModel

/// An ordinary gdb on an ordinary `rr replay`, standing at a target in the user's own code.
///
/// This process *becomes* rr, and rr becomes gdb: the terminal, Ctrl-C, job control and the exit code are theirs, and when gdb ends
/// for whatever reason rr's server ends with it.
public struct DebugSession: Sendable {
    /// Where to stand.
    public var target: ReplayTarget
    /// How to call rr.
    public var rr: RRInvocation
    /// A file of gdb commands to run there, instead of a prompt. gdb's exit code is 0 if all of them worked, 1 if one failed, or what
    /// the file itself gives to `quit`.
    public var batch: String?

    /// The variable that carries `landing.py` to gdb's Python. The script takes it, and the others below, out of gdb's environment.
    static let scriptVariable = "RIDEALONG_SCRIPT"

    /// A session at `target`.
    public init(target: ReplayTarget, rr: RRInvocation, batch: String? = nil) {
        self.target = target
        self.rr = rr
        self.batch = batch
    }

    /// The arguments for rr.
    public var arguments: [String] {
        let event = target.moment.event
        let place =
            switch target.stop {
            case .afterEvent: ["-g", String(event)]
            case .beforeReturn: ["-g", String(event > 0 ? event - 1 : 0)]
            case .beforeCall(let earlier, _): ["-g", String(earlier > 0 ? earlier - 1 : 0)]
            case .end: ["-e"]
            }
        // -f counts a process from its fork on, and works for those that did an exec too, and for the first (-p, from the exec on, would
        // never reach a position before it). -q: what the program printed is not printed again.
        let replay = ["replay", "-q", "-f", String(target.process)] + place + [Self.absolute(target.trace), "--"]
        let script = "python import os; exec(compile(os.environ.pop('\(Self.scriptVariable)'), 'landing.py', 'exec'))"
        // -nx: the output of a script must not depend on somebody's .gdbinit.
        return rr.arguments(replay + (batch == nil ? [] : ["-batch", "-nx"]) + ["-q", "-iex", script])
    }

    /// What the environment must have over the inherited one.
    public var environment: [String: String] {
        var variables = rr.environment
        variables[Self.scriptVariable] = GDBScript.text(with: PackageResources.landing_py)
        variables["RIDEALONG_LANDING"] = target.stop == .beforeReturn ? "returning" : target.landing.rawValue
        variables["RIDEALONG_PLACE"] = if case .beforeCall(_, let place) = target.stop { String(place) } else { "-1" }
        variables["RIDEALONG_TASK"] = String(target.task ?? 0)
        variables["RIDEALONG_HEADLINE"] = target.headline.joined(separator: "\n")
        variables["RIDEALONG_BATCH"] = batch.map(Self.absolute) ?? ""
        return variables
    }

    /// Turns this process into the session; `inherited` is its environment. Returns only by an error.
    public func start(inheriting inherited: [String: String]) throws(ReplayError) -> Never {
        try checkFiles()
        let variables = rr.quietEnvironment(inheriting: inherited).merging(environment) { $1 }
        try ProcessImage.replace(
            executable: rr.executable, arguments: [rr.executable] + arguments, environment: variables.map { "\($0)=\($1)" })
    }

    /// Says what is missing in our own words, before rr and gdb say it in theirs.
    private func checkFiles() throws(ReplayError) {
        let version = target.trace + "/version"
        guard FileManager.default.isReadableFile(atPath: version) else { throw .noTrace(path: target.trace) }
        if let batch, !FileManager.default.isReadableFile(atPath: batch) { throw .noBatchFile(path: batch) }
    }

    private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).path }
}
