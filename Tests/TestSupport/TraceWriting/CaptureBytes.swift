/// A capture file made by hand.
public struct CaptureBytes {
    /// The bytes so far.
    public private(set) var bytes: [UInt8]

    /// A file of `format`, whose agent ended in `state`; all numbers are captured.
    public init(format: UInt32 = 1, state: UInt32 = 1, mode: UInt32 = 1, fallback: UInt32 = 0) {
        bytes = Array("RACALLS\n".utf8)
        append(format)
        append(1 as UInt32)
        append(176 as UInt64)
        for word in [176, state, mode, fallback, 30, 0] as [UInt32] { append(word) }
        for word in [3, 4, 0, 0, 0, 0, 0, 0] as [UInt64] { append(word) }
        bytes += repeatElement(0xff, count: 64)
    }

    /// Adds a record, and commits it.
    public mutating func add(
        kind: UInt8 = 0, number: UInt16 = 1, task: UInt32 = 0, place: UInt32 = 0, result: Int64 = 0, ip: UInt64 = 0x7000_000c,
        arguments: [UInt64] = [], sections: [(kind: UInt16, message: UInt16, offered: UInt64, bytes: [UInt8])] = []
    ) {
        let start = bytes.count
        append(0 as UInt32)
        bytes += [kind, 1]
        append(number)
        append(task)
        append(place)
        append(result)
        append(ip)
        for index in 0..<6 { append(index < arguments.count ? arguments[index] : 0) }
        append(0xabcd as UInt64)
        for section in sections {
            append(section.kind)
            append(section.message)
            append(UInt32(section.bytes.count))
            append(section.offered)
            bytes += section.bytes + repeatElement(0xee, count: (8 - section.bytes.count % 8) % 8)
        }
        set(UInt32(bytes.count - start), at: start)
        set(UInt64(bytes.count), at: 16)
    }

    /// Leaves only these numbers to be captured.
    public mutating func capture(_ numbers: [Int]) {
        for byte in 112..<176 { bytes[byte] = 0 }
        for number in numbers { bytes[112 + number / 8] |= 1 << UInt8(number % 8) }
    }

    /// Overwrites a number.
    public mutating func set<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
        withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }

    private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }
}
