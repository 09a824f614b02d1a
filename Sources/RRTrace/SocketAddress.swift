/// A socket address as a trace holds it.
public struct SocketAddress: Hashable, Sendable {
    /// `AF_UNIX`.
    public static let unix: UInt16 = 1
    /// `AF_INET`.
    public static let ipv4: UInt16 = 2
    /// `AF_INET6`.
    public static let ipv6: UInt16 = 10

    /// The address family.
    public let family: UInt16
    /// The port, for IP.
    public let port: UInt16
    /// The address: 4 or 16 bytes in network order for IP; for Unix sockets `sun_path` as far as it was given.
    public let bytes: [UInt8]

    /// The local address that rr noted at connect or accept: its port is in host order.
    public init?(recordedLocal data: [UInt8]) { self.init(data, hostOrderPort: true, reversedWords: false) }

    /// The remote address that rr noted: port in host order and, for IPv6, the four words in reverse.
    public init?(recordedRemote data: [UInt8]) { self.init(data, hostOrderPort: true, reversedWords: true) }

    /// A `sockaddr` as the kernel wrote it into the program's memory.
    public init?(kernel data: [UInt8]) { self.init(data, hostOrderPort: false, reversedWords: false) }

    private init?(_ data: [UInt8], hostOrderPort: Bool, reversedWords: Bool) {
        guard data.count >= 2 else { return nil }
        family = UInt16(data[0]) | UInt16(data[1]) << 8
        let length: Int
        let start: Int
        switch family {
        case Self.ipv4: (start, length) = (4, 4)
        case Self.ipv6: (start, length) = (8, 16)
        case Self.unix: (start, length) = (2, data.count - 2)
        default: return nil
        }
        guard data.count >= start + length else { return nil }
        let address = data[start..<start + length]
        if family == Self.unix {
            port = 0
            bytes = Array(address)
        } else {
            let (first, second) = (UInt16(data[2]), UInt16(data[3]))
            port = hostOrderPort ? second << 8 | first : first << 8 | second
            bytes =
                family == Self.ipv6 && reversedWords
                ? stride(from: 12, through: 0, by: -4).flatMap { word in data[(start + word)..<(start + word + 4)] } : Array(address)
        }
    }
}
