import RRTrace
import TestSupport
import Testing

@Suite struct SocketAddressTests {
    @Test func portsThatRRNotedAreInHostOrder() {
        let address = SocketAddress(recordedLocal: [2, 0, 0x83, 0x1e, 127, 0, 0, 1, 0xaa])
        #expect(address?.family == SocketAddress.ipv4 && address?.port == 7811 && address?.bytes == [127, 0, 0, 1])
    }

    @Test func theWordsOfARemoteIPv6AddressAreReversed() {
        let head: [UInt8] = [10, 0, 0x83, 0x1e, 0, 0, 0, 0]
        let loopback: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        let reversed: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(SocketAddress(recordedRemote: head + reversed)?.bytes == loopback)
        #expect(SocketAddress(recordedLocal: head + loopback)?.bytes == loopback)
        #expect(SocketAddress(recordedRemote: head + reversed)?.port == 7811)
    }

    @Test func theKernelsAddressesAreInNetworkOrder() {
        #expect(SocketAddress(kernel: [2, 0, 0x1e, 0x83, 127, 0, 0, 1])?.port == 7811)
        #expect(SocketAddress(kernel: [1, 0, 0x2f, 0x78])?.bytes == Array("/x".utf8))
        #expect(SocketAddress(kernel: [1, 0])?.bytes == [])
    }

    @Test(arguments: [[], [2], [2, 0, 1, 2, 3, 4, 5], [10, 0] + Array(repeating: 0, count: 21), [17, 0, 0, 0]] as [[UInt8]])
    func whatIsTooShortOrOfAnotherFamilyIsNone(bytes: [UInt8]) {
        #expect(SocketAddress(kernel: bytes) == nil && SocketAddress(recordedRemote: bytes) == nil)
    }
}

@Suite struct SyscallBufferRecordTests {
    /// A buffer with records of (number, result, flags, extra).
    private func buffer(_ records: [(UInt16, Int64, UInt8, [UInt8])], headerSize: Int = 30) -> [UInt8] {
        var bytes: [UInt8] = []
        for (number, result, flags, extra) in records {
            bytes +=
                little(UInt64(bitPattern: result), 8) + little(UInt64(number), 2) + [flags, 0] + little(UInt64(16 + extra.count), 4) + extra
            bytes += Array(repeating: 0, count: (8 - extra.count % 8) % 8)
        }
        return little(UInt64(bytes.count), 4) + Array(repeating: 0xee, count: headerSize - 4) + bytes
    }

    private func little(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
    }

    @Test(arguments: [30, 32], [true, false])
    func recordsAreReadBehindEitherHeader(headerSize: Int, isTold: Bool) {
        let bytes = buffer([(0, 5, 1, Array("hello".utf8)), (3, 0, 0, []), (45, -11, 3, [1])], headerSize: headerSize)
        var records = SyscallBufferRecords(bytes, headerSize: isTold ? headerSize : nil)
        let read = Array(IteratorSequence(records))
        #expect(read.map(\.number) == [0, 3, 45] && read.map(\.result) == [5, 0, -11])
        #expect(read.map(\.mayBlock) == [true, false, true] && read.map(\.replayAssisted) == [false, false, true])
        #expect(read.map { Array(bytes[$0.extra]) } == [Array("hello".utf8), [], [1]])
        #expect(read.map(\.offset) == [headerSize, headerSize + 24, headerSize + 40])
        while records.next() != nil {}
        #expect(!records.isDamaged)
    }

    @Test func aBufferThatIsCutOffIsDamaged() {
        let whole = buffer([(0, 5, 0, Array("hello".utf8)), (3, 0, 0, [])])
        for count in 0..<whole.count {
            var records = SyscallBufferRecords(Array(whole.prefix(count)), headerSize: 30)
            while records.next() != nil {}
            #expect(records.isDamaged, "\(count)")
        }
    }

    @Test(arguments: [0, 15, 41, 0xffff_ffff] as [UInt64])
    func aRecordOfImpossibleSizeIsDamaged(size: UInt64) {
        var bytes = buffer([(0, 5, 0, Array(repeating: 1, count: 16))])
        bytes.replaceSubrange(42..<46, with: little(size, 4))
        var records = SyscallBufferRecords(bytes)
        #expect(records.next() == nil)
        #expect(records.isDamaged)
    }
}

@Suite struct SyscallTableTests {
    @Test(
        "numbers are those of the kernel's headers",
        arguments: [
            (.x86_64, 0, "read"), (.x86_64, 1, "write"), (.x86_64, 219, "restart_syscall"), (.x86_64, 288, "accept4"),
            (.x86_64, 334, "rseq"), (.x86_64, 436, "close_range"), (.x86_64, 335, nil), (.x86_64, -1, nil), (.x86_64, .max, nil),
            (.x86, 0, "restart_syscall"), (.x86, 102, "socketcall"), (.x86, 221, "fcntl64"), (.x86, 372, "recvmsg"),
            (.x86, 417, "recvmmsg_time64"), (.aarch64, 0, "io_setup"), (.aarch64, 25, "fcntl"), (.aarch64, 63, "read"),
            (.aarch64, 242, "accept4"), (.aarch64, 222, "mmap"), (.aarch64, 244, nil),
        ] as [(Architecture, Int32, String?)])
    func names(architecture: Architecture, number: Int32, name: String?) {
        #expect(SyscallTable.table(architecture).name(number) == name)
    }

    @Test func oneCallIsOneCaseWhateverItsNumber() {
        let numbers: [(Int32, Architecture)] = [(72, .x86_64), (55, .x86), (221, .x86), (25, .aarch64)]
        #expect(numbers.allSatisfy { Syscall($0.0, $0.1) == .fcntl })
        #expect(Syscall(40, .x86_64) == .sendfile && Syscall(239, .x86) == .sendfile && Syscall(187, .x86) == .sendfile)
        #expect(Syscall(142, .x86) == .select && Syscall(82, .x86) == nil && Syscall(8, .x86_64) == nil)
    }

    @Test func everyCaseIsACallOfSomeArchitecture() {
        var seen: Set<Syscall> = []
        for architecture in Architecture.allCases {
            for number in 0..<500 as Range<Int32> { Syscall(number, architecture).map { _ = seen.insert($0) } }
        }
        #expect(seen == Set(Syscall.allCases))
    }

    @Test func callsOfRRItselfHaveNames() {
        #expect(SyscallTable.name(1002, .x86_64) == "rrcall_notify_syscall_hook_exit")
        #expect(SyscallTable.name(450 + 5000, .x86_64) == "syscall_5450" && SyscallTable.name(-7, .x86) == "syscall_-7")
        #expect(SyscallTable.name(45, .x86_64) == "recvfrom")
    }
}
