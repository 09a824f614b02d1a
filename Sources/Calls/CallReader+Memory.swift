import Endpoints
import RRTrace

/// What calls wrote to memory. Only the frame of the return holds it.
extension CallReader {
    /// What the call wrote where argument `index` points; `nil` if the trace does not hold it.
    func written(_ structure: ArgumentKind.Structure, _ index: Int, _ call: PendingCall, _ result: Int64) -> String? {
        let address = call.values[index]
        switch structure {
        case .bytes:
            // A call without a buffer's size asks for the length only.
            guard call.shape.arguments.indices.contains(index + 1), call.values[index + 1] != 0 else { return nil }
            return string(at: address, count: result)
        case .path: return string(at: address, count: result - 1)
        case .int: return number(address, 4).map { "[\(Int32(truncatingIfNeeded: $0))]" }
        case .long: return number(address, 8).map { "[\(Int64(bitPattern: $0))]" }
        case .length: return number(address, 4).map { "[\($0)]" }
        case .mask: return number(address, 8).map { SignalNames.mask($0) }
        case .descriptors: return descriptors(address, call)
        case .address: return socketAddress(address, lengthAt: call.values[index + 1])
        case .peer: return frames.socketAddresses().flatMap { SocketAddress(recordedRemote: $0.remote)?.text }
        case .option: return option(address, lengthAt: call.values[index + 1])
        case .status: return result > 0 ? number(address, 4).map { "[\(Self.waitStatus(Int32(truncatingIfNeeded: $0)))]" } : nil
        case .siginfo: return memory(address, Self.siginfoSize).map { Self.information($0) }
        case .stat: return memory(address, Self.statSize).map { Self.status($0, call.architecture) }
        case .time: return memory(address, 16).map { Self.time($0, 0, "nsec") }
        case .timeval: return memory(address, 16).map { Self.time($0, 0, "usec") }
        case .itimerval:
            return memory(address, 32).map { "{it_interval=\(Self.time($0, 0, "usec")), it_value=\(Self.time($0, 16, "usec"))}" }
        case .resourceLimit: return memory(address, 16).map { "{rlim_cur=\(Self.limit($0, 0)), rlim_max=\(Self.limit($0, 8))}" }
        case .uname: return memory(address, 65 * 6).map { Self.systemName($0) }
        case .polls: return polls(address, call)
        case .epolls: return epolls(address, result, call.architecture)
        // In the syscall buffer the list of buffers stands before what is in them.
        case .buffers: return buffered == nil ? buffers(result) { _ in true }.map { "[\($0)]" } : nil
        case .message: return message(address, result, call)
        }
    }

    private static let siginfoSize = 48
    private static let statSize = 144

    /// The piece of memory that the call wrote and that has the byte at `address`.
    private func memoryWrite(containing address: UInt64) -> MemoryWrite? {
        guard let buffered else { return frames.memoryWrite(containing: address) }
        return buffered.written.flatMap { $0.contains(address) ? $0 : nil }
    }

    /// `count` bytes that the call wrote at `address`.
    private func memory(_ address: UInt64, _ count: Int) -> [UInt8]? {
        guard address != 0, let write = memoryWrite(containing: address) else { return nil }
        return data.read(write, address: address, count: count)
    }

    private func number(_ address: UInt64, _ size: Int) -> UInt64? { memory(address, size).map { $0.number(at: 0, size) } }

    /// `count` bytes as a string, as far as strings are shown.
    private func string(at address: UInt64, count: Int64) -> String? {
        guard count > 0 else { return "\"\"" }
        let shown = Int(min(count, Int64(stringLimit)))
        return memory(address, shown).map { Quoted.text($0, isCut: count > Int64(shown)) }
    }

    private func descriptors(_ address: UInt64, _ call: PendingCall) -> String? {
        guard let bytes = memory(address, 8) else { return nil }
        let made = [0, 4].map { offset in
            let number = Int32(truncatingIfNeeded: bytes.number(at: offset, 4))
            return descriptor(number, walk.meaning(of: number, task: call.task))
        }
        return "[" + made.joined(separator: ", ") + "]"
    }

