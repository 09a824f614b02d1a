import Capture
import Endpoints
import RRTrace

/// How arguments and results are written.
extension CallReader {
    /// The arguments of a call that has returned `result`; `nil`: it has not, and nothing has been written yet.
    func arguments(of call: PendingCall, result: Int64?) -> [String] {
        let kinds = call.shape.arguments.prefix(call.argumentCount)
        return kinds.enumerated().map { index, kind in text(kind, index, call, result) }
    }

    private func text(_ kind: ArgumentKind, _ index: Int, _ call: PendingCall, _ result: Int64?) -> String {
        let value = index < call.values.count ? call.values[index] : 0
        let word = value & 0xffff_ffff
        // rr asks for the old mask whether the program does or not.
        if call.name == "rt_sigprocmask", index == 2, call.captured?.kind == .buffered { return "?" }
        switch kind {
        case .descriptor: return descriptor(Int32(truncatingIfNeeded: value), call.meanings.first { $0.index == index }?.meaning)
        case .directory:
            return Int32(truncatingIfNeeded: value) == Self.currentDirectory
                ? "AT_FDCWD" : descriptor(Int32(truncatingIfNeeded: value), nil)
        case .path, .pointer: return given(index, call) ?? call.pointer(index)
        case .int: return "\(Int32(truncatingIfNeeded: value))"
        case .uint: return "\(word)"
        case .long: return "\(Int64(bitPattern: value))"
        case .size: return call.architecture == .x86 ? "\(word)" : "\(value)"
        case .hexadecimal: return value == 0 ? "0" : call.pointer(index)
        case .mode: return Self.octal(word)
        case .signal: return SignalNames.name(Int64(word))
        case .constants(let names): return names.text(word)
        case .control: return control(call)
        case .clone: return Self.cloneFlags(word)
        case .futexValue: return call.values[1] & 0x7f == 1 ? "\(word)" : hexadecimal(word)
        case .socketOption: return SocketOptions.name(level: call.values[1], option: word)
        case .written(let structure):
            let isWritten = result.map { $0 >= 0 } ?? false && value != 0 && (call.architecture != .x86 || structure.isSameIn32Bits)
            return (isWritten ? written(structure, index, call, result ?? 0) : nil) ?? given(index, call) ?? call.pointer(index)
        }
    }

    private static let currentDirectory: Int32 = -100

    private static func octal(_ value: UInt64) -> String { value == 0 ? "0" : "0" + String(value, radix: 8) }

    private static func cloneFlags(_ value: UInt64) -> String {
        let flags = value & ~0xff
        let signal = value & 0xff
        let names = flags == 0 ? nil : ConstantNames.named("clone")?.text(flags)
        let words = [names, signal == 0 ? nil : SignalNames.name(Int64(signal))].compactMap { $0 }
        return words.isEmpty ? "0" : words.joined(separator: "|")
    }

    /// `7<tcp client-4 127.0.0.1:51646>`, or just the number.
    func descriptor(_ number: Int32, _ meaning: DescriptorWalk.Meaning?) -> String {
        switch meaning {
        case .endpoint(let serial): "\(number)<\(endpointName(serial))>"
        case .other(let words): "\(number)<\(words)>"
        case nil: "\(number)"
        }
    }

    /// The third argument of fcntl.
    private func control(_ call: PendingCall) -> String {
        let value = call.values[2]
        switch call.values[1] {
        case FileControl.setFlags: return ConstantNames.named("open")?.text(value) ?? hexadecimal(value)
        case FileControl.setDescriptorFlags: return ConstantNames.named("fdflags")?.text(value) ?? hexadecimal(value)
        case FileControl.duplicate, FileControl.duplicateCloseOnExec: return "\(Int32(truncatingIfNeeded: value))"
        default: return value == 0 ? "0" : hexadecimal(value)
        }
    }

    /// The arguments of a successful exec: the program and its command line come from the trace's list of tasks.
    func executed(_ exec: (file: [UInt8], commandLine: [[UInt8]]), _ call: PendingCall) -> [String] {
        let words = exec.commandLine.prefix(Self.maximumWords).map { Quoted.text($0, limit: stringLimit) }
        let more = exec.commandLine.count > Self.maximumWords ? ", ..." : ""
        let program = [Quoted.text(exec.file, limit: .max), "[" + words.joined(separator: ", ") + more + "]"]
        return call.name == "execve"
            ? program + [call.pointer(2)]
            : [text(.directory, 0, call, nil)] + program + [call.pointer(3), text(call.shape.arguments[4], 4, call, nil)]
    }

    /// So many words of a command line, or elements of an array, are shown.
    static let maximumWords = 32

    /// What a call that returned `result` is said to return.
    func outcome(of call: PendingCall, _ result: Int64) -> String {
        if result < 0, result >= -4095 { return Self.plainOutcome(result, call.shape) }
        if let made = made(by: call, result) { return descriptor(Int32(truncatingIfNeeded: result), made) }
        switch (call.name, result) {
        case ("poll", 0), ("ppoll", 0), ("select", 0), ("pselect6", 0): return "0 (Timeout)"
        case ("fcntl", _) where call.values[1] == FileControl.getFlags:
            let flags = UInt64(bitPattern: result)
            return "\(hexadecimal(flags)) (flags \(ConstantNames.named("open")?.text(flags) ?? ""))"
        case ("fcntl", 1) where call.values[1] == FileControl.getDescriptorFlags: return "0x1 (flags FD_CLOEXEC)"
        default: return Self.plainOutcome(result, call.shape)
        }
    }

