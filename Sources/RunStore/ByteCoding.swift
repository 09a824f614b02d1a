/// Appends variable-length numbers: seven bits a byte, least significant first, the high bit set on all but the last.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    /// An empty writer with room for `capacity` bytes.
    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Small numbers of either sign stay short: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
    mutating func signed(_ value: Int64) { unsigned(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    /// `value` as its distance from `previous`, which becomes `value`. Wraps, so that any two values have one.
    mutating func delta(_ value: Int64, _ previous: inout Int64) {
        signed(value &- previous)
        previous = value
    }
}

/// Reads what `ByteWriter` wrote; throws at the end of the bytes, so that a damaged index is found and not believed.
struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    /// A reader at the beginning of `bytes`.
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() throws(IndexError) -> UInt8 {
        guard position < bytes.count else { throw .damaged("a block ends too early") }
        position += 1
        return bytes[position - 1]
    }

    mutating func unsigned() throws(IndexError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            let next = try byte()
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
        }
        throw .damaged("a number in a block is too long")
    }

    mutating func signed() throws(IndexError) -> Int64 {
        let value = try unsigned()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func delta(_ previous: inout Int64) throws(IndexError) -> Int64 {
        previous = previous &+ (try signed())
        return previous
    }
}
