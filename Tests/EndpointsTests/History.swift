import Capture
import Endpoints
import Foundation
import RRTrace
import RunModel
import TestSupport

/// A node's history, written call by call into a trace and read back by the code under test.
///
/// The first process has id 10. Numbers are those of x86-64.
struct History {
    /// Numbers of system calls.
    enum Call: Int32 {
        case read = 0
        case write = 1
        case close = 3
        case poll = 7
        case readv = 19
        case pipe = 22
        case dup = 32
        case dup2 = 33
        case socket = 41
        case connect = 42
        case accept = 43
        case sendto = 44
        case recvfrom = 45
        case recvmsg = 47
        case shutdown = 48
        case bind = 49
        case listen = 50
        case getsockname = 51
        case getpeername = 52
        case socketpair = 53
        case getsockopt = 55
        case clone = 56
        case execve = 59
        case exit = 60
        case fcntl = 72
        case restart = 219
        case exitGroup = 231
        case splice = 275
        case openat = 257
        case sendmmsg = 307
        case accept4 = 288
        case pwritev2 = 328
        case closeRange = 436
        case preadv2 = 327
        case mmap = 9
        case wait4 = 61
        case kill = 62
        case tgkill = 234
        case waitid = 247
        case eventfd2 = 290
        case fstat = 5
        case sendmsg = 46
        case newfstatat = 262
        case statx = 332
        case ioctl = 16
        case select = 23
        case sendfile = 40
        case pselect6 = 270
        case tee = 276
        case vmsplice = 278
        case pipe2 = 293
        case recvmmsg = 299
    }

    static let first: Int32 = 10
    /// Where calls write to memory.
    static let buffer: UInt64 = 0x7000_0000_0000

    private(set) var writer = TraceWriter()
    private var time = 1.0

    /// A node whose first process has just executed its program (at event 1).
    init() {
        writer.exec(task: Self.first, commandLine: ["program"], event: 1)
        frame(Self.first, .execve, state: 2, [], result: 0, [])
    }

    private mutating func frame(
        _ task: Int32, _ call: Call, state: UInt16, _ arguments: [UInt64], result: Int64, _ writes: [FrameSpec.Write], original: Call? = nil
    ) {
        time += 0.001
        writer.frame(
            FrameSpec(
                task: task, event: .syscall(number: call.rawValue, state: state),
                registers: FrameSpec.x64(number: Int64((original ?? call).rawValue), result: state == 2 ? result : -38, arguments),
                writes: writes,
                ticks: Int64(writer.frameCount) * 50, seconds: time))
    }

    /// A task enters a call. Returns the event.
    @discardableResult
    mutating func enter(_ call: Call, _ arguments: [UInt64] = [], task: Int32 = first, original: Call? = nil) -> UInt64 {
        frame(task, call, state: 1, arguments, result: -38, [], original: original)
        return UInt64(writer.frameCount)
    }

    /// A task returns from a call. Returns the event.
    @discardableResult
    mutating func leave(
        _ call: Call, _ arguments: [UInt64] = [], result: Int64, wrote: [[UInt8]] = [], at address: UInt64 = buffer, task: Int32 = first,
        original: Call? = nil
    ) -> UInt64 {
        var next = address
        let writes = wrote.map { bytes in
            defer { next += UInt64(bytes.count) }
            return FrameSpec.Write(task: task, address: next, bytes: bytes)
        }
        frame(task, call, state: 2, arguments, result: result, writes, original: original)
        return UInt64(writer.frameCount)
    }

    /// A whole call. Returns the event of its return.
    @discardableResult
    mutating func call(
        _ call: Call, _ arguments: [UInt64] = [], result: Int64, wrote: [[UInt8]] = [], at address: UInt64 = buffer, task: Int32 = first
    ) -> UInt64 {
        enter(call, arguments, task: task)
        return leave(call, arguments, result: result, wrote: wrote, at: address, task: task)
    }

    /// A successful connect or accept with the addresses that rr notes. Returns the event of its return.
    @discardableResult
    mutating func connection(
        _ call: Call, _ arguments: [UInt64], result: Int64, local: (UInt8, UInt16), remote: (UInt8, UInt16), task: Int32 = first
    ) -> UInt64 {
        enter(call, arguments, task: task)
        time += 0.001
        let recorded = { (host: UInt8, port: UInt16) in
            [2, 0, UInt8(port & 255), UInt8(port >> 8), 127, 0, 0, host] + Array(repeating: UInt8(0xee), count: 120)
        }
        writer.frame(
            FrameSpec(
                task: task, event: .socket(number: call.rawValue, local: recorded(local.0, local.1), remote: recorded(remote.0, remote.1)),
                registers: FrameSpec.x64(number: Int64(call.rawValue), result: result, arguments), seconds: time))
        return UInt64(writer.frameCount)
    }

