import RunModel

#if canImport(Glibc)
    import Glibc
#endif

/// Addresses as the kernel gives them, turned into ours.
enum SocketAddress {
    /// The own (or the peer's) address of the socket `descriptor`; `nil` if it has none or is no socket.
    static func of(_ descriptor: Int32, peer: Bool) -> Address? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                peer ? getpeername(descriptor, $0, &length) : getsockname(descriptor, $0, &length)
            }
        }
        return result == 0 ? withUnsafeBytes(of: storage) { address(UnsafeRawBufferPointer(rebasing: $0.prefix(Int(length)))) } : nil
    }

    /// The address in `bytes`, a `struct sockaddr` of any family; `nil` for families without a place in `Address`, and for cut-off ones.
    static func address(_ bytes: UnsafeRawBufferPointer) -> Address? {
        guard bytes.count >= 2 else { return nil }
        let word = { (start: Int, count: Int) in bytes[start..<start + count].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        switch Int32(bytes.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET where bytes.count >= 8: return .ipv4(UInt32(word(4, 4)), port: UInt16(word(2, 2)))
        case AF_INET6 where bytes.count >= 24: return .normalizedIPv6(high: word(8, 8), low: word(16, 8), port: UInt16(word(2, 2)))
        case AF_UNIX:
            let name = Array(bytes.dropFirst(2))
            guard let first = name.first else { return .unixUnnamed }
            if first == 0 { return .unixAbstract(Array(name.dropFirst())) }
            return .unixPath(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
        default: return nil
        }
    }

    /// The addresses of this network namespace's interfaces, as text without ports, each once.
    static func ofInterfaces() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [String] = []
        var next = list
        while let interface = next {
            next = interface.pointee.ifa_next
            guard let text = interface.pointee.ifa_addr.flatMap(numericHost), !found.contains(text) else { continue }
            found.append(text)
        }
        return found
    }

    /// The text of an IP address, without a scope; `nil` for other families.
    private static func numericHost(_ pointer: UnsafeMutablePointer<sockaddr>) -> String? {
        let family = Int32(pointer.pointee.sa_family)
        guard family == AF_INET || family == AF_INET6 else { return nil }
        let size = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(pointer, socklen_t(size), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "%")) }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
