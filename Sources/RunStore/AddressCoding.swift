import RunModel

/// Addresses as bytes: a tag, then port and address, or the name.
extension Address {
    private enum Tag {
        static let unnamed: UInt8 = 0
        static let path: UInt8 = 1
        static let abstract: UInt8 = 2
        static let ipv4: UInt8 = 4
        static let ipv6: UInt8 = 6
    }

    /// The stored form.
    var stored: [UInt8] {
        switch self {
        case .unixUnnamed: [Tag.unnamed]
        case .unixPath(let path): [Tag.path] + Array(path.utf8)
        case .unixAbstract(let name): [Tag.abstract] + name
        case .ipv4(let address, let port): [Tag.ipv4] + bytes(UInt64(port), 2) + bytes(UInt64(address), 4)
        case .ipv6(let high, let low, let port): [Tag.ipv6] + bytes(UInt64(port), 2) + bytes(high, 8) + bytes(low, 8)
        }
    }

    /// The address with this stored form.
    init(stored: [UInt8]) throws(IndexError) {
        let rest = stored.dropFirst()
        let numbers = { (range: Range<Int>) in stored[range].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        switch (stored.first, stored.count) {
        case (Tag.unnamed, 1): self = .unixUnnamed
        case (Tag.path, _): self = .unixPath(String(decoding: rest, as: UTF8.self))
        case (Tag.abstract, _): self = .unixAbstract(Array(rest))
        case (Tag.ipv4, 7): self = .ipv4(UInt32(numbers(3..<7)), port: UInt16(numbers(1..<3)))
        case (Tag.ipv6, 19): self = .ipv6(high: numbers(3..<11), low: numbers(11..<19), port: UInt16(numbers(1..<3)))
        default: throw .damaged("address of \(stored.count) bytes")
        }
    }

    private func bytes(_ value: UInt64, _ count: UInt64) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
    }
}
