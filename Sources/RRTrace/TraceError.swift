/// Why a trace cannot be opened. Its text says what was found and what to do next.
public enum TraceError: Error, Hashable, Sendable {
    /// There is no rr trace in the directory `path`.
    case notATrace(path: String)
    /// The trace in `path` is of format `found`, not `supportedVersion`.
    case unsupportedVersion(path: String, found: String)
    /// The file at `path` cannot be opened or read; `errno` says why.
    case unreadable(path: String, errno: Int32)

    /// The version of rr's trace format that this module reads: that of rr 5.6 to 5.10.
    public static let supportedVersion = "85"
}

extension TraceError: CustomStringConvertible {
    /// What was found, and what to do next.
    public var description: String {
        switch self {
        case .notATrace(let path):
            "\(path): no rr trace here (neither a file 'version' nor 'incomplete'); give the directory that 'rr record -o' wrote"
        case .unsupportedVersion(let path, let found):
            "\(path): trace format \(found), expected \(Self.supportedVersion); record again with rr 5.6 to 5.10"
        case .unreadable(let path, let errno):
            "\(path): \(systemMessage(errno)); check that the trace was copied whole and that you may read it"
        }
    }
}
