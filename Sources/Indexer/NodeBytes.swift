import Capture
import Endpoints
import RRTrace
import RunModel

/// A reader of stored bytes that can be let go of.
private final class OpenData {
    var reader: DataReader

    init(reader: consuming DataReader) { self.reader = reader }
}

/// The bytes that the operations of one node moved: in its trace, or as a replay has captured them. Inflates only what is asked for.
final class NodeBytes {
    private let trace: TraceDirectory
    private let capturePath: String?
    /// The events of operations whose bytes are not in one piece in the trace.
    private let scatteredEvents: () throws -> Set<UInt64>
    private var data: OpenData?
    private var capture: StoredCapture?
    private var scattered: PayloadMap?

    /// The bytes in the trace at a path, and in a capture; `scatteredEvents` is asked at most once.
    ///
    /// - Throws: `TraceError` if there is no trace.
    init(trace: String, capture: String?, scatteredEvents: @escaping () throws -> Set<UInt64>) throws {
        self.trace = try TraceDirectory(path: trace)
        capturePath = capture
        self.scatteredEvents = scatteredEvents
    }

    /// Lets go of the trace; it is opened again when it is needed.
    func close() {
        data = nil
        if case .file = capture { capture = nil }
    }

    /// The capture that was asked for, and is gone.
    var goneCapture: CaptureError? {
        if case .gone(let path) = capture { .gone(path: path) } else { nil }
    }

    /// Bytes that a replay has captured; `nil` if its file is gone, as files are that somebody deletes to save space.
    private func captured(at offset: UInt64, count: Int) throws(CaptureError) -> [UInt8]? {
        if capture == nil { capture = try StoredCapture(path: capturePath) }
        guard case .file(let file) = capture else { return nil }
        if let bytes = file.bytes(at: offset, count: count) { return bytes }
        throw .cutOff(path: file.path, size: file.size, expected: offset &+ UInt64(count))
    }

    /// The stored bytes, open.
    private func opened() throws -> OpenData {
        if let data { return data }
        let opened = OpenData(reader: try DataReader(trace))
        data = opened
        return opened
    }

    func read(_ payload: PayloadRef, at event: UInt64, offset: UInt64, count: UInt64) throws -> [UInt8]? {
        switch payload {
        case .unknown: return nil
        case .trace(let start, let length):
            guard offset <= UInt64(length), UInt64(length) - offset >= count else { return nil }
            return try opened().reader.read(offset: start &+ offset, count: Int(count))
        case .captured(let start, let length):
            guard offset <= UInt64(length), UInt64(length) - offset >= count else { return nil }
            return try captured(at: start &+ offset, count: Int(count))
        case .frame:
            guard let pieces = try map().pieces(at: event) else { return nil }
            return try read(pieces, offset: offset, count: count)
        }
    }

    /// The map of all payloads of the node that are not in one piece: made once, by one pass over the trace.
    private func map() throws -> PayloadMap {
        if let scattered { return scattered }
        let map = try PayloadMap(trace, events: scatteredEvents())
        scattered = map
        return map
    }

    private func read(_ pieces: [PayloadPiece], offset: UInt64, count: UInt64) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        var skip = offset
        for piece in pieces where UInt64(bytes.count) < count {
            let missing = count - UInt64(bytes.count)
            switch piece {
            case .zeros(let zeros):
                if zeros > skip { bytes += Array(repeating: 0, count: Int(min(zeros - skip, missing))) }
                skip -= min(skip, zeros)
            case .stored(let start, let length):
                if length > skip {
                    guard
                        let read = try opened().reader.read(offset: start &+ skip, count: Int(min(length - skip, missing)))
                    else { return nil }
                    bytes += read
                }
                skip -= min(skip, length)
            }
        }
        return UInt64(bytes.count) == count ? bytes : nil
    }
}
