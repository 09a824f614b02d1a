import RRTrace
public import RunModel

extension Address {
    /// A `struct sockaddr` as the kernel wrote it (port and address in network order); `nil` for families that we do not follow.
    public init?(kernel bytes: [UInt8]) {
        guard bytes.count >= 2 else { return nil }
        switch UInt16(bytes[0]) | UInt16(bytes[1]) << 8 {
        case 1:
            let path = bytes.dropFirst(2)
            if path.isEmpty {
                self = .unixUnnamed
            } else if path.first == 0 {
                self = .unixAbstract(Array(path.dropFirst()))
            } else {
                self = .unixPath(String(decoding: path.prefix { $0 != 0 }, as: UTF8.self))
            }
        case 2:
            guard bytes.count >= 8 else { return nil }
            self = .ipv4(UInt32(truncatingIfNeeded: bigEndian(bytes[4..<8])), port: UInt16(truncatingIfNeeded: bigEndian(bytes[2..<4])))
        case 10:
            guard bytes.count >= 24 else { return nil }
            self = .normalizedIPv6(
                high: bigEndian(bytes[8..<16]), low: bigEndian(bytes[16..<24]), port: UInt16(truncatingIfNeeded: bigEndian(bytes[2..<4])))
        default: return nil
        }
    }
}

private func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
