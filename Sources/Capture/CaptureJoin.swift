public import RRTrace

/// Finds for each call that a trace knows the one that was captured.
///
/// A replay makes the calls of the recording, each task in its own order, so both sides are walked at the same time; nothing is guessed.
/// Memory: the calls captured for other tasks before the one asked for, at most `lookAhead`.
public struct CaptureJoin {
    /// How it went, in numbers of calls.
    public struct Counts: Hashable, Sendable {
        /// Records of the syscall buffer that were found.
        public var buffered = 0
        /// Frames of calls that were found.
        public var traced = 0
        /// Records that were not found.
        public var missedBuffered = 0
        /// Frames that were not found.
        public var missedTraced = 0
        /// Captured calls of the syscall buffer that the trace does not know.
        public var inventedBuffered = 0
        /// Captured stops at calls that the trace does not know.
        public var inventedTraced = 0
        /// Stops at calls whose instruction rr then patched: they were made later, in another way.
        public var patched = 0
        /// Stops at the syscall buffer at which rr only looked whether this is the call that leaves it.
        public var considered = 0

        /// None.
        public init() {}

        /// Whether every call was found, and nothing else.
        public var isExact: Bool { missedBuffered + missedTraced + inventedBuffered + inventedTraced == 0 }
    }

    /// How it went so far.
    public private(set) var counts = Counts()
    /// The file.
    public var file: CaptureFile { calls.file }
    /// What is wrong with the file.
    public var damage: (offset: UInt64, detail: String)? { calls.damage }

    /// How many calls are looked through for one of a task, at most.
    private static let lookAhead = 1 << 18
    /// How many calls of a task are passed over to find the one that fits, at most.
    private static let largestGap = 64

    private var calls: CapturedCalls
    private let births: [TaskBirths.Birth]
    private var born = 0
    /// What runs before is rr's own start-up, of which a replay does not make every call.
    private let firstExec: UInt64
    private var serials: [Int32: UInt32] = [:]
    private var queues: [UInt32: Queue] = [:]
    private var queued = 0
    /// Instructions that rr has patched, by task, for which no stop was seen yet.
    private var patches: [UInt32: Int] = [:]

    /// Calls of one task that were read and not yet asked for.
    private struct Queue {
        var calls: [CapturedCall] = []
        var first = 0

        var count: Int { calls.count - first }
        subscript(index: Int) -> CapturedCall { calls[first + index] }

        mutating func drop(_ count: Int) {
            first += count
            if first == calls.count { (calls, first) = ([], 0) }
            if first > 1024 { (calls, first) = (Array(calls[first...]), 0) }
        }
    }

    /// Joins the calls of `file` with those of a trace, whose task events are `events`.
    public init(_ file: CaptureFile, events: [TaskEvent]) {
        calls = CapturedCalls(file)
        firstExec = events.firstExec?.event ?? 0
        births = TaskBirths(events).births
    }

    /// The captured call that `frame`, the ENTERING side of a system call, tells of; `nil` if it was missed, or is of a kind that is
    /// not captured. Frames must be given in order.
    public mutating func call(at frame: borrowing FrameCursor) -> CapturedCall? {
        let serial = serial(of: frame.task, at: frame.event)
        guard let syscall = frame.syscall, syscall.state == .entering, syscall.architecture == .x86_64, file.captures(syscall.number)
        else { return nil }
        var index = 0
        while index < Self.largestGap, let call = peek(serial, index), call.kind != .buffered {
            if fits(call, frame) {
                skip(serial, index)
                take(serial)
                counts.traced += 1
                return call
            }
            index += 1
        }
        if frame.event > firstExec { counts.missedTraced += 1 }
        return nil
    }

    /// The captured call of a record of the syscall buffer, which `frame` flushes; the same for it.
    public mutating func call(at frame: borrowing FrameCursor, record: SyscallBufferRecord) -> CapturedCall? {
        let number = record.number
        let serial = serial(of: frame.task, at: frame.event)
        guard file.captures(Int32(number)), !record.isClonedRead else { return nil }
        for index in 0..<Self.largestGap {
            guard let call = peek(serial, index) else { break }
            if call.kind == .buffered, call.number == number, call.place == record.place, call.result == record.result {
                skip(serial, index)
                take(serial)
                counts.buffered += 1
                return call
            }
            // A call that rr may have made for itself is the next, behind stops at its own instruction, or it is not there.
            if Self.ownNumbers.contains(number) && (call.kind == .buffered || call.number != number) { break }
        }
        if !Self.ownNumbers.contains(number) { counts.missedBuffered += 1 }
        return nil
    }

    /// Calls that rr's preload library makes for itself, in another slot than the program's, and has records of: an ioctl on the way to a
    /// cloned read, an lseek to see whether a long read can be one, a readlinkat to see which file was opened.
    private static let ownNumbers: Set<UInt16> = [8, 16, 267]

    /// Whether a record for which no captured call was found is of a call that rr has made for itself.
    public func isOwn(_ record: SyscallBufferRecord) -> Bool {
        Self.ownNumbers.contains(record.number) && file.captures(Int32(record.number))
    }

    /// rr patches the instruction of a call: the stop at it, if there was one, stands for nothing. Whether there was one, the next call
    /// that is found tells.
    public mutating func patch(at frame: borrowing FrameCursor) {
        patches[serial(of: frame.task, at: frame.event), default: 0] += 1
    }

    /// After the last frame: counts what nobody asked for.
    public mutating func finish() {
        for serial in queues.keys { skip(serial, queues[serial]?.count ?? 0) }
        while let call = calls.next() { passOver(call) }
    }

    /// Whether a stop was at the call of `frame`: the same instruction, number and arguments.
    private func fits(_ call: CapturedCall, _ frame: borrowing FrameCursor) -> Bool {
        let next = CapturedCall.next(call.kind, call.instructionPointer)
        guard Int32(call.number) == frame.syscall?.number else { return false }
        // rr's start-up runs in a copy of rr itself, which lies elsewhere each time.
        if frame.event <= firstExec { return true }
        return next == frame.instructionPointer && (0..<6).allSatisfy { call.arguments[$0] == frame.argument($0) }
    }

    /// The serial of the recorded task `id`: tasks are numbered as they are born.
    private mutating func serial(of id: Int32, at event: UInt64) -> UInt32 {
        while born < births.count, births[born].event <= event {
            serials[births[born].task] = births[born].serial
            born += 1
        }
        return serials[id] ?? 0
    }

    /// The `index`-th call captured of a task and not yet taken.
    private mutating func peek(_ serial: UInt32, _ index: Int) -> CapturedCall? {
        while queues[serial].map({ $0.count <= index }) ?? true {
            guard queued < Self.lookAhead, let call = calls.next() else { return nil }
            queues[call.task, default: Queue()].calls.append(call)
            queued += 1
        }
        return queues[serial]?[index]
    }

    private mutating func take(_ serial: UInt32) {
        queues[serial]?.drop(1)
        queued -= 1
    }

    /// Passes over the first `count` calls of a task.
    private mutating func skip(_ serial: UInt32, _ count: Int) {
        for _ in 0..<count {
            if let call = queues[serial]?[0] { passOver(call) }
            take(serial)
        }
    }

    private mutating func passOver(_ call: CapturedCall) {
        switch call.kind {
        case .buffered: counts.inventedBuffered += 1
        case .leaving: counts.considered += 1
        case .traced, .emulated:
            if let left = patches[call.task], left > 0 {
                patches[call.task] = left - 1
                counts.patched += 1
            } else {
                counts.inventedTraced += 1
            }
        }
    }
}
