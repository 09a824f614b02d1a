/// What the recorder wrote about itself at the end of a recording (file `version`).
public struct TraceHeader: Hashable, Sendable {
    /// What a task's ticks count.
    public enum TicksSemantics: UInt16, Sendable {
        /// Retired conditional branches.
        case retiredConditionalBranches
        /// Taken branches.
        case takenBranches
    }

    /// `uname(2)` of the recorder, as text.
    public struct SystemName: Hashable, Sendable {
        /// Such as `Linux`.
        public let system: String
        /// The recorder's host name.
        public let node: String
        /// The kernel's release.
        public let release: String
        /// The kernel's version.
        public let version: String
        /// Such as `x86_64`.
        public let machine: String
        /// The NIS domain.
        public let domain: String
    }

    /// 16 random bytes that name the trace.
    public let uuid: [UInt8]
    /// Whether the recording ended as it should; `false` after an internal error of rr.
    public let ok: Bool
    /// The architecture of rr itself; `nil` for one this reader does not know.
    public let nativeArchitecture: Architecture?
    /// The first number of rr's own system calls.
    public let rrCallBase: Int32
    /// Size in bytes of the header of a syscall buffer.
    public let syscallBufferHeaderSize: Int
    /// The CPU the tracees were bound to; -1 for none.
    public let boundCPU: Int32
    /// Whether CPUID instructions were trapped.
    public let hasCPUIDFaulting: Bool
    /// What ticks count; `nil` for a kind this reader does not know.
    public let ticksSemantics: TicksSemantics?
    /// Whether rr's chaos mode was on; `nil` if the trace does not tell.
    public let chaosMode: Bool?
    /// Whether each buffered call was given a tick (rr 5.6 and later).
    public let bufferedSyscallForcedTick: Bool
    /// The recorder's system; `nil` before rr 5.8.
    public let systemName: SystemName?
    /// The oldest release of rr that writes such a header, such as `5.8`: the trace names no version itself.
    public let oldestRelease: String
}

extension TraceHeader {
    /// Reads the packed message that follows the version.
    init(packed: [UInt8]) throws(Message.Damage) {
        var message = Message()
        guard message.unpack(packed) else { throw Message.Damage("it is cut off, or no message") }
        let root = try message.root()
        uuid = try message.bytes(0, of: root)
        ok = message.flag(root, bit: 33, standard: true)
        nativeArchitecture = Architecture(rawValue: message.number(root, bit: 144, standard: 1))
        rrCallBase = message.number(root, bit: 160, standard: 442)
        syscallBufferHeaderSize = Int(message.number(root, bit: 512, standard: 30) as UInt32)
        boundCPU = message.number(root, bit: 0)
        hasCPUIDFaulting = message.flag(root, bit: 32)
        ticksSemantics = TicksSemantics(rawValue: message.number(root, bit: 128))
        let chaos: UInt16 = message.number(root, bit: 224)
        chaosMode = chaos == 1 ? true : chaos == 2 ? false : nil
        bufferedSyscallForcedTick = message.flag(root, bit: 39)
        systemName = try SystemName(message, root)
        oldestRelease = Self.oldestRelease(message, root)
    }

    /// Which release wrote such a header, by the fields that each one added.
    private static func oldestRelease(_ message: borrowing Message, _ root: Message.Structure) -> String {
        if message.number(root, bit: 544) as UInt16 != 0 { return "5.10" }
        if message.number(root, bit: 240) as UInt8 != 0 { return "5.9" }
        if root.dataWords > 8 { return "5.8" }
        let usesGlobalsInReplay = message.flag(root, bit: 40, standard: true)
        return usesGlobalsInReplay ? "5.6" : "5.7"
    }
}

extension TraceHeader.SystemName {
    /// Reads the structure behind the header's third pointer, if it is there.
    fileprivate init?(_ message: borrowing Message, _ root: Message.Structure) throws(Message.Damage) {
        guard let name = try message.structure(2, of: root) else { return nil }
        system = String(decoding: try message.bytes(0, of: name), as: UTF8.self)
        node = String(decoding: try message.bytes(1, of: name), as: UTF8.self)
        release = String(decoding: try message.bytes(2, of: name), as: UTF8.self)
        version = String(decoding: try message.bytes(3, of: name), as: UTF8.self)
        machine = String(decoding: try message.bytes(4, of: name), as: UTF8.self)
        domain = String(decoding: try message.bytes(5, of: name), as: UTF8.self)
    }
}
