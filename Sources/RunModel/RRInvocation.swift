/// How to call rr so that a trace replays: which rr, what stands before the sub-command, and what its environment needs.
///
/// Replaying needs the counters of the recording, and only `Recorder` knows what this machine offers; the value is made there
/// (`RRInvocation.forReplay`) and handed to whoever starts rr.
public struct RRInvocation: Hashable, Sendable {
    /// The absolute path of the rr program.
    public var executable: String
    /// What stands between the program and the sub-command: `-S -A "Intel Skylake"` with software counters.
    public var globalOptions: [String]
    /// Variables to set in rr's environment, over the inherited ones. They reach rr alone: the preloaded library takes them away.
    public var environment: [String: String]

    /// rr at `executable`, with these options and variables.
    public init(executable: String, globalOptions: [String] = [], environment: [String: String] = [:]) {
        self.executable = executable
        self.globalOptions = globalOptions
        self.environment = environment
    }

    /// The argument list after the program's name: the global options, then `command`, such as `["replay", "-a", trace]`.
    public func arguments(_ command: [String]) -> [String] {
        globalOptions + command
    }
}
