import RunModel

#if canImport(Glibc)
    import Glibc
#endif

/// The descriptors that a recorded program is started with, as the sidecar tells them.
extension EndpointTracker {
    /// Registers the descriptors that the first process inherits.
    mutating func inherit(_ descriptors: [Sidecar.InheritedFile]) {
        var byLink: [String: Int] = [:]
        for descriptor in descriptors {
            let flags = UInt64(UInt32(bitPattern: descriptor.flags ?? 2))
            guard let (kind, inode) = Self.object(descriptor.link) else {
                openings += 1
                inherited.plain[descriptor.number] = PlainFile(
                    opening: openings, opened: Stamp(moment: .beginning, time: 0), closeOnExec: false, access: Self.access(flags),
                    isInherited: true)
                continue
            }
            // Several descriptors may name one open file; the link tells sockets apart, and the two ends of a pipe by their flags.
            let key = "\(descriptor.link) \(flags & 3)"
            let file = byLink[key] ?? addFile(kind)
            byLink[key] = file
            files[file].isInherited = true
            files[file].references += 1
            if kind == .pipe { files[file].access = Self.access(flags) }
            files[file].identity = inode.map { Endpoint.FileIdentity(inode: $0) }
            files[file].local = descriptor.local.flatMap { Address(text: $0) }
            files[file].remote = descriptor.remote.flatMap { Address(text: $0) }
            inherited.slots[descriptor.number] = FileTable.Slot(file: file, closeOnExec: false)
        }
    }

    /// What a link such as `pipe:[4711]` stands for.
    private static func object(_ link: String) -> (kind: OpenFile.Kind, inode: UInt64?)? {
        for (prefix, kind) in [("pipe:[", .pipe), ("socket:[", .unknownSocket)] as [(String, OpenFile.Kind)] where link.hasPrefix(prefix) {
            return (kind, UInt64(link.dropFirst(prefix.count).dropLast()))
        }
        return nil
    }
}

extension Address {
    /// An address as `description` writes it.
    init?(text: String) {
        if text == "unix" {
            self = .unixUnnamed
        } else if text.hasPrefix("@") {
            self = .unixAbstract(Array(text.utf8.dropFirst()))
        } else if text.hasPrefix("/") {
            self = .unixPath(text)
        } else {
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
            let host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") {
                guard let (high, low) = Self.ipv6(String(host.dropFirst().dropLast())) else { return nil }
                self = .normalizedIPv6(high: high, low: low, port: port)
            } else {
                var address = in_addr()
                guard inet_pton(AF_INET, String(host), &address) == 1 else { return nil }
                self = .ipv4(UInt32(bigEndian: address.s_addr), port: port)
            }
        }
    }

    private static func ipv6(_ text: String) -> (high: UInt64, low: UInt64)? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { bytes in
            let word = { (start: Int) in bytes[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
            return (word(0), word(8))
        }
    }
}
