/// Brotli streams without compression (RFC 7932, 9.2: uncompressed meta-blocks), for tests that make traces.
public enum StoredBrotli {
    /// The longest meta-block.
    private static let maximumBlock = 1 << 16

    /// A brotli stream that inflates to `bytes`.
    public static func stream(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var isFirst = true
        var rest = bytes[...]
        while !rest.isEmpty {
            let block = rest.prefix(maximumBlock)
            // Bits, low first: the window (one bit 0, once), not last, four nibbles of length - 1, uncompressed.
            let header = UInt32(block.count - 1) << 3 | 1 << 19
            let bits = isFirst ? header << 1 : header
            result += (0..<3).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) } + block
            rest = rest.dropFirst(block.count)
            isFirst = false
        }
        return result + [isFirst ? 0b110 : 0b11]  // An empty last block.
    }

    /// A chunk of a stream of a trace: its two lengths, and the brotli stream.
    public static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        let stream = stream(bytes)
        let lengths = UInt64(stream.count) | UInt64(bytes.count) << 32
        return CapnpMessage.bytes(lengths) + stream
    }

    /// `bytes` as a stream file, in chunks of `size`.
    public static func chunks(_ bytes: [UInt8], size: Int) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: size).flatMap { chunk(Array(bytes[$0..<min($0 + size, bytes.count)])) }
    }
}
