import RRTrace
import RunModel
import TestSupport

/// An event of a trace as `rr dump` prints it.
struct RecordedEvent {
    /// Its number.
    let number: UInt64
    /// What it is: `SYSCALL: recvfrom`, `EXIT`.
    let name: String
    /// Whether it is the return from a system call.
    let isReturn: Bool
    /// The thread.
    let task: Int32
    /// Its number among the calls of a flush; 0 for an event.
    var call: UInt32 = 0

    /// From a line such as ``real_time:963.4 global_time:132, event:`SYSCALL: recvfrom' (state:EXITING_SYSCALL) tid:7625, ticks:150``.
    init?(line: Substring) {
        let pattern = /global_time:(\d+), event:`([^']*)'(.*) tid:(\d+)/
        guard let match = line.firstMatch(of: pattern), let number = UInt64(match.1), let task = Int32(match.4) else { return nil }
        self.number = number
        self.task = task
        name = String(match.2)
        isReturn = match.3.contains("EXITING")
    }
}

extension Scenario {
    /// All events of `node`.
    func events(_ node: String) throws -> [RecordedEvent] {
        try rr(["dump", trace(node)]).output.split(separator: "\n").compactMap { RecordedEvent(line: $0) }
    }

    /// The returns (or entries) of system call `name` in `node`.
    func calls(_ name: String, returns: Bool, in node: String) throws -> [RecordedEvent] {
        try events(node).filter { $0.name == "SYSCALL: \(name)" && $0.isReturn == returns }
    }

    /// The calls of `node` that went through the syscall buffer and have this number, of those that did not fail.
    func buffered(_ number: UInt16, in node: String) throws -> [RecordedEvent] {
        let trace = try directory(of: node)
        var found: [RecordedEvent] = []
        var data = try DataReader(trace)
        var frames = try FrameCursor(trace)
        while frames.advance() {
            guard frames.kind == .syscallBufferFlush, frames.memoryWriteCount > 0 else { continue }
            let write = frames.memoryWrite(0)
            let bytes = data.read(write, address: write.address, count: Int(write.size)) ?? []
            for (index, record) in SyscallBufferRecords(bytes, headerSize: trace.syscallBufferHeaderSize).enumerated()
            where record.number == number && record.result >= 0 {
                found.append(RecordedEvent(flush: frames.event, call: UInt32(index + 1), task: frames.task))
            }
        }
        return found
    }
}

extension RecordedEvent {
    /// The `call`-th call of a flush.
    init(flush: UInt64, call: UInt32, task: Int32) {
        (number, name, isReturn, self.task, self.call) = (flush, "SYSCALLBUF_FLUSH", false, task, call)
    }

    /// Its place in the node's history.
    var moment: Moment { Moment(event: number, call: call) }
}