    private func socketAddress(_ address: UInt64, lengthAt: UInt64) -> String? {
        guard let length = number(lengthAt, 4), length >= 2, length <= 128, let bytes = memory(address, Int(length)) else { return nil }
        return Self.socketAddress(bytes)
    }

    /// A socket address as the kernel has it.
    static func socketAddress(_ bytes: [UInt8]) -> String {
        SocketAddress(kernel: bytes).map { $0.text }
            ?? "{sa_family=\(ConstantNames.named("domain")?.text(bytes.number(at: 0, 2)) ?? "?")}"
    }

    /// The value of a socket option: nearly all are numbers.
    private func option(_ address: UInt64, lengthAt: UInt64) -> String? {
        guard let length = number(lengthAt, 4), length == 4 else { return nil }
        return number(address, 4).map { "[\(Int32(truncatingIfNeeded: $0))]" }
    }

    private func polls(_ address: UInt64, _ call: PendingCall) -> String? {
        let count = call.values[1] & 0xffff_ffff
        guard count <= 1 << 20, let bytes = memory(address, 8 * Int(min(count, UInt64(Self.maximumWords)))) else { return nil }
        let events = ConstantNames.named("poll")
        let entries = stride(from: 0, to: bytes.count, by: 8).map { offset in
            let number = Int32(truncatingIfNeeded: bytes.number(at: offset, 4))
            let returned = bytes.number(at: offset + 6, 2)
            guard number >= 0 else { return "{fd=\(number)}" }
            let name = descriptor(number, walk.meaning(of: number, task: call.task))
            return "{fd=\(name), events=\(events?.text(bytes.number(at: offset + 4, 2)) ?? "?")"
                + (returned == 0 ? "}" : ", revents=\(events?.text(returned) ?? "?")}")
        }
        return "[" + entries.joined(separator: ", ") + (count > UInt64(Self.maximumWords) ? ", ...]" : "]")
    }

    /// The events of epoll_wait: 12 bytes each on x86-64, where the structure is packed.
    private func epolls(_ address: UInt64, _ result: Int64, _ architecture: Architecture) -> String? {
        let (size, offset) = architecture == .x86_64 ? (12, 4) : (16, 8)
        let count = Int(min(result, Int64(Self.maximumWords)))
        guard count > 0 else { return "[]" }
        guard let bytes = memory(address, size * count) else { return nil }
        let entries = (0..<count).map { index in
            let events = ConstantNames.named("epoll")?.text(bytes.number(at: size * index, 4)) ?? "?"
            let (word, whole) = (bytes.number(at: size * index + offset, 4), bytes.number(at: size * index + offset, 8))
            return "{events=\(events), data={u32=\(word), u64=\(whole)}}"
        }
        return "[" + entries.joined(separator: ", ") + (result > Int64(count) ? ", ...]" : "]")
    }

    /// The bytes of a call that wrote to several buffers, as far as strings are shown: of those memory writes that are buffers.
    private func buffers(_ result: Int64, _ isBuffer: (UInt64) -> Bool) -> String? {
        var missing = UInt64(result)
        var texts: [String] = []
        for index in 0..<frames.memoryWriteCount where missing > 0 && texts.count < Self.maximumWords {
            let write = frames.memoryWrite(index)
            guard write.size > 0, isBuffer(write.address) else { continue }
            let count = min(write.size, missing)
            missing -= count
            guard let text = string(at: write.address, count: Int64(count)) else { return nil }
            texts.append("{iov_base=\(text)}")
        }
        return missing == 0 || texts.count == Self.maximumWords ? texts.joined(separator: ", ") : nil
    }

    /// The same for a call in the syscall buffer, which has the list of buffers, too.
    private func buffers(_ result: Int64, listed vector: UInt64, _ count: UInt64) -> String? {
        guard let list = memory(vector, 16 * Int(min(count, UInt64(Self.maximumWords)))) else { return nil }
        var missing = result
        var texts: [String] = []
        for place in stride(from: 0, to: list.count, by: 16) where missing > 0 {
            let length = Int64(clamping: min(list.number(at: place + 8, 8), UInt64(missing)))
            guard length > 0 else { continue }
            guard let text = string(at: list.number(at: place, 8), count: length) else { return nil }
            missing -= length
            texts.append("{iov_base=\(text)}")
        }
        return texts.joined(separator: ", ")
    }

