import Endpoints
import RunModel
import TestSupport
import Testing

/// FIFOs that are opened by name, descriptors that were there before, and what `stat` says of them.
@Suite struct FileTests {
    /// A `struct stat` of a 64-bit program.
    private func stat(mode: UInt32, device: UInt64 = 9, inode: UInt64 = 4711) -> [UInt8] {
        History.bytes(device) + History.bytes(inode) + History.bytes(1 as UInt64) + History.bytes(mode) + Array(repeating: 0, count: 116)
    }
    private let fifo: UInt32 = 0x11a4
    private let socket: UInt32 = 0xc1ff
    private let regular: UInt32 = 0x81a4

    @Test func aFIFOShowsByItsStatus() throws {
        var history = History()
        let opened = history.call(.openat, [0, 0, 0x80000], result: 3)
        history.call(.fstat, [3, History.buffer], result: 0, wrote: [stat(mode: fifo)])
        history.receive(3, "hello")
        history.call(.openat, [0, 0, 1], result: 4)
        history.call(.newfstatat, [4, 0x1000, History.buffer, 0x1000], result: 0, wrote: [stat(mode: fifo)])
        history.send(4, 3)
        history.execute(History.first, ["other"])
        let reading = try history.read()
        #expect(reading.story == ["0 receive 0..<5", "1 send 0..<3", "0 close"])
        #expect(reading.activity.endpoints.map(\.kind) == [.pipe, .pipe] && reading.activity.endpoints.map(\.birth) == [.open, .open])
        #expect(reading.activity.endpoints.map(\.access) == [.read, .write])
        #expect(reading.activity.endpoints.map(\.identity) == [.init(device: 9, inode: 4711), .init(device: 9, inode: 4711)])
        #expect(reading.activity.endpoints[0].opened.event == opened - 1)
        #expect(reading.troubles == [])
    }

    @Test func theLongStatusTellsTheSame() throws {
        var history = History()
        history.call(.openat, [0, 0, 2], result: 3)
        var status = [UInt8](repeating: 0, count: 256)
        status.replaceSubrange(28..<30, with: History.bytes(UInt16(fifo)))
        status.replaceSubrange(32..<40, with: History.bytes(4711 as UInt64))
        status.replaceSubrange(136..<144, with: History.bytes(8 as UInt32) + History.bytes(0x301 as UInt32))
        history.call(.statx, [3, 0x1000, 0x1000, 0, History.buffer], result: 0, wrote: [status])
        history.receive(3, "hello")
        let reading = try history.read()
        #expect(reading.activity.endpoints.map(\.identity) == [.init(device: 0x30_0801, inode: 4711)])
    }

    @Test func aStatusOfAPathSaysNothingOfTheDescriptor() throws {
        var history = History()
        history.call(.openat, [0, 0, 0], result: 3)
        history.call(.newfstatat, [3, 0x1000, History.buffer, 0], result: 0, wrote: [stat(mode: fifo)])
        history.receive(3, "hello")
        #expect(try history.read().activity.endpoints.isEmpty)
    }

    @Test func copiesOfAFIFOAreOneEndpoint() throws {
        var history = History()
        history.call(.openat, [0, 0, 0], result: 3)
        history.call(.dup2, [3, 0], result: 0)
        history.call(.fcntl, [0, 1030, 10], result: 10)
        history.call(.fstat, [0, History.buffer], result: 0, wrote: [stat(mode: fifo)])
        history.clone(11, flags: History.fork)
        history.receive(0, "hello")
        history.exit(History.first)
        history.receive(3, "world", task: 11)
        history.exit(11)
        #expect(try history.read().story == ["0 receive 0..<5", "0 receive 5..<10", "0 close"])
    }

    @Test func bytesBeforeTheStatusMakeOffsetsUnknown() throws {
        var history = History()
        history.call(.openat, [0, 0, 0], result: 3)
        history.receive(3, "hello")
        history.call(.fstat, [3, History.buffer], result: 0, wrote: [stat(mode: fifo)])
        history.receive(3, "world")
        #expect(try history.read().story == ["0 receive"])
    }

    @Test func aPlainFileStaysPlain() throws {
        var history = History()
        history.call(.openat, [0, 0, 0], result: 3)
        history.call(.fstat, [3, History.buffer], result: 0, wrote: [stat(mode: regular)])
        history.receive(3, "hello")
        history.receive(3, "world")
        #expect(try history.read().activity.endpoints.isEmpty)
    }

    @Test func aPipeThatWasThereShowsByItsStatus() throws {
        var history = History()
        history.call(.fstat, [1, History.buffer], result: 0, wrote: [stat(mode: fifo)])
        history.send(1, 7)
        history.call(.fstat, [0, History.buffer], result: 0, wrote: [stat(mode: socket, inode: 12)])
        history.receive(0, "hi")
        let reading = try history.read()
        #expect(reading.story == ["0 send 0..<7", "1 receive 0..<2"])
        #expect(reading.activity.endpoints.map(\.kind) == [.pipe, .unknown])
        #expect(reading.activity.endpoints.map(\.birth) == [.inherited, .inherited])
        #expect(reading.activity.endpoints.map(\.access) == [.write, .both])
    }

    @Test func bothEndsOfAPipeAreTheSameFile() throws {
        var history = History()
        history.call(.pipe, [History.buffer], result: 0, wrote: [[3, 0, 0, 0, 4, 0, 0, 0]])
        history.call(.fstat, [4, History.buffer], result: 0, wrote: [stat(mode: fifo)])
        #expect(try history.read().activity.endpoints.map(\.identity?.inode) == [4711, 4711])
    }

    @Test func theSidecarTellsPipesAndAddresses() throws {
        var history = History()
        history.receive(0, "hi")
        history.send(1, 3)
        history.send(5, 3)
        history.call(.fstat, [6, History.buffer], result: 0, wrote: [stat(mode: fifo, inode: 5)])
        history.receive(6, "hi")
        let reading = try history.read(inherited: [
            .init(number: 0, link: "pipe:[77]", flags: 0), .init(number: 1, link: "pipe:[78]", flags: 0o100001),
            .init(number: 5, link: "socket:[79]", flags: 2, local: "127.0.0.1:80", remote: "[fe80::1]:5000"),
            .init(number: 6, link: "/tmp/fifo", flags: 0),
        ])
        #expect(reading.story == ["0 receive 0..<2", "1 send 0..<3", "2 send 0..<3", "3 receive 0..<2"])
        #expect(reading.activity.endpoints.map(\.kind) == [.pipe, .pipe, .unknown, .pipe])
        #expect(reading.activity.endpoints.map(\.access) == [.read, .write, .both, .read])
        #expect(reading.activity.endpoints.map(\.identity?.inode) == [77, 78, 79, 5])
        #expect(reading.activity.endpoints.allSatisfy { $0.birth == .inherited })
        #expect(reading.activity.endpoints[2].local == .ipv4(0x7f00_0001, port: 80))
        #expect(reading.activity.endpoints[2].remote == .ipv6(high: 0xfe80_0000_0000_0000, low: 1, port: 5000))
    }

    @Test(arguments: ["", ":", "1.2.3.4", "1.2.3.4:x", "1.2.3.4:99999", "[::1", "[::1]:", "[x]:1", "1.2.3:4", "::1:80"])
    func whatIsNoAddressIsNone(text: String) throws {
        var history = History()
        history.send(5, 3)
        let reading = try history.read(inherited: [.init(number: 5, link: "socket:[79]", flags: 2, local: text)])
        #expect(reading.activity.endpoints[0].local == nil)
    }
}
