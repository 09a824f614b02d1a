import Foundation
import TestSupport
import Testing

@testable import Recorder

@Suite("Listeners")
struct ListenersTests {
    private func holds(_ condition: UpSpec.Condition) -> Bool {
        var listeners = Listeners()
        return listeners.hold(condition)
    }

    /// Calls `body` with a new socket, bound to `address`.
    private func withSocket<Address>(_ type: __socket_type, _ address: Address, length: Int? = nil, _ body: (Int32) throws -> Void) throws {
        let number = socket(Int32(withUnsafeBytes(of: address) { $0.load(as: sa_family_t.self) }), Int32(type.rawValue), 0)
        defer { close(number) }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(length ?? MemoryLayout<Address>.size))
            }
        }
        guard result == 0 else { throw Failure("bind: \(String(cString: strerror(errno)))") }
        try body(number)
    }

    private func loopback(_ port: UInt16) -> sockaddr_in {
        sockaddr_in(
            sin_family: sa_family_t(AF_INET), sin_port: port.bigEndian, sin_addr: in_addr(s_addr: UInt32(0x7f00_0001).bigEndian),
            sin_zero: (0, 0, 0, 0, 0, 0, 0, 0))
    }

    private func unix(_ name: String) -> (address: sockaddr_un, length: Int) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8.map { $0 == UInt8(ascii: "@") ? 0 : $0 }) }
        return (address, 2 + name.utf8.count)
    }

    @Test("a TCP port counts once somebody listens, not when it is only bound")
    func tcp() throws {
        let port = try Ports.free()
        try withSocket(SOCK_STREAM, loopback(port)) { socket in
            #expect(!holds(.tcp(port)) && !holds(.udp(port)))
            #expect(listen(socket, 1) == 0)
            #expect(holds(.tcp(port)) && !holds(.udp(port)))
        }
        #expect(!holds(.tcp(port)))
    }

    @Test("an IPv6 port counts, too")
    func tcp6() throws {
        let port = try Ports.free()
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        try withSocket(SOCK_STREAM, address) { socket in
            #expect(listen(socket, 1) == 0)
            #expect(holds(.tcp(port)))
        }
    }

    @Test("a UDP port counts once it is bound")
    func udp() throws {
        let port = try Ports.free()
        try withSocket(SOCK_DGRAM, loopback(port)) { _ in #expect(holds(.udp(port)) && !holds(.tcp(port))) }
        #expect(!holds(.udp(port)))
    }

    @Test("a Unix socket counts once somebody listens; a name with spaces and an abstract one are found")
    func unixSockets() throws {
        try withTemporaryDirectory { directory in
            for name in [directory.path + "/a socket", "@ridealong \(UUID())"] {
                let (address, length) = unix(name)
                try withSocket(SOCK_STREAM, address, length: length) { socket in
                    #expect(!holds(.unix(name)))
                    #expect(listen(socket, 1) == 0)
                    #expect(holds(.unix(name)) && !holds(.unix(name + "x")))
                }
                #expect(!holds(.unix(name)))
            }
            let (address, length) = unix(directory.path + "/datagrams")
            try withSocket(SOCK_DGRAM, address, length: length) { _ in #expect(holds(.unix(directory.path + "/datagrams"))) }
        }
    }

    @Test("conditions on nodes are nothing that the kernel knows")
    func nodes() { #expect(!holds(.started("a")) && !holds(.ended("a"))) }
}
