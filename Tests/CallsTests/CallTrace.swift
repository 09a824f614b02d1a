import Calls
import Capture
import Foundation
import RRTrace
import RunModel
import TestSupport

/// A trace written call by call, and read back as lines. Its first process has id 10.
struct CallTrace {
    static let first: Int32 = 10
    /// Where calls write to memory.
    static let buffer: UInt64 = 0x7000_0000

    private(set) var writer = TraceWriter()
    private var time = 1.0

    /// A program that has just been executed, at event 1.
    init() {
        writer.exec(task: Self.first, commandLine: ["program", "a b"], event: 1)
        frame(.syscall(number: 59, state: 2), [0, 0, 0], result: 0)
    }

    mutating func frame(
        _ event: FrameSpec.Event, _ arguments: [UInt64], result: Int64 = -38, _ writes: [(UInt64, [UInt8])] = [], task: Int32 = first
    ) {
        time += 0.001
        var number: Int64 = 0
        if case .syscall(let call, _, _) = event { number = Int64(call) }
        writer.frame(
            FrameSpec(
                task: task, event: event, registers: FrameSpec.x64(number: number, result: result, arguments),
                writes: writes.map { FrameSpec.Write(task: task, address: $0.0, bytes: $0.1) }, seconds: time))
    }

    /// A call is entered.
    mutating func enter(_ number: Int32, _ arguments: [UInt64] = [], task: Int32 = first) {
        frame(.syscall(number: number, state: 1), arguments, task: task)
    }

    /// A call returns.
    mutating func leave(
        _ number: Int32, _ arguments: [UInt64] = [], result: Int64, _ writes: [(UInt64, [UInt8])] = [], task: Int32 = first
    ) {
        frame(.syscall(number: number, state: 2), arguments, result: result, writes, task: task)
    }

    /// A whole call.
    mutating func call(
        _ number: Int32, _ arguments: [UInt64] = [], result: Int64, _ writes: [(UInt64, [UInt8])] = [], task: Int32 = first
    ) {
        enter(number, arguments, task: task)
        leave(number, arguments, result: result, writes, task: task)
    }

    /// A flush of calls of the syscall buffer: number, result, what was written. Returns where each has its record in the buffer, and
    /// where what it wrote is in memory.
    @discardableResult
    mutating func flush(_ calls: [(number: UInt16, result: Int64, wrote: [UInt8])], task: Int32 = first) -> [(UInt32, UInt64)] {
        var records: [UInt8] = []
        var places: [(UInt32, UInt64)] = []
        for call in calls {
            places.append((UInt32(records.count), Self.flushed + UInt64(30 + records.count + 16)))
            records += call.result.bytes + call.number.bytes + UInt16(0).bytes + UInt32(16 + call.wrote.count).bytes + call.wrote
            records += [UInt8](repeating: 0, count: (8 - call.wrote.count % 8) % 8)
        }
        frame(.other(tag: 10), [], [(Self.flushed, UInt32(records.count).bytes + [UInt8](repeating: 0, count: 26) + records)], task: task)
        return places
    }

    /// Where the syscall buffer is.
    static let flushed: UInt64 = 0x6800_0000

    /// A task ends, with this wait status.
    mutating func exit(_ task: Int32 = first, status: Int32) {
        frame(.other(tag: 9), [], task: task)
        writer.exit(task: task, status: status, event: writer.frameCount)
    }

    /// A thread of the first process.
    mutating func thread(_ task: Int32) {
        enter(56, [0x3d0f00])
        writer.clone(task: task, parent: Self.first, flags: 0x3d0f00, event: writer.frameCount)
        leave(56, [0x3d0f00], result: Int64(task))
    }

    /// A child of the first process.
    mutating func fork(_ child: Int32) {
        enter(56, [0x120_0011])
        writer.clone(task: child, parent: Self.first, flags: 0x120_0011, event: writer.frameCount)
        leave(56, [0x120_0011], result: Int64(child))
    }

    /// Everything that is told of it.
    func calls(
        _ expressions: [String] = [], stringLimit: Int = 32, capture: CaptureBytes? = nil, _ adjust: (inout CallFilter) -> Void = { _ in }
    ) throws -> [Call] {
        var filter = try CallFilter(expressions: expressions)
        adjust(&filter)
        return try withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("trace")
            try writer.write(to: path)
            let calls = directory.appendingPathComponent("calls")
            if let capture { try Data(capture.bytes).write(to: calls) }
            let file = capture == nil ? nil : try CaptureFile(path: calls.path)
            let reader = try CallReader(
                TraceDirectory(path: path.path), node: NodeID(0), capture: file, filter: filter, stringLimit: stringLimit
            ) { "endpoint \($0)" }
            var told: [Call] = []
            while let call = reader.next() { told.append(call) }
            return told
        }
    }

    /// The lines after the first, which is the exec.
    func lines(_ expressions: [String] = [], stringLimit: Int = 32, _ adjust: (inout CallFilter) -> Void = { _ in }) throws -> [String] {
        try calls(expressions, stringLimit: stringLimit, adjust).filter { $0.name != "execve" }.map(\.text)
    }
}

extension FixedWidthInteger {
    /// Its bytes, low one first.
    var bytes: [UInt8] { (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> Self(8 * $0)) } }
}
