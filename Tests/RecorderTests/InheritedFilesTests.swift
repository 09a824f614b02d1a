import Glibc
import RunModel
import TestSupport
import Testing

@testable import Recorder

@Suite struct InheritedFilesTests {
    /// A descriptor that a program started now would inherit.
    private func passedOn(_ descriptor: Int32) throws -> Sidecar.InheritedFile {
        try #require(InheritedFiles.list().first { $0.number == descriptor })
    }

    @Test func aPipeIsNamedByItsInode() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let (reading, writing) = (try passedOn(ends[0]), try passedOn(ends[1]))
        #expect(reading.link == writing.link)
        #expect(reading.link.hasPrefix("pipe:["))
        #expect(try #require(reading.flags) & O_ACCMODE == O_RDONLY)
        #expect(try #require(writing.flags) & O_ACCMODE == O_WRONLY)
    }

    @Test func whatIsClosedOnExecIsNotPassedOn() {
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        #expect(!InheritedFiles.list().contains { $0.number == file })
    }

    @Test func aSocketHasItsAddresses() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { for socket in [listener, client] { close(socket) } }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try #require(bind(listener, pointer, length) == 0 && listen(listener, 1) == 0)
                try #require(getsockname(listener, pointer, &length) == 0 && connect(client, pointer, length) == 0)
            }
        }
        let port = UInt16(bigEndian: address.sin_port)
        let listening = try passedOn(listener)
        let connected = try passedOn(client)
        #expect(listening.local == "127.0.0.1:\(port)" && listening.remote == nil)
        #expect(connected.remote == "127.0.0.1:\(port)" && connected.local != nil)
    }

    @Test func addressesOfAllFamiliesAreRead() {
        let read = { (bytes: [UInt8]) in bytes.withUnsafeBytes { Recorder.SocketAddress.address($0) } }
        #expect(read([2, 0, 0x1f, 0x90, 10, 0, 0, 7]) == .ipv4(0x0a00_0007, port: 8080))
        #expect(read([10, 0, 0, 80, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 15) + [1]) == .ipv6(high: 0, low: 1, port: 80))
        #expect(read([1, 0] + Array("/run/x\0junk".utf8)) == .unixPath("/run/x"))
        #expect(read([1, 0, 0] + Array("name".utf8)) == .unixAbstract(Array("name".utf8)))
        #expect(read([1, 0]) == .unixUnnamed)
        for length in 0..<8 { #expect(read(Array([2, 0, 0x1f, 0x90, 10, 0, 0, 7].prefix(length))) == nil) }
        #expect(read([16, 0, 1, 2, 3, 4, 5, 6]) == nil)
    }
}