    /// What a call of this shape that returned `result` is said to return, where no more is known of it.
    static func plainOutcome(_ result: Int64, _ shape: CallShape) -> String {
        if let error = ErrorNames.text(result) { return error }
        if case .hexadecimal = shape.result { return hexadecimal(UInt64(bitPattern: result)) }
        return "\(result)"
    }

    /// What the descriptor that a call has made names.
    func made(by call: PendingCall, _ result: Int64?) -> DescriptorWalk.Meaning? {
        guard let result, result >= 0, let number = Int32(exactly: result) else { return nil }
        if case .descriptor = call.shape.result { return walk.meaning(of: number, task: call.task) }
        let isDuplicate = [FileControl.duplicate, FileControl.duplicateCloseOnExec].contains(call.values[1])
        return call.name == "fcntl" && isDuplicate ? walk.meaning(of: number, task: call.task) : nil
    }

    /// Asks what the descriptors of a call name, those of which that is not known yet.
    func learn(_ call: inout PendingCall) {
        for (index, kind) in call.shape.arguments.enumerated() {
            guard case .descriptor = kind, index < call.values.count else { continue }
            let known = call.meanings.firstIndex { $0.index == index }
            if let known, case .endpoint = call.meanings[known].meaning { continue }
            guard let meaning = walk.meaning(of: Int32(truncatingIfNeeded: call.values[index]), task: call.task) else { continue }
            if let known { call.meanings[known].meaning = meaning } else { call.meanings.append((index, meaning)) }
        }
    }
}

/// Values of fcntl's second argument.
private enum FileControl {
    static let duplicate: UInt64 = 0
    static let getDescriptorFlags: UInt64 = 1
    static let setDescriptorFlags: UInt64 = 2
    static let getFlags: UInt64 = 3
    static let setFlags: UInt64 = 4
    static let duplicateCloseOnExec: UInt64 = 1030
}

extension PendingCall {
    /// The address in argument `index`.
    ///
    /// For what a call in the syscall buffer takes, rr puts its own memory in the place of the program's, which is then known of the
    /// second argument only.
    func pointer(_ index: Int) -> String {
        var value = values[index]
        if index == 1, let captured, captured.kind == .buffered || captured.kind == .leaving { value = captured.programArgument }
        if let buffer, buffer.contains(value) { return "?" }
        return value == 0 ? "NULL" : hexadecimal(value)
    }

    /// How many of its arguments mean something: some calls take more only if others say so.
    var argumentCount: Int {
        let isCreating = { (flags: UInt64) in flags & 0x40 != 0 || flags & 0x41_0000 == 0x41_0000 }
        switch name {
        case "open": return isCreating(values[1]) ? 3 : 2
        case "openat": return isCreating(values[2]) ? 4 : 3
        case "fcntl":
            let isGetting =
                [FileControl.getFlags, FileControl.getDescriptorFlags].contains(values[1]) || [9, 11, 1025, 1032, 1034].contains(values[1])
            return isGetting ? 2 : 3
        case "futex":
            switch values[1] & 0x7f {
            case 0: return 4
            case 1: return 3
            default: return 6
            }
        case "mremap": return values[3] & 2 != 0 ? 5 : 4
        default: return shape.arguments.count
        }
    }
}

/// Names of socket options, which depend on their level.
enum SocketOptions {
    private static let socket: [UInt64: String] = [
        1: "SO_DEBUG", 2: "SO_REUSEADDR", 3: "SO_TYPE", 4: "SO_ERROR", 5: "SO_DONTROUTE", 6: "SO_BROADCAST", 7: "SO_SNDBUF", 8: "SO_RCVBUF",
        9: "SO_KEEPALIVE", 10: "SO_OOBINLINE", 12: "SO_PRIORITY", 13: "SO_LINGER", 15: "SO_REUSEPORT", 16: "SO_PASSCRED", 17: "SO_PEERCRED",
        18: "SO_RCVLOWAT", 20: "SO_RCVTIMEO", 21: "SO_SNDTIMEO", 25: "SO_BINDTODEVICE", 26: "SO_ATTACH_FILTER", 28: "SO_PEERNAME",
        29: "SO_TIMESTAMP", 30: "SO_ACCEPTCONN", 32: "SO_SNDBUFFORCE", 33: "SO_RCVBUFFORCE", 38: "SO_PROTOCOL", 39: "SO_DOMAIN",
        46: "SO_BUSY_POLL", 49: "SO_INCOMING_CPU",
    ]
    private static let tcp: [UInt64: String] = [
        1: "TCP_NODELAY", 2: "TCP_MAXSEG", 3: "TCP_CORK", 4: "TCP_KEEPIDLE", 5: "TCP_KEEPINTVL", 6: "TCP_KEEPCNT", 7: "TCP_SYNCNT",
        8: "TCP_LINGER2", 9: "TCP_DEFER_ACCEPT", 11: "TCP_INFO", 12: "TCP_QUICKACK", 13: "TCP_CONGESTION", 18: "TCP_USER_TIMEOUT",
        23: "TCP_FASTOPEN", 30: "TCP_FASTOPEN_CONNECT", 31: "TCP_ULP",
    ]

    /// The name of an option; its number if it has none here.
    static func name(level: UInt64, option: UInt64) -> String {
        (level == 1 ? socket[option] : level == 6 ? tcp[option] : nil) ?? hexadecimal(option)
    }
}