    /// A connected TCP socket on descriptor `number`.
    mutating func connected(_ number: UInt64, flags: UInt64 = 0, task: Int32 = first) {
        call(.socket, [2, 1 | flags, 0], result: Int64(number), task: task)
        connection(.connect, [number], result: 0, local: (1, 5000), remote: (1, 80), task: task)
    }

    /// Bytes sent.
    @discardableResult
    mutating func send(_ number: UInt64, _ count: Int64, task: Int32 = first) -> UInt64 {
        call(.write, [number, Self.buffer, UInt64(count)], result: count, task: task)
    }

    /// Bytes received.
    @discardableResult
    mutating func receive(_ number: UInt64, _ text: String, task: Int32 = first) -> UInt64 {
        call(.read, [number, Self.buffer, 4096], result: Int64(text.utf8.count), wrote: [Array(text.utf8)], task: task)
    }

    /// The birth of a task, as of the clone that `parent` enters now. Returns after the parent has returned.
    mutating func clone(_ child: Int32, flags: UInt32, parent: Int32 = first, listed: Bool = true) {
        let event = enter(.clone, [UInt64(flags)], task: parent)
        if listed { writer.clone(task: child, parent: parent, flags: flags, event: Int(event)) }
        leave(.clone, [UInt64(flags)], result: Int64(child), task: parent)
    }

    /// The trace's list tells of a child of the clone that `parent` has just entered.
    mutating func announce(_ child: Int32, flags: UInt32, parent: Int32 = first) {
        writer.clone(task: child, parent: parent, flags: flags, event: writer.frameCount)
    }

    /// A signal arrives (6), is delivered (7) or handled (8). Returns the event.
    @discardableResult
    mutating func signal(_ information: [UInt8], tag: UInt16 = 6, task: Int32 = first) -> UInt64 {
        let event = FrameSpec.Event.signal(tag: tag, information: information, deterministic: false, disposition: 1)
        writer.frame(FrameSpec(task: task, event: event, seconds: time))
        return UInt64(writer.frameCount)
    }

    /// A task maps a file to share it.
    mutating func map(inode: UInt64, protection: UInt64 = 3, task: Int32 = first) {
        let event = call(.mmap, [0, 4096, protection, 1, 5, 0], result: 0x9000_0000, task: task)
        writer.mapping(
            start: 0x9000_0000, end: 0x9000_1000, name: "file", event: Int(event), inode: inode, protection: protection, flags: 1)
    }

    /// A thread that executes a program takes the place of its process's first one.
    mutating func becomes(_ task: Int32, _ leader: Int32) {
        writer.clone(task: leader, parent: task, flags: 0x5_0f00, event: writer.frameCount + 1)
    }

    /// A task executes another program.
    mutating func execute(_ task: Int32, _ commandLine: [String], listed: Bool = true) {
        enter(.execve, task: task)
        let event = leave(.execve, result: 0, task: task)
        if listed { writer.exec(task: task, commandLine: commandLine, event: Int(event)) }
    }

    /// A task ends.
    mutating func exit(_ task: Int32 = first, status: Int32 = 0, listed: Bool = true) {
        enter(.exitGroup, task: task)
        time += 0.001
        let event = writer.frame(FrameSpec(task: task, event: .other(tag: 9), seconds: time))
        if listed { writer.exit(task: task, status: status, event: event) }
    }

    /// A whole call of a 32-bit task (or by `int 0x80`), with its number there. Returns the event of its return.
    @discardableResult
    mutating func call32(_ number: Int32, _ arguments: [UInt32] = [], result: Int32, wrote: [FrameSpec.Write] = []) -> UInt64 {
        for state in [1, 2] as [UInt16] {
            time += 0.001
            var words = arguments + Array(repeating: 0, count: 17 - arguments.count)
            words[6] = UInt32(bitPattern: state == 2 ? result : -38)
            words[11] = UInt32(bitPattern: number)
            writer.frame(
                FrameSpec(
                    task: Self.first, event: .syscall(number: number, state: state, architecture: 0), architecture: 0,
                    registers: words.flatMap(Self.bytes), writes: state == 2 ? wrote : [], seconds: time))
        }
        return UInt64(writer.frameCount)
    }

    /// A task returns from a call that wrote to these places. Returns the event.
    @discardableResult
    mutating func leave(_ call: Call, _ arguments: [UInt64], result: Int64, writes: [FrameSpec.Write], task: Int32 = first) -> UInt64 {
        frame(task, call, state: 2, arguments, result: result, writes)
        return UInt64(writer.frameCount)
    }

