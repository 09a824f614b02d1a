/// A trace directory of rr 5.6 to 5.10, opened for reading. It is never written to.
public struct TraceDirectory: Sendable {
    /// How the recording ended, or that it has not.
    public enum State: Sendable {
        /// As it should.
        case complete
        /// By an error of rr itself: the last frame is where that happened, and tasks alive then have no exit.
        case failed
        /// Not yet: rr is still at it.
        case recording
        /// rr died: only what it had handed to the file system is there, and no header.
        case interrupted
    }

    /// The directory.
    public let path: String
    /// What rr wrote about itself; `nil` for an incomplete trace, which has no header.
    public let header: TraceHeader?
    /// How the recording ended.
    public let state: State
    /// What was wrong with the header.
    public let anomalies: [TraceAnomaly]

    /// Opens the trace in directory `path`: reads its version and header, no stream.
    public init(path: String) throws(TraceError) {
        throw .notATrace(path: path)
    }

    /// The first number of rr's own system calls.
    public var rrCallBase: Int32 { header?.rrCallBase ?? 1000 }
    /// The architecture of rr itself.
    public var architecture: Architecture { header?.nativeArchitecture ?? .x86_64 }
    /// Size in bytes of the header of a syscall buffer; `nil` without a trace header (`SyscallBufferRecords` then finds out).
    public var syscallBufferHeaderSize: Int? { header?.syscallBufferHeaderSize }

    /// All task events, and what could not be read.
    public func tasks() -> (events: [TaskEvent], anomalies: [TraceAnomaly]) { ([], []) }
    /// All mappings, and what could not be read.
    public func mappings() -> (mappings: [Mapping], anomalies: [TraceAnomaly]) { ([], []) }
}
