import Calls
import TestSupport
import Testing

@Suite("Decoding calls")
struct DecodingTests {
    private static let buffer = CallTrace.buffer

    /// The line of one call that wrote `bytes` to the buffer.
    private func line(_ number: Int32, _ arguments: [UInt64], _ result: Int64, _ bytes: [UInt8] = [], stringLimit: Int = 32) throws
        -> String?
    {
        var trace = CallTrace()
        trace.call(number, arguments, result: result, bytes.isEmpty ? [] : [(Self.buffer, bytes)])
        return try trace.lines(stringLimit: stringLimit).first
    }

    @Test("the program is executed with its command line")
    func exec() throws {
        #expect(try CallTrace().calls().map(\.text) == [#"execve("program", ["program", "a b"], NULL) = 0"#])
    }

    @Test("a read shows the bytes that the trace holds, as many as asked for, and a write only their address")
    func bytes() throws {
        #expect(try line(0, [3, Self.buffer, 64], 5, Array("ab\n\u{0}1".utf8)) == #"read(3, "ab\n\0001", 64) = 5"#)
        #expect(try line(0, [3, Self.buffer, 64], 5, Array("abcde".utf8), stringLimit: 2) == #"read(3, "ab"..., 64) = 5"#)
        #expect(try line(0, [3, Self.buffer, 64], 0) == #"read(3, "", 64) = 0"#)
        #expect(try line(0, [3, Self.buffer, 64], 5) == "read(3, 0x70000000, 64) = 5", "the trace does not hold them")
        #expect(
            try line(0, [3, Self.buffer, 64], -11, [1, 2]) == "read(3, 0x70000000, 64) = -1 EAGAIN (Resource temporarily unavailable)")
        #expect(try line(1, [1, Self.buffer, 5], 5) == "write(1, 0x70000000, 5) = 5")
    }

    @Test("bytes that the kernel wrote before the buffer's beginning are not the buffer's")
    func offset() throws {
        var trace = CallTrace()
        trace.call(0, [3, Self.buffer + 4, 64], result: 2, [(Self.buffer, Array("....ok....".utf8))])
        #expect(try trace.lines() == [#"read(3, "ok", 64) = 2"#])
    }

    @Test("flags and constants have their names, and what has none is a number")
    func constants() throws {
        #expect(
            try line(257, [0xffff_ff9c, 0x10, 0x8_0241, 0o640], 3) == "openat(AT_FDCWD, 0x10, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0640) = 3"
        )
        #expect(try line(257, [0xffff_ff9c, 0x10, 0], -2) == "openat(AT_FDCWD, 0x10, O_RDONLY) = -1 ENOENT (No such file or directory)")
        #expect(
            try line(9, [0, 4096, 0, 0x22, 0xffff_ffff, 0], 0x7f00_0000)
                == "mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f000000")
        #expect(
            try line(41, [2, 0x80801, 0], -97)
                == "socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0) = -1 EAFNOSUPPORT (Address family not supported by protocol)"
        )
        #expect(try line(41, [99, 0x1f, 7], -22) == "socket(99, 0xf|0x10, 7) = -1 EINVAL (Invalid argument)")
        #expect(
            try line(56, [0x120_0011, 0, 0, 0, 0], 11) == "clone(CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, NULL, NULL, NULL, 0) = 11"
        )
        #expect(try line(202, [0x10, 0x80, 7, 0], 0) == "futex(0x10, FUTEX_WAIT_PRIVATE, 0x7, NULL) = 0")
        #expect(try line(62, [12, 15], 0) == "kill(12, SIGTERM) = 0")
        #expect(try line(72, [3, 3], 0x802) == "fcntl(3, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)")
        #expect(try line(72, [3, 4, 0x800], 0) == "fcntl(3, F_SETFL, O_RDONLY|O_NONBLOCK) = 0")
        #expect(try line(54, [3, 6, 1, 0x10, 4], 0) == "setsockopt(3, SOL_TCP, TCP_NODELAY, 0x10, 4) = 0")
    }

    @Test("structures that the kernel wrote are decoded")
    func structures() throws {
        let polls = Int32(4).bytes + Int16(1).bytes + Int16(0x11).bytes + Int32(-1).bytes + Int32(0).bytes
        #expect(
            try line(7, [Self.buffer, 2, 0xffff_ffff], 1, polls)
                == "poll([{fd=4, events=POLLIN, revents=POLLIN|POLLHUP}, {fd=-1}], 2, -1) = 1")
        let event = UInt32(1).bytes + UInt64(7).bytes
        #expect(
            try line(232, [5, Self.buffer, 64, 100], 1, event + [UInt8](repeating: 0xee, count: 600))
                == "epoll_wait(5, [{events=EPOLLIN, data={u32=7, u64=7}}], 64, 100) = 1", "what lies behind the result is stale")
        #expect(
            try line(61, [11, Self.buffer, 0, 0], 11, Int32(0x300).bytes)
                == "wait4(11, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 11")
        #expect(
            try line(61, [11, Self.buffer, 0, 0], 11, Int32(0x8b).bytes)
                == "wait4(11, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], 0, NULL) = 11")
        #expect(try line(22, [Self.buffer], 0, Int32(3).bytes + Int32(4).bytes) == "pipe([3<endpoint 0>, 4<endpoint 1>]) = 0")
        #expect(try line(96, [Self.buffer, 0], 0, Int64(7).bytes + Int64(8).bytes) == "gettimeofday({tv_sec=7, tv_usec=8}, NULL) = 0")
    }

    @Test("an accepted connection shows its peer's address, and both descriptors what they name")
    func accept() throws {
        var trace = CallTrace()
        trace.call(41, [2, 1, 0], result: 3)
        trace.call(50, [3, 5], result: 0)
        let address: [UInt8] = [2, 0, 0x1f, 0x90, 127, 0, 0, 1] + [UInt8](repeating: 0, count: 8)
        trace.call(43, [3, Self.buffer + 16, Self.buffer], result: 4, [(Self.buffer, Int32(16).bytes), (Self.buffer + 16, address)])
        trace.call(3, [4], result: 0)
        #expect(
            try trace.lines() == [
                "socket(AF_INET, SOCK_STREAM, 0) = 3<tcp>", "listen(3<endpoint 0>, 5) = 0",
                #"accept(3<endpoint 0>, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, [16]) = 4<endpoint 1>"#,
                "close(4<endpoint 1>) = 0",
            ])
    }

    @Test("recvmsg shows its buffers and the descriptors that came along")
    func message() throws {
        var trace = CallTrace()
        let (header, payload, control) = (Self.buffer, Self.buffer + 0x100, Self.buffer + 0x200)
        let fields: [UInt64] = [0, 0, Self.buffer + 0x300, 1, control, 20, 0x4000_0000]
        let rights = UInt64(20).bytes + Int32(1).bytes + Int32(1).bytes + Int32(9).bytes
        let writes = [(header, fields.flatMap(\.bytes)), (payload, Array("hi".utf8)), (control, rights)]
        trace.call(47, [3, header, 0], result: 2, writes)
        let expected =
            #"recvmsg(3<endpoint 0>, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hi"}], msg_iovlen=1, "#
            + "msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[9<socket>]}], msg_controllen=20, "
            + "msg_flags=MSG_CMSG_CLOEXEC}, 0) = 2"
        let lines = try trace.lines()
        #expect(lines == [expected])
    }

    @Test("damaged structures are shown as addresses, and nothing traps", arguments: [UInt64.max, 1 << 63, 0xffff_ffff, 200])
    func damaged(_ number: UInt64) throws {
        var trace = CallTrace()
        let ones = [UInt8](repeating: 0xff, count: 160)
        for call in 0..<Int32(470) where ![13, 59, 322].contains(call) {
            for result in [Int64.max, -1, Int64(bitPattern: number)] {
                trace.call(
                    call, [Self.buffer, Self.buffer, number, Self.buffer, Self.buffer, Self.buffer], result: result, [(Self.buffer, ones)])
                trace.call(call, [3, Self.buffer, Self.buffer + 8, number, Self.buffer, number], result: result, [(Self.buffer, ones)])
            }
        }
        #expect(try trace.lines().count >= 470 * 6 - 200)
    }
}
