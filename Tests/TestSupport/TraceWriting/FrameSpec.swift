/// A frame to be written into a trace.
public struct FrameSpec: Sendable {
    /// What it records.
    public enum Event: Sendable {
        /// One side of a system call: `state` 0 ENTERING_PTRACE, 1 ENTERING, 2 EXITING; `architecture` as in rr's schema.
        case syscall(number: Int32, state: UInt16, architecture: UInt16 = 1)
        /// The exit of a successful exec that closed file descriptors which rr monitors.
        case execClosing([Int32])
        /// The exit of a successful connect or accept, with the addresses as rr writes them.
        case socket(number: Int32, local: [UInt8], remote: [UInt8])
        /// A signal: `tag` 6 arrives, 7 is delivered, 8 is handled.
        case signal(tag: UInt16, information: [UInt8], deterministic: Bool, disposition: UInt16)
        /// Another kind of frame without contents of its own.
        case other(tag: UInt16)
    }

    /// Memory that the frame changes.
    public struct Write: Sendable {
        /// The task whose memory it is.
        public var task: Int32
        /// Where it begins.
        public var address: UInt64
        /// Its bytes, holes included.
        public var bytes: [UInt8]
        /// The ranges of `bytes` that are not stored.
        public var holes: [Range<Int>]

        /// Writes `bytes` to `address` of `task`.
        public init(task: Int32, address: UInt64, bytes: [UInt8], holes: [Range<Int>] = []) {
            self.task = task
            self.address = address
            self.bytes = bytes
            self.holes = holes
        }

        /// The bytes that go into the stream `data`.
        var stored: [UInt8] { bytes.indices.filter { index in !holes.contains { $0.contains(index) } }.map { bytes[$0] } }

        var element: (data: [UInt64], pointers: [CapnpMessage.Target]) {
            let holes = holes.map { (data: [UInt64($0.lowerBound), UInt64($0.count)], pointers: [CapnpMessage.Target]()) }
            return ([UInt64(UInt32(bitPattern: task)), address, UInt64(bytes.count)], [holes.isEmpty ? .null : .structures(holes)])
        }
    }

    /// The task.
    public var task: Int32
    /// What it records.
    public var event: Event
    /// The layout of `registers`, as in rr's schema.
    public var architecture: UInt16
    /// The registers as they are stored; empty for none.
    public var registers: [UInt8]
    /// Memory that changed.
    public var writes: [Write]
    /// The task's ticks.
    public var ticks: Int64
    /// Seconds of CLOCK_MONOTONIC.
    public var seconds: Double

    /// A frame of `task`.
    public init(
        task: Int32, event: Event, architecture: UInt16 = 1, registers: [UInt8] = [], writes: [Write] = [], ticks: Int64 = 0,
        seconds: Double = 1
    ) {
        self.task = task
        self.event = event
        self.architecture = architecture
        self.registers = registers
        self.writes = writes
        self.ticks = ticks
        self.seconds = seconds
    }

    /// x86-64 registers: those a system call uses, the others have the value 0x1000 + their place.
    public static func x64(
        number: Int64 = 0, result: Int64 = 0, _ arguments: [UInt64] = [], ip: UInt64 = 0x40_0000, sp: UInt64 = 0x7fff_0000
    ) -> [UInt8] {
        var words = (0..<27).map { 0x1000 + UInt64($0) }
        for (place, value) in zip([14, 13, 12, 7, 9, 8], arguments) { words[place] = value }
        words[15] = UInt64(bitPattern: number)
        words[10] = UInt64(bitPattern: result)
        words[16] = ip
        words[19] = sp
        return words.flatMap(CapnpMessage.bytes)
    }

    /// The frame's message.
    public var message: CapnpMessage {
        var data: [UInt64] = [
            UInt64(UInt32(bitPattern: task)) | UInt64(architecture) << 32, UInt64(bitPattern: ticks), seconds.bitPattern, 0, 0, 0, 0,
        ]
        var payload: [CapnpMessage.Target] = [.null, .null]
        func call(_ number: Int32, _ state: UInt16, _ architecture: UInt16, extra: UInt16 = 0) {
            data[0] |= 11 << 48
            data[3] = UInt64(architecture) | UInt64(state) << 16 | UInt64(UInt32(bitPattern: number)) << 32
            data[4] = UInt64(extra) << 16
        }
        switch event {
        case .syscall(let number, let state, let architecture): call(number, state, architecture)
        case .execClosing(let descriptors):
            call(59, 2, 1, extra: 2)
            payload[0] = .fourBytes(descriptors.map { UInt32(bitPattern: $0) })
        case .socket(let number, let local, let remote):
            call(number, 2, 1, extra: 4)
            payload = [.bytes(local), .bytes(remote)]
        case .signal(let tag, let information, let deterministic, let disposition):
            data[0] |= UInt64(tag) << 48
            payload[0] = .structure(data: [1 | (deterministic ? 1 << 16 : 0) | UInt64(disposition) << 32], pointers: [.bytes(information)])
        case .other(let tag): data[0] |= UInt64(tag) << 48
        }
        let raw: CapnpMessage.Target = registers.isEmpty ? .null : .structure(data: [], pointers: [.bytes(registers)])
        let writes: CapnpMessage.Target = writes.isEmpty ? .null : .structures(writes.map(\.element))
        return CapnpMessage(.structure(data: data, pointers: [writes, raw, .null] + payload))
    }
}
