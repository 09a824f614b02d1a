public import SystemPackage

/// Why recording, or replaying what was recorded, cannot begin. Each text ends with what to do next.
public enum RecorderError: Error, Hashable, Sendable {
    /// No rr program: `looked` is the path or the list of directories it was looked for in.
    case noRR(looked: String)
    /// rr at `path` does not say a version; `output` is what it said.
    case unknownVersion(path: String, output: String)
    /// The library of software counters is in none of the places `looked`.
    case noLibrary(name: String, looked: [String])
    /// The library's path has a character that ld.so takes for a separator.
    case unusableLibraryPath(String)
    /// The node was recorded with hardware counters, and this machine has none: `finding` says why.
    case hardwareCountersNeeded(node: String, finding: String)
    /// Hardware counters were asked for, and this machine has none: `finding` says why.
    case noHardwareCounters(finding: String)
    /// The node was recorded with a tick that the library cannot make.
    case unusableTick(node: String, found: Int, expected: ClosedRange<Int>)
    /// The kernel forbids the events that rr needs for `what`.
    case eventsForbidden(what: String, error: Errno, remedy: String)
    /// The program to record is not there, or is not executable.
    case noProgram(String)
    /// An option of rr that Ridealong gives itself, and what says it instead.
    case optionOfOurs(option: String, instead: String)
    /// A name that no node can have.
    case invalidNodeName(String)
    /// The run has a node of that name already.
    case nodeExists(name: String, run: String)
    /// A directory could not be made.
    case cannotWrite(path: String, error: Errno)
    /// rr could not be started.
    case cannotStart(path: String, error: Errno)
    /// The sidecar could not be written.
    case cannotWriteSidecar(path: String, reason: String)
}

extension RecorderError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .noRR(let looked):
            "rr was not found in \(looked): install it (apt install rr), or name it in RIDEALONG_RR"
        case .unknownVersion(let path, let output):
            "\(path) --version says \"\(output)\" instead of \"rr version …\": name another rr in RIDEALONG_RR"
        case .noLibrary(let name, let looked):
            """
            \(name) was found in none of \(looked.joined(separator: ", ")): build it (make build), or name its directory in \
            RIDEALONG_LIBDIR
            """
        case .unusableLibraryPath(let path):
            """
            \(path) cannot be preloaded, because ld.so splits paths at spaces and colons: move it, and name its directory in \
            RIDEALONG_LIBDIR
            """
        case .hardwareCountersNeeded(let node, let finding):
            "\(node) was recorded with hardware counters, and here \(finding): replay it on a machine like the one that recorded it"
        case .noHardwareCounters(let finding):
            "no hardware counters: \(finding); record with --counters software, or ask `ridealong doctor`"
        case .unusableTick(let node, let found, let expected):
            """
            \(node) was recorded with \(found) ticks per call, and this version makes \(expected): replay it with the version that \
            recorded it
            """
        case .eventsForbidden(let what, let error, let remedy):
            "the kernel forbids the performance events that \(what) needs (\(error)): \(remedy)"
        case .noProgram(let name):
            "there is no program \(name) on PATH, or it is not executable: check its name"
        case .optionOfOurs(let option, let instead):
            "rr's option \(option) is Ridealong's to give: use \(instead) instead"
        case .invalidNodeName(let name):
            "\"\(name)\" cannot be a node's name: use up to \(NodeName.longest) letters, digits, _ . and -, not beginning with . or -"
        case .nodeExists(let name, let run):
            "\(run) already has a node \(name): choose another name or another run"
        case .cannotWrite(let path, let error):
            "cannot make the directory \(path) (\(error)): choose another place with --run"
        case .cannotStart(let path, let error):
            "cannot start \(path) (\(error)): ask `ridealong doctor`"
        case .cannotWriteSidecar(let path, let reason):
            "cannot write \(path) (\(reason)): is the disk full?"
        }
    }
}
