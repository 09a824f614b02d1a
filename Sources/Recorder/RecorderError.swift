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
            "\(name) was found in none of \(looked.joined(separator: ", ")): build it (make build), or name its directory in RIDEALONG_LIBDIR"
        case .unusableLibraryPath(let path):
            "\(path) cannot be preloaded, because ld.so splits paths at spaces and colons: move it, and name its directory in RIDEALONG_LIBDIR"
        case .hardwareCountersNeeded(let node, let finding):
            "\(node) was recorded with hardware counters, and here \(finding): replay it on a machine like the one that recorded it"
        case .noHardwareCounters(let finding):
            "no hardware counters: \(finding); record with --counters software, or ask `ridealong doctor`"
        case .unusableTick(let node, let found, let expected):
            "\(node) was recorded with \(found) ticks per call, and this version makes \(expected): replay it with the version that recorded it"
        }
    }
}
