import Glibc

/// Writes a capture file as the agent would, for calls that were captured in another way, and not in the order of the replay.
///
/// Memory: 24 bytes a call. What was captured waits in a second file, which has no name any more.
package struct CaptureWriter: ~Copyable {
    /// A call that was captured; the fields are those of `CapturedCall`.
    package struct Call {
        package var kind: CapturedCall.Kind
        package var number: UInt16
        package var task: UInt32
        package var place: UInt32 = 0
        package var result: Int64 = 0
        package var instructionPointer: UInt64
        package var arguments: [UInt64]
        package var programArgument: UInt64 = 0
        package var sections: [Section] = []

        /// A call of kind `kind`, without what it hands over.
        package init(_ kind: CapturedCall.Kind, number: UInt16, task: UInt32, instructionPointer: UInt64, arguments: [UInt64]) {
            self.kind = kind
            self.number = number
            self.task = task
            self.instructionPointer = instructionPointer
            self.arguments = arguments
        }
    }

    /// What it hands over in memory.
    package struct Section {
        var kind: CapturedCall.Section.Kind
        var message: Int
        var offered: UInt64
        var bytes: [UInt8]

        /// `bytes`, of `offered`.
        package init(_ kind: CapturedCall.Section.Kind, message: Int = 0, offered: UInt64, bytes: [UInt8]) {
            self.kind = kind
            self.message = message
            self.offered = offered
            self.bytes = bytes
        }
    }

    /// How often a tracee's memory could not be read.
    package var unreadable: UInt64 = 0

    private let path: String
    private let descriptor: Int32
    private let waiting: Int32
    private var order: [(event: UInt64, offset: UInt64, count: Int)] = []
    private var end: UInt64 = 0
    private var pending: [UInt8] = []
    private static let blockSize = 1 << 18

    /// A new file at `path`.
    package init(path: String) throws(CaptureError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unreadable(path: path, errno: errno) }
        waiting = open(path + ".waiting", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        unlink(path + ".waiting")
    }

    deinit {
        close(descriptor)
        if waiting >= 0 { close(waiting) }
    }

    /// Adds a call; those of one `event` keep the order in which they are added.
    package mutating func add(_ call: Call, at event: UInt64) throws(CaptureError) {
        let bytes = Self.bytes(of: call)
        try write(bytes, to: waiting, at: end)
        order.append((event, end, bytes.count))
        end += UInt64(bytes.count)
    }

    /// Writes all calls in the order of their events, and the header. Nothing may be added after that.
    package mutating func finish(captured: Set<UInt16>, bufferHeaderSize: Int) throws(CaptureError) {
        var offset = UInt64(CaptureFile.headerSize)
        for (_, entry) in order.enumerated().sorted(by: { ($0.element.event, $0.offset) < ($1.element.event, $1.offset) }) {
            var bytes = [UInt8](repeating: 0, count: entry.count)
            guard pread(waiting, &bytes, entry.count, off_t(entry.offset)) == entry.count else {
                throw .unreadable(path: path, errno: errno)
            }
            pending += bytes
            if pending.count >= Self.blockSize { try flush(&offset) }
        }
        try flush(&offset)
        var header = CaptureFile.magic
        for number in [CaptureFile.format, CaptureFile.agent] { header.append(number) }
        header.append(offset)
        for number in [UInt32(CaptureFile.headerSize), 1, CaptureFile.Mode.remote.rawValue, 0, UInt32(bufferHeaderSize), 0] {
            header.append(number)
        }
        header.append(unreadable)
        header += [UInt8](repeating: 0, count: CaptureFile.headerSize - header.count)
        for number in captured { header[CaptureFile.bitmap.lowerBound + Int(number) / 8] |= 1 << UInt8(number % 8) }
        try write(header, to: descriptor, at: 0)
    }

    private mutating func flush(_ offset: inout UInt64) throws(CaptureError) {
        try write(pending, to: descriptor, at: offset)
        offset += UInt64(pending.count)
        pending = []
    }

    private func write(_ bytes: [UInt8], to file: Int32, at offset: UInt64) throws(CaptureError) {
        guard pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count else { throw .unreadable(path: path, errno: errno) }
    }

    private static func bytes(of call: Call) -> [UInt8] {
        var bytes: [UInt8] = [0, 0, 0, 0, call.kind.rawValue, 0]
        bytes.append(call.number)
        bytes.append(call.task)
        bytes.append(call.place)
        bytes.append(call.result)
        bytes.append(call.instructionPointer)
        for index in 0..<6 { bytes.append(call.arguments[index]) }
        bytes.append(call.programArgument)
        for section in call.sections {
            bytes.append(section.kind.rawValue)
            bytes.append(UInt16(truncatingIfNeeded: section.message))
            bytes.append(UInt32(section.bytes.count))
            bytes.append(section.offered)
            bytes += section.bytes
            bytes += [UInt8](repeating: 0, count: -section.bytes.count & 7)
        }
        withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { bytes.replaceSubrange(0..<4, with: $0) }
        return bytes
    }
}

extension [UInt8] {
    /// Appends a number, low byte first.
    fileprivate mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
