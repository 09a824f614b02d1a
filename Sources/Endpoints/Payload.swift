public import RRTrace
import RunModel

/// A stretch of the bytes that a receive took, as the trace holds it.
public enum PayloadPiece: Hashable, Sendable {
    /// `count` bytes at `offset` of the inflated `data` stream.
    case stored(offset: UInt64, count: UInt64)
    /// So many zeros, which are not stored.
    case zeros(count: UInt64)
}

/// Finds the bytes of receives among what a frame wrote to memory.
enum Payload {
    /// The pieces that the `count` bytes of a receive lie in, in order; `nil` if the trace does not hold them all.
    static func pieces(_ frame: borrowing FrameCursor, _ syscall: Syscall, count: UInt64, _ data: inout DataReader) -> [PayloadPiece]? {
        var pieces: [PayloadPiece] = []
        var missing = count
        switch syscall {
        case .read, .recvfrom:
            // The write may begin before the buffer, and go on behind it.
            guard let write = frame.memoryWrite(containing: frame.argument(1)) else { return nil }
            append(write, from: frame.argument(1) &- write.address, &missing, to: &pieces)
        case .readv, .preadv2:
            for index in 0..<frame.memoryWriteCount { append(frame.memoryWrite(index), from: 0, &missing, to: &pieces) }
        case .recvmsg:
            // One write for each buffer, among those of the header, the name and the control data.
            guard let header = MessageHeader(frame, at: frame.argument(1), &data) else { return nil }
            let others = [frame.argument(1), header.name, header.control]
            for index in 0..<frame.memoryWriteCount {
                let write = frame.memoryWrite(index)
                if !others.contains(write.address) { append(write, from: 0, &missing, to: &pieces) }
            }
        default: return nil
        }
        return missing == 0 ? pieces : nil
    }

    /// What an operation says of these pieces.
    static func reference(_ pieces: [PayloadPiece]?) -> PayloadRef {
        guard let pieces else { return .unknown }
        if pieces.count == 1, case .stored(let offset, let count) = pieces[0], let short = UInt32(exactly: count) {
            return .trace(offset: offset, count: short)
        }
        return .frame
    }

    /// Adds the bytes of `write` from `skip` on, as many as are `missing`, without its holes.
    private static func append(_ write: MemoryWrite, from skip: UInt64, _ missing: inout UInt64, to pieces: inout [PayloadPiece]) {
        guard skip <= write.size else { return }
        let end = skip &+ min(missing, write.size &- skip)
        var position = skip
        var stored = write.dataOffset
        var offset: UInt64 = 0
        for hole in write.holes + [write.size..<write.size] {
            let from = max(position, offset)
            let to = min(end, hole.lowerBound)
            if from < to { add(.stored(offset: stored &+ (from &- offset), count: to &- from), &missing, &position, &pieces) }
            let zeros = min(end, hole.upperBound)
            if position < zeros, position >= hole.lowerBound { add(.zeros(count: zeros &- position), &missing, &position, &pieces) }
            stored = stored &+ (hole.lowerBound &- offset)
            offset = hole.upperBound
        }
    }

    private static func add(_ piece: PayloadPiece, _ missing: inout UInt64, _ position: inout UInt64, _ pieces: inout [PayloadPiece]) {
        let count: UInt64
        switch piece {
        case .zeros(let zeros): count = zeros
        case .stored(let offset, let stored):
            count = stored
            if case .stored(let last, let length) = pieces.last, last &+ length == offset {
                pieces[pieces.count - 1] = .stored(offset: last, count: length &+ stored)
                missing = missing &- count
                position = position &+ count
                return
            }
        }
        pieces.append(piece)
        missing = missing &- count
        position = position &+ count
    }
}

/// Where the payloads of some receives of one trace lie; for those that an index can only point to by their frames.
public struct PayloadMap: Sendable {
    private var pieces: [UInt64: [PayloadPiece]] = [:]

    /// Reads the trace once and keeps the pieces of the receives that return at `events`. Linear in the trace.
    ///
    /// - Throws: `TraceError` if its streams cannot be opened.
    public init(_ trace: TraceDirectory, events: Set<UInt64>) throws(TraceError) {
        var data = try DataReader(trace)
        var cursor = try FrameCursor(trace)
        while pieces.count < events.count, cursor.advance() {
            guard events.contains(cursor.event), let call = cursor.syscall,
                let syscall = Syscall(cursor.effectiveSyscallNumber, call.architecture), cursor.result > 0
            else { continue }
            pieces[cursor.event] = Payload.pieces(cursor, syscall, count: UInt64(cursor.result), &data) ?? []
        }
    }

    /// The pieces of the receive that returned at `event`; `nil` if the trace does not hold them.
    public func pieces(at event: UInt64) -> [PayloadPiece]? { pieces[event].flatMap { $0.isEmpty ? nil : $0 } }
}
