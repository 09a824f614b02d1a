internal import Glibc

/// A trace directory of rr 5.6 to 5.10, opened for reading. It is never written to.
public struct TraceDirectory: Sendable {
    /// How the recording ended, or that it has not.
    public enum State: Sendable {
        /// As it should.
        case complete
        /// By an error of rr itself: the last frame is where that happened, and tasks alive then have no exit. Also if the
        /// header cannot be read, so that nothing says how it ended.
        case failed
        /// Not yet: rr is still at it.
        case recording
        /// rr died: only whole chunks are there, and no header.
        case interrupted
    }

    /// The most bytes of a header file. Real ones have some hundreds.
    static let maximumHeaderSize = 1 << 20

    /// The most that is kept of the streams `tasks` and `mmaps`, which are kept whole: in words of their messages (512 MiB), where
    /// each message counts for some more.
    static let maximumCost = 64 << 20
    /// What a message costs beside its words.
    static let messageCost = 16

    /// The directory.
    public let path: String
    /// What rr wrote about itself; `nil` for an incomplete trace, which has no header, and for a damaged one.
    public let header: TraceHeader?
    /// How the recording ended.
    public let state: State
    /// What was wrong with the header.
    public let anomalies: [TraceAnomaly]

    /// Opens the trace in directory `path`: reads its version and header, no stream.
    public init(path: String) throws(TraceError) {
        self.path = path
        guard let name = ["version", "incomplete"].first(where: { TraceFile.exists(path + "/" + $0) }) else {
            throw TraceFile.isForbidden(path + "/version") ? .unreadable(path: path, errno: EACCES) : .notATrace(path: path)
        }
        let file = try TraceFile(path: path + "/" + name)
        guard let bytes = file.contents(limit: Self.maximumHeaderSize) else {
            throw .unsupportedVersion(path: path, found: "in a file '\(name)' of more than \(Self.maximumHeaderSize) bytes")
        }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let version = String(decoding: line.prefix(20), as: UTF8.self)
        guard version == TraceError.supportedVersion else { throw .unsupportedVersion(path: path, found: "'\(version)'") }
        let packed = Array(bytes.dropFirst(line.count + 1))
        var damage: Message.Damage?
        var header: TraceHeader?
        do {
            header = packed.isEmpty ? nil : try TraceHeader(packed: packed)
        } catch {
            damage = error
        }
        self.header = header
        if name == "incomplete" {
            state = file.isLockedByOther() ? .recording : .interrupted
        } else {
            if packed.isEmpty { damage = Message.Damage("it is missing") }
            state = header?.ok == true ? .complete : .failed
        }
        anomalies = damage.map { [TraceAnomaly("damaged-header", subject: name, offset: UInt64(line.count + 1), detail: $0.detail)] } ?? []
    }

    /// The first number of rr's own system calls.
    public var rrCallBase: Int32 { header?.rrCallBase ?? 1000 }
    /// The architecture of rr itself.
    public var architecture: Architecture { header?.nativeArchitecture ?? .x86_64 }
    /// Size in bytes of the header of a syscall buffer; `nil` without a trace header (`SyscallBufferRecords` then finds out).
    public var syscallBufferHeaderSize: Int? { header?.syscallBufferHeaderSize }

    /// Reads every message of the stream `name` that can be read.
    func readAll<Value>(
        _ name: String, _ decode: (borrowing Message) throws(Message.Damage) -> Value
    ) -> (values: [Value], anomalies: [TraceAnomaly]) {
        var values: [Value] = []
        do {
            var stream = try MessageStream(path, name, readAhead: false)
            var cost = 0
            while stream.advance() {
                cost += stream.message.wordCount + Self.messageCost
                guard cost <= Self.maximumCost else {
                    stream.end(TraceAnomaly("too-many-messages", subject: name, detail: "after \(values.count) of them"))
                    break
                }
                do {
                    values.append(try decode(stream.message))
                } catch {
                    stream.end(error)
                }
            }
            return (values, stream.anomalies)
        } catch {
            return ([], [TraceAnomaly("missing-file", subject: name, detail: error.description)])
        }
    }
}
