internal import CBrotli

/// One inflated chunk of a stream, with room around its bytes: before them for what the chunk before left over, after
/// them so that a reader may look a word beyond the end.
struct Chunk: Sendable {
    /// Room before the bytes.
    static let headroom = 16
    /// Room after the bytes; always zero.
    static let tailroom = 16

    /// The room, the chunk's bytes, the room.
    private(set) var storage = [UInt8](repeating: 0, count: headroom + tailroom)
    /// The chunk's length.
    private(set) var count = 0

    /// An empty chunk.
    init() {}

    /// Makes this the inflated form of the first `storedCount` bytes of `stored`, which must be exactly `count` bytes; `false`
    /// if it is not. The memory is used again.
    mutating func inflate(_ stored: [UInt8], storedCount: Int, count: Int) -> Bool {
        let room = Self.headroom + count + Self.tailroom
        if storage.count < room { storage = [UInt8](repeating: 0, count: room) }
        var inflated = count
        let done = unsafe storage.withUnsafeMutableBufferPointer { target in
            unsafe stored.withUnsafeBufferPointer { source in
                guard let source = source.baseAddress, let target = target.baseAddress else { return false }
                let result = unsafe BrotliDecoderDecompress(storedCount, source, &inflated, target + Self.headroom)
                return result == BROTLI_DECODER_RESULT_SUCCESS
            }
        }
        guard done, inflated == count else { return false }
        for index in 0..<Self.tailroom { storage[Self.headroom + count + index] = 0 }
        self.count = count
        return true
    }

    /// Puts `bytes`, at most `headroom` of them, before the chunk's own, and returns where in the storage they begin.
    mutating func prepend(_ bytes: [UInt8]) -> Int {
        let start = Self.headroom - bytes.count
        for (index, byte) in bytes.enumerated() { storage[start + index] = byte }
        return start
    }
}
