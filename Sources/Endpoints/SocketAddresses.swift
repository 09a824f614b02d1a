import RRTrace
import RunModel

extension Address {
    /// The local address that rr noted at connect or accept.
    init?(recordedLocal bytes: [UInt8]) { self.init(SocketAddress(recordedLocal: bytes)) }

    /// The remote address that rr noted at connect or accept.
    init?(recordedRemote bytes: [UInt8]) { self.init(SocketAddress(recordedRemote: bytes)) }

    /// A `struct sockaddr` as the kernel wrote it into the program's memory.
    init?(kernel bytes: [UInt8]) { self.init(SocketAddress(kernel: bytes)) }

    private init?(_ address: SocketAddress?) {
        guard let address else { return nil }
        let number = { (range: Range<Int>) in address.bytes[range].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        switch address.family {
        case SocketAddress.ipv4:
            self = .ipv4(UInt32(truncatingIfNeeded: number(0..<4)), port: address.port)
        case SocketAddress.ipv6:
            self = .normalizedIPv6(high: number(0..<8), low: number(8..<16), port: address.port)
        case SocketAddress.unix where address.bytes.isEmpty:
            self = .unixUnnamed
        case SocketAddress.unix where address.bytes.first == 0:
            self = .unixAbstract(Array(address.bytes.dropFirst()))
        case SocketAddress.unix:
            self = .unixPath(String(decoding: address.bytes.prefix { $0 != 0 }, as: UTF8.self))
        default: return nil
        }
    }
}