    /// A whole call by `int 0x80` of a 64-bit task: a 32-bit program's numbers and structures, in 64-bit registers. Returns the event of
    /// its return.
    @discardableResult
    mutating func int80(_ number: Int32, _ arguments: [UInt32] = [], result: Int32, wrote: [FrameSpec.Write] = []) -> UInt64 {
        for state in [1, 2] as [UInt16] {
            time += 0.001
            var words = (0..<27).map { 0xdddd_dddd_0000_0000 + UInt64($0) }
            for (place, value) in zip([5, 11, 12, 13, 14, 4], arguments) { words[place] = 0xeeee_eeee_0000_0000 | UInt64(value) }
            words[15] = UInt64(number)
            words[10] = UInt64(UInt32(bitPattern: state == 2 ? result : -38))
            words[16] = 0x40_0000
            writer.frame(
                FrameSpec(
                    task: Self.first, event: .syscall(number: number, state: state, architecture: 0),
                    registers: words.flatMap(Self.bytes), writes: state == 2 ? wrote : [], seconds: time))
        }
        return UInt64(writer.frameCount)
    }

    /// A whole call whose return writes to these places. Returns the event of its return.
    @discardableResult
    mutating func call(_ call: Call, _ arguments: [UInt64], result: Int64, writes: [FrameSpec.Write]) -> UInt64 {
        enter(call, arguments)
        frame(Self.first, call, state: 2, arguments, result: result, writes)
        return UInt64(writer.frameCount)
    }

    /// Numbers as they stand in memory.
    static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// Calls that the syscall buffer hid, shown by a flush: numbers, results, and what each wrote. Returns the event.
    @discardableResult
    mutating func flush(_ records: [(call: Call, result: Int64, extra: [UInt8])], task: Int32 = first, damaged: Bool = false) -> UInt64 {
        var body: [UInt8] = []
        for record in records {
            body += Self.bytes(record.result) + Self.bytes(UInt16(record.call.rawValue)) + [0, 0]
            body += Self.bytes(UInt32(16 + record.extra.count)) + record.extra
            while body.count % 8 != 0 { body.append(0) }
        }
        let header = Self.bytes(UInt32(damaged ? 4096 : body.count)) + Array(repeating: 0 as UInt8, count: 26)
        other(tag: 10, task: task, wrote: header + body, at: 0x7000_2000)
        return UInt64(writer.frameCount)
    }

    /// A frame of another kind.
    mutating func other(tag: UInt16, task: Int32 = first, wrote bytes: [UInt8] = [], at address: UInt64 = 0) {
        let writes = bytes.isEmpty ? [] : [FrameSpec.Write(task: task, address: address, bytes: bytes)]
        writer.frame(FrameSpec(task: task, event: .other(tag: tag), writes: writes, seconds: time))
    }

    /// What the code under test makes of it.
    ///
    /// - Parameter omitting: a stream that is left empty, as a dying recorder may leave it.
    func read(
        inherited: [Sidecar.InheritedFile] = [], omitting: String? = nil, capture: CaptureBytes? = nil
    ) throws -> NodeReading {
        try withTemporaryDirectory { directory in
            try writer.write(to: directory.appendingPathComponent("trace"))
            if let omitting { try Data().write(to: directory.appendingPathComponent("trace/\(omitting)")) }
            let trace = try TraceDirectory(path: directory.appendingPathComponent("trace").path)
            let calls = directory.appendingPathComponent("calls")
            if let capture { try Data(capture.bytes).write(to: calls) }
            return try NodeReading(
                trace, node: NodeID(0), inherited: inherited, capture: capture == nil ? nil : try CaptureFile(path: calls.path))
        }
    }

    /// Flags of clone for a forked process, and for a thread.
    static let fork: UInt32 = 0x120_0011
    static let thread: UInt32 = 0x3d_0f00
}

extension NodeReading {
    /// Kinds, byte ranges and endpoints of all operations, one word each.
    var story: [String] {
        activity.operations.map { operation in
            let range = operation.bytes.map { " \($0.lowerBound)..<\($0.upperBound)" } ?? ""
            return "\(operation.endpoint) \(operation.isEndOfStream ? "end" : "\(operation.kind)")\(range)"
        }
    }

    /// Names (and subjects) of all anomalies, with their counts.
    var troubles: [String] { anomalies.all.map { "\($0.name)\($0.subject.isEmpty ? "" : " (\($0.subject))") \($0.count)" } }
}
