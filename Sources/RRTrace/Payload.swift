/// What a frame holds beside registers and memory writes, if this reader has a use for it.
indirect enum Payload {
    case none
    /// The addresses of a TCP socket.
    case socketAddresses(local: Message.List?, remote: Message.List?)
    /// File descriptors that an exec closed.
    case closedDescriptors(Message.List)
    case signal(Message.Structure, information: Message.List?)

    /// The payload of the frame `root` of kind `kind`.
    @inline(__always)
    init(_ message: borrowing Message, _ root: Message.Structure, _ kind: FrameKind) throws(Message.Damage) {
        switch kind {
        case .syscall: self = try .init(message, syscall: root)
        case .signal, .signalDelivery, .signalHandler: self = try .init(message, signal: root)
        default: self = .none
        }
    }

    @inline(__always)
    private init(_ message: borrowing Message, syscall root: Message.Structure) throws(Message.Damage) {
        let tag: UInt16 = message.number(root, bit: 272)
        switch tag {
        case 2: self = try message.list(3, of: root, .fourBytes).map { .closedDescriptors($0) } ?? .none
        case 4: self = .socketAddresses(local: try message.list(3, of: root, .byte), remote: try message.list(4, of: root, .byte))
        default: self = .none
        }
    }

    private init(_ message: borrowing Message, signal root: Message.Structure) throws(Message.Damage) {
        if let signal = try message.structure(3, of: root) {
            self = .signal(signal, information: try message.list(0, of: signal, .byte))
        } else {
            self = .none
        }
    }
}

extension Message {
    /// The system call of the frame `root`; `nil` if it is of an architecture or a state that this reader does not know.
    @inline(__always)
    func syscall(_ root: Structure) -> SyscallFrame? {
        let word: UInt64 = number(root, bit: 192)
        guard let architecture = Architecture(rawValue: UInt16(truncatingIfNeeded: word)),
            let state = SyscallFrame.State(rawValue: UInt16(truncatingIfNeeded: word >> 16))
        else { return nil }
        return SyscallFrame(
            architecture: architecture, state: state, number: Int32(truncatingIfNeeded: word >> 32),
            failedDuringPreparation: flag(root, bit: 256))
    }
}

extension FrameCursor {
    /// The addresses that rr noted at a successful connect or accept of a TCP socket; see `SocketAddress` for their forms.
    public func socketAddresses() -> (local: [UInt8], remote: [UInt8])? {
        guard case .socketAddresses(let local, let remote) = payload else { return nil }
        return (stream.message.bytes(local), stream.message.bytes(remote))
    }

    /// The file descriptors that an exec closed, of those that rr monitors: sockets are not among them.
    public func execFileDescriptorsToClose() -> [Int32] {
        guard case .closedDescriptors(let list) = payload else { return [] }
        return (0..<list.count).map { Int32(bitPattern: stream.message.fourBytes(list, $0)) }
    }

    /// The signal, if the frame is about one.
    public var signal: SignalFrame? {
        guard case .signal(let signal, let list) = payload else { return nil }
        let information = stream.message.bytes(list)
        return SignalFrame(
            number: information.littleEndian(at: 0), code: information.littleEndian(at: 8), sender: information.littleEndian(at: 16),
            deterministic: stream.message.flag(signal, bit: 16),
            disposition: SignalFrame.Disposition(rawValue: stream.message.number(signal, bit: 32)), information: information)
    }
}