    /// The header of recvmsg, as the kernel left it, with what it leads to.
    private func message(_ address: UInt64, _ result: Int64, _ call: PendingCall) -> String? {
        guard let header = memory(address, 56) else { return nil }
        let (name, control) = (header.number(at: 0, 8), header.number(at: 32, 8))
        let (nameLength, controlLength) = (header.number(at: 8, 4), header.number(at: 40, 8))
        let (vector, vectorLength) = (header.number(at: 16, 8), header.number(at: 24, 8))
        let bytes =
            buffered == nil
            ? buffers(result) { ![address, name, control].contains($0) } : buffers(result, listed: vector, vectorLength)
        var fields = ["msg_name=" + (sender(name, nameLength) ?? (name == 0 ? "NULL" : hexadecimal(name)))]
        fields.append("msg_namelen=\(nameLength)")
        fields.append("msg_iov=" + (bytes.map { "[\($0)]" } ?? (buffered == nil ? hexadecimal(vector) : "?")))
        fields.append("msg_iovlen=\(vectorLength)")
        if controlLength > 0 {
            let bytes = controlLength <= Self.largestControl ? memory(control, Int(controlLength)) : nil
            fields.append("msg_control=" + (bytes.map { passed($0, call) } ?? hexadecimal(control)))
        }
        fields.append("msg_controllen=\(controlLength)")
        fields.append("msg_flags=" + (ConstantNames.named("msg")?.text(header.number(at: 48, 4)) ?? "?"))
        return "{" + fields.joined(separator: ", ") + "}"
    }

    private func sender(_ address: UInt64, _ length: UInt64) -> String? {
        guard length >= 2, length <= 128, let bytes = memory(address, Int(length)) else { return nil }
        return SocketAddress(kernel: bytes)?.text
    }

    /// Control data: descriptors that were passed are named, others are numbers.
    func passed(_ bytes: [UInt8], _ call: PendingCall) -> String {
        var entries: [String] = []
        var offset = 0
        while bytes.count - offset >= 16 {
            let size = bytes.number(at: offset, 8)
            guard size >= 16, size <= UInt64(bytes.count - offset) else { break }
            let (level, type) = (bytes.number(at: offset + 8, 4), bytes.number(at: offset + 12, 4))
            let isRights = level == 1 && type == 1
            let names = ConstantNames.named("socklevel")?.text(level) ?? "\(level)"
            var entry = "{cmsg_len=\(size), cmsg_level=\(names), cmsg_type=\(isRights ? "SCM_RIGHTS" : hexadecimal(type))"
            if isRights {
                let numbers = stride(from: offset + 16, to: offset + Int(size), by: 4).map {
                    Int32(truncatingIfNeeded: bytes.number(at: $0, 4))
                }
                let made = numbers.map { descriptor($0, walk.meaning(of: $0, task: call.task)) }
                entry += ", cmsg_data=[\(made.joined(separator: ", "))]"
            }
            entries.append(entry + "}")
            offset += (Int(size) + 7) & ~7
        }
        return "[" + entries.joined(separator: ", ") + "]"
    }

    private static let largestControl: UInt64 = 1 << 16
}

extension ArgumentKind.Structure {
    /// Whether it looks the same to a program of 32 bits.
    var isSameIn32Bits: Bool {
        switch self {
        case .bytes, .int, .length, .descriptors, .address, .peer, .option, .path, .polls, .status: true
        default: false
        }
    }
}

extension [UInt8] {
    /// The number in `size` bytes at `offset`, low byte first; bytes that are not there count as 0.
    func number(at offset: Int, _ size: Int) -> UInt64 {
        (0..<size).reduce(0) { number, index in
            indices.contains(offset + index) ? number | UInt64(self[offset + index]) << UInt64(8 * index) : number
        }
    }
}
