public import Foundation

/// Writes trace directories as rr 5.6 does, without recording anything.
///
/// ```swift
/// var writer = TraceWriter()
/// writer.frame(FrameSpec(task: 7, event: .syscall(number: 0, state: 2), registers: .init(rax: 3)))
/// try writer.write(to: directory)
/// ```
public struct TraceWriter: Sendable {
    /// The frames' messages, packed.
    public private(set) var events: [UInt8] = []
    /// The bytes of the memory writes.
    public private(set) var data: [UInt8] = []
    /// The task events' messages, packed.
    public private(set) var tasks: [UInt8] = []
    /// The mappings' messages, packed.
    public private(set) var mappings: [UInt8] = []
    /// How many frames there are: the number of the last one.
    public private(set) var frameCount = 0
    /// How objects are spread over the segments of a message.
    public var layout = CapnpMessage.Layout.single
    /// Inflated size of the chunks of `events` and `data`, and of `tasks` and `mmaps`.
    public var chunkSizes = (large: 1 << 20, small: 1 << 16)
    /// The trace's header; `nil` for an incomplete trace.
    public var header: CapnpMessage? = TraceWriter.header()

    /// An empty trace.
    public init() {}

    /// Adds a frame and returns its number.
    @discardableResult
    public mutating func frame(_ frame: FrameSpec) -> Int {
        events += frame.message.packed(layout)
        data += frame.writes.flatMap(\.stored)
        frameCount += 1
        return frameCount
    }

    /// Adds a message, whatever it is, to the frames.
    public mutating func frame(_ message: CapnpMessage) {
        events += message.packed(layout)
        frameCount += 1
    }

    /// Adds the birth of `task`; `event` is the parent's ENTERING frame.
    public mutating func clone(task: Int32, parent: Int32, flags: UInt32, event: Int) {
        addTask(task, event, 0, [UInt64(UInt32(bitPattern: parent)) << 32, UInt64(flags) | UInt64(UInt32(bitPattern: task)) << 32, 0], [])
    }

    /// Adds that `task` began to run a program.
    public mutating func exec(task: Int32, commandLine: [String], event: Int) {
        let words = commandLine.map { CapnpMessage.Target.bytes(Array($0.utf8)) }
        addTask(task, event, 1, [0, 0, 0], [.bytes(Array((commandLine.first ?? "").utf8)), .pointers(words)])
    }

    /// Adds the end of `task`.
    public mutating func exit(task: Int32, status: Int32, event: Int) {
        addTask(task, event, 2, [UInt64(UInt32(bitPattern: status)) << 32, 0, 0], [])
    }

    private mutating func addTask(_ task: Int32, _ event: Int, _ tag: UInt16, _ words: [UInt64], _ pointers: [CapnpMessage.Target]) {
        let data = [UInt64(event), UInt64(UInt32(bitPattern: task)) | words[0], words[1], words[2] | UInt64(tag), 0]
        tasks += CapnpMessage(.structure(data: data, pointers: pointers + [.null, .null, .null].prefix(3 - pointers.count))).packed(layout)
    }

    /// Adds a mapping of a file, whose contents come from memory writes; `protection` and `flags` are those of mmap(2).
    public mutating func mapping(
        start: UInt64, end: UInt64, name: String, event: Int, inode: UInt64 = 2, protection: UInt64 = 5, flags: UInt64 = 2
    ) {
        let data: [UInt64] = [UInt64(event), start, end, 1, inode, protection | flags << 32, 0, 0, 1 << 32, 0, 0]
        mappings += CapnpMessage(.structure(data: data, pointers: [.bytes(Array(name.utf8)), .null, .null])).packed(layout)
    }

    /// The header that rr 5.6 writes on x86-64.
    public static func header(ok: Bool = true, uuid: [UInt8] = Array(1...16)) -> CapnpMessage {
        // bindToCpu -1, then flags relative to their standards: `ok` (bit 33) is stored as 0 when true.
        let first: UInt64 = 0xffff_ffff | (ok ? 0 : 1 << 33)
        let third = UInt64(1000 ^ 442) << 32
        return CapnpMessage(.structure(data: [first, 7, third, 2 << 32, 0, 0, 3, 0], pointers: [.bytes(uuid), .bytes([])]))
    }

    /// The trace's files, by name.
    public func files() -> [String: [UInt8]] {
        let version = Array("85\n".utf8) + (header?.packed(layout) ?? [])
        return [
            header == nil ? "incomplete" : "version": version,
            "events": StoredBrotli.chunks(events, size: chunkSizes.large), "data": StoredBrotli.chunks(data, size: chunkSizes.large),
            "tasks": StoredBrotli.chunks(tasks, size: chunkSizes.small), "mmaps": StoredBrotli.chunks(mappings, size: chunkSizes.small),
        ]
    }

    /// Writes the trace into `directory`, which is made.
    public func write(to directory: URL) throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (name, bytes) in files() { try Data(bytes).write(to: directory.appendingPathComponent(name)) }
    }
}
