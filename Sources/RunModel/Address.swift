/// The address of a socket.
///
/// IPv4-mapped IPv6 addresses (`::ffff:a.b.c.d`) are stored as IPv4: the two ends of one connection may see it
/// either way.
public enum Address: Hashable, Sendable {
    /// IPv4: the address in host byte order (127.0.0.1 is 0x7f000001), and the port.
    case ipv4(UInt32, port: UInt16)
    /// IPv6: the address as two words, most significant first, and the port.
    case ipv6(high: UInt64, low: UInt64, port: UInt16)
    /// A Unix-domain socket bound to a path.
    case unixPath(String)
    /// A Unix-domain socket bound to an abstract name (without its leading zero byte).
    case unixAbstract([UInt8])
    /// A Unix-domain socket without a name.
    case unixUnnamed

    /// An IPv6 address and port, turned into IPv4 if it is an IPv4-mapped one.
    public static func normalizedIPv6(high: UInt64, low: UInt64, port: UInt16) -> Address {
        high == 0 && low >> 32 == 0xffff
            ? .ipv4(UInt32(truncatingIfNeeded: low), port: port) : .ipv6(high: high, low: low, port: port)
    }

    /// Whether the address means the same thing only within one host: loopback, link-local and Unix addresses.
    public var isHostLocal: Bool {
        switch self {
        case .ipv4(let address, _): address >> 24 == 127 || address >> 16 == 0xa9fe
        case .ipv6(let high, let low, _): (high == 0 && low == 1) || high >> 54 == 0x3fa
        case .unixPath, .unixAbstract, .unixUnnamed: true
        }
    }

    /// Whether it stands for all addresses of its host: 0.0.0.0 or `::`, whatever the port.
    public var isAny: Bool {
        switch self {
        case .ipv4(let address, _): address == 0
        case .ipv6(let high, let low, _): high == 0 && low == 0
        case .unixPath, .unixAbstract, .unixUnnamed: false
        }
    }

    /// The port of an IP address.
    public var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port): port
        case .unixPath, .unixAbstract, .unixUnnamed: nil
        }
    }
}

extension Address: CustomStringConvertible {
    /// `127.0.0.1:80`, `[::1]:80`, `/run/x.sock`, `@abstract`, or `unix` for an unnamed Unix socket.
    public var description: String {
        switch self {
        case .ipv4(let address, let port):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255):\(port)"
        case .ipv6(let high, let low, let port):
            return "[\(Self.ipv6Text(high, low))]:\(port)"
        case .unixPath(let path): return path
        case .unixAbstract(let name): return "@" + String(decoding: name, as: UTF8.self)
        case .unixUnnamed: return "unix"
        }
    }

    /// The canonical text of RFC 5952: the longest run of at least two zero groups is `::`.
    private static func ipv6Text(_ high: UInt64, _ low: UInt64) -> String {
        let groups: [UInt64] = [high, low].flatMap { word in [48, 32, 16, 0].map { (shift: UInt64) in word >> shift & 0xffff } }
        var best = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > max(best.count, 1) { best = start..<index }
            start = index + 1
        }
        let text = { (range: Range<Int>) in range.map { String(groups[$0], radix: 16) }.joined(separator: ":") }
        return best.isEmpty ? text(0..<8) : text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }
}
