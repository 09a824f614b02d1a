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
    /// Pieces of the bytes that a receive took, in order, and how many bytes they have.
    struct Found {
        var pieces: [PayloadPiece] = []
        var missing: UInt64
        let wanted: UInt64

        /// How many were found.
        var count: UInt64 { wanted &- missing }

        init(wanted: UInt64) { (missing, self.wanted) = (wanted, wanted) }
    }

    /// The pieces that the `count` bytes of a receive lie in, as far as the trace holds them; `nil` if it cannot tell where they are.
    static func pieces(_ frame: borrowing some CallView & ~Copyable, _ syscall: Syscall, count: UInt64, _ data: inout DataReader) -> Found?
    {
        var found = Found(wanted: count)
        switch syscall {
        case .read, .recvfrom:
            // The write may begin before the buffer, and go on behind it.
            guard let write = frame.memoryWrite(containing: frame.argument(1)) else { return nil }
            // What is behind the buffer's end is not the receive's.
            if frame.argument(2) < count { found.missing = frame.argument(2) }
            let beyond = count &- found.missing
            append(write, from: frame.argument(1) &- write.address, &found)
            found.missing = found.missing &+ beyond
        case .readv, .preadv2:
            for index in 0..<frame.memoryWriteCount { append(frame.memoryWrite(index), from: 0, &found) }
        case .recvmsg:
            // One write for each buffer, among those of the header, the name and the control data.
            guard let header = MessageHeader(frame, at: frame.argument(1), &data) else { return nil }
            if let buffered = buffered(frame, header, count: count, &data) { return buffered }
            let others = [frame.argument(1), header.name, header.control]
            for index in 0..<frame.memoryWriteCount {
                let write = frame.memoryWrite(index)
                if !others.contains(write.address) { append(write, from: 0, &found) }
            }
        default: return nil
        }
        return found
    }

    /// The pieces of a message that was received into the syscall buffer; `nil` if it was not. There the list of buffers was copied, too,
    /// and all is in one write.
    private static func buffered(
        _ frame: borrowing some CallView & ~Copyable, _ header: MessageHeader, count: UInt64, _ data: inout DataReader
    ) -> Found? {
        let size: UInt64 = 16
        guard header.buffers > 0, header.buffers <= mostBuffers, let write = frame.memoryWrite(containing: header.vector),
            let list = data.read(write, address: header.vector, count: Int(header.buffers * size))
        else { return nil }
        var found = Found(wanted: count)
        for index in 0..<Int(header.buffers) {
            let address = littleEndian(list, index * Int(size), 8)
            let length = min(littleEndian(list, index * Int(size) + 8, 8), found.missing)
            guard length > 0 else { continue }
            guard let write = frame.memoryWrite(containing: address), address &- write.address <= write.size,
                let part = write.part(offset: address &- write.address, count: length)
            else { break }
            append(part, from: 0, &found)
        }
        return found
    }

    /// The kernel takes no more (UIO_MAXIOV).
    private static let mostBuffers: UInt64 = 1024

    /// The pieces of one message of several, which `header` describes: among the memory writes from `index` on, which moves on behind
    /// them. The headers themselves are at `array`.
    static func pieces(
        _ frame: borrowing some CallView & ~Copyable, _ header: MessageHeader, array: UInt64, from index: inout Int, count: UInt64
    ) -> Found {
        var found = Found(wanted: count)
        var buffers: UInt64 = 0
        while index < frame.memoryWriteCount, buffers < header.buffers {
            let write = frame.memoryWrite(index)
            index += 1
            if write.address == array || (write.address == header.name && buffers == 0) { continue }
            buffers += 1
            append(write, from: 0, &found)
        }
        if index < frame.memoryWriteCount, header.control != 0, frame.memoryWrite(index).address == header.control { index += 1 }
        return found
    }

    /// What an operation says of these pieces, which are all of its bytes unless it `isShort`.
    static func reference(_ found: Found?, isShort: Bool) -> PayloadRef {
        guard let found, found.missing == 0 || isShort, !found.pieces.isEmpty else { return .unknown }
        if found.pieces.count == 1, case .stored(let offset, let count) = found.pieces[0], let short = UInt32(exactly: count) {
            return .trace(offset: offset, count: short)
        }
        return .frame
    }

    /// Adds the bytes of `write` from `skip` on, as many as are `missing`, without its holes.
    private static func append(_ write: MemoryWrite, from skip: UInt64, _ found: inout Found) {
        guard skip <= write.size else { return }
        let end = skip &+ min(found.missing, write.size &- skip)
        var position = skip
        var stored = write.dataOffset
        var offset: UInt64 = 0
        for hole in write.holes + [write.size..<write.size] {
            let from = max(position, offset)
            let to = min(end, hole.lowerBound)
            if from < to { add(.stored(offset: stored &+ (from &- offset), count: to &- from), &position, &found) }
            let zeros = min(end, hole.upperBound)
            if position < zeros, position >= hole.lowerBound { add(.zeros(count: zeros &- position), &position, &found) }
            stored = stored &+ (hole.lowerBound &- offset)
            offset = hole.upperBound
        }
    }

    private static func add(_ piece: PayloadPiece, _ position: inout UInt64, _ found: inout Found) {
        let count: UInt64
        switch piece {
        case .zeros(let zeros): count = zeros
        case .stored(let offset, let stored):
            count = stored
            if case .stored(let last, let length) = found.pieces.last, last &+ length == offset {
                found.pieces[found.pieces.count - 1] = .stored(offset: last, count: length &+ stored)
                found.missing = found.missing &- count
                position = position &+ count
                return
            }
        }
        found.pieces.append(piece)
        found.missing = found.missing &- count
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
            let found = Payload.pieces(cursor, syscall, count: UInt64(cursor.result), &data)
            pieces[cursor.event] = found?.pieces ?? []
        }
    }

    /// The pieces of the receive that returned at `event`; `nil` if the trace does not hold them.
    public func pieces(at event: UInt64) -> [PayloadPiece]? { pieces[event].flatMap { $0.isEmpty ? nil : $0 } }
}
