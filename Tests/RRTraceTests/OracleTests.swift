import Foundation
import RRTrace
import TestSupport
import Testing

/// What the reader says of real traces must be what `rr dump` says of them.
@Suite struct OracleTests {
    /// One frame as `rr dump` prints it.
    private struct DumpedFrame: Equatable {
        var header = ""
        var seconds = 0.0
        var registers: [String: UInt64] = [:]
        var writes: [String] = []
        var taskEvents: [String] = []
        var records: [String] = []
    }

    /// The frames that `rr dump` prints, with these options.
    private static func dump(_ path: String, _ options: [String]) throws -> [DumpedFrame] {
        var frames: [DumpedFrame] = []
        var frame = DumpedFrame()
        for line in try RecordedTrace.output(of: ["rr", "dump"] + options + [path]).split(separator: "\n") {
            let text = line.replacing("(nil)", with: "0x0").trimmingPrefix { $0 == " " }
            if line == "{" {
                frame = DumpedFrame()
            } else if line == "}" {
                frames.append(frame)
            } else if text.hasPrefix("real_time:") {
                let parts = text.split(separator: " ", maxSplits: 1)
                frame.seconds = Double(parts[0].dropFirst("real_time:".count)) ?? .nan
                frame.header = String(parts[1]).replacing(/(SIGNAL\w*): \w+\((async|det)\)/) { String($0.1) }
            } else if text.hasPrefix("{ tid:") {
                frame.writes.append(String(text))
            } else if text.hasPrefix("{ syscall:") {
                frame.records.append(String(text))
            } else if text.hasPrefix("TraceTaskEvent::") {
                frame.taskEvents.append(String(text))
            } else {
                for word in text.split(separator: " ") {
                    let parts = word.split(separator: ":")
                    if parts.count == 2 { frame.registers[String(parts[0])] = UInt64(parts[1].dropFirst(2), radix: 16) }
                }
            }
        }
        return frames
    }

    /// The names by which rr calls system calls that the kernel's headers name otherwise.
    private static let rrNames = ["newfstatat": "fstatat"]

    private static func hex(_ number: some BinaryInteger) -> String { "0x" + String(number, radix: 16) }

    /// The frame as `rr dump` ought to print it.
    private static func described(_ frame: borrowing FrameCursor) -> DumpedFrame {
        var result = DumpedFrame()
        var event = "`\(frame.kind.name.hasPrefix("PATCH") ? "PATCH_SYSCALL" : frame.kind.name)'"
        if let call = frame.syscall {
            let name = SyscallTable.name(call.number, call.architecture)
            let state = ["ENTERING_SYSCALL_PTRACE", "ENTERING_SYSCALL", "EXITING_SYSCALL"][Int(call.state.rawValue)]
            event = "`SYSCALL: \(rrNames[name] ?? name)' (state:\(state))"
        }
        result.header = "global_time:\(frame.event), event:\(event) tid:\(frame.task), ticks:\(frame.ticks)"
        result.seconds = Double(frame.time) / 1e9
        for (name, value) in frame.registers() { result.registers[name] = value }
        result.writes = (0..<frame.memoryWriteCount).map { index in
            let write = frame.memoryWrite(index)
            return "{ tid:\(write.task), addr:\(hex(write.address)), length:\(hex(write.size)) }"
        }
        return result
    }

    /// What the reader reads and what rr prints, where they differ first.
    private func compare(_ read: DumpedFrame, _ dumped: DumpedFrame) -> Bool {
        let isSame = read.header.filter { $0 != " " } == dumped.header.filter { $0 != " " } && read.writes == dumped.writes
        let areRegisters = read.registers == dumped.registers.filter { read.registers[$0.key] != nil }
        return isSame && areRegisters && (read.registers.isEmpty == dumped.registers.isEmpty) && abs(read.seconds - dumped.seconds) < 2e-6
    }

    @Test(arguments: Recordings.all.indices)
    func everyFrameIsWhatRRDumps(index: Int) throws {
        guard let recording = try Recordings.all[index].trace.get() else { return }
        let trace = try TraceDirectory(path: recording.path)
        let dumped = try Self.dump(recording.path, ["-m"])
        for readAhead in [false, true] {
            let (read, anomalies) = try readFrames(trace, readAhead: readAhead) { Self.described($0) }
            #expect(anomalies.isEmpty && read.count == dumped.count && read.count > 14, "\(Recordings.all[index].name)")
            for (read, dumped) in zip(read, dumped) {
                let isSame = compare(read, dumped)
                #expect(isSame, "\(Recordings.all[index].name): read \(read), rr dumps \(dumped)")
                if !isSame { break }
            }
        }
    }

    @Test(arguments: Recordings.all.indices)
    func everyTaskEventIsWhatRRDumps(index: Int) throws {
        guard let recording = try Recordings.all[index].trace.get() else { return }
        let (events, anomalies) = try TraceDirectory(path: recording.path).tasks()
        let lines = events.map { event in
            switch event.kind {
            case .clone(let parent, let flags, _): "CLONE tid=\(event.task) parent=\(parent) clone_flags=\(Self.hex(flags))"
            case .exec(let file, _): "EXEC tid=\(event.task) file=\(String(decoding: file, as: UTF8.self))"
            case .exit(let status): "EXIT tid=\(event.task) status=\(status)"
            case .detach, .unknown: "\(event)"
            }
        }
        let dumped = try Self.dump(recording.path, ["-e"]).flatMap(\.taskEvents)
        #expect(anomalies.isEmpty && !lines.isEmpty && lines.map { "TraceTaskEvent::" + $0 } == dumped, "\(Recordings.all[index].name)")
    }

    @Test(arguments: [Recordings.bufferedPipeline, Recordings.bufferedThreads].indices)
    func everyBufferRecordIsWhatRRDumps(index: Int) throws {
        let recording = try [Recordings.bufferedPipeline, Recordings.bufferedThreads][index].get()
        let trace = try TraceDirectory(path: recording.path)
        var data = try DataReader(trace)
        let (read, _) = try readFrames(trace) { frame -> [String] in
            guard frame.kind == .syscallBufferFlush, frame.memoryWriteCount > 0 else { return [] }
            let write = frame.memoryWrite(0)
            let bytes = data.read(write, address: write.address, count: Int(write.size)) ?? []
            let records = Array(SyscallBufferRecords(bytes))
            #expect(records == Array(SyscallBufferRecords(bytes, headerSize: trace.syscallBufferHeaderSize)))
            return records.map { record in
                let name = SyscallTable.name(Int32(record.number), trace.architecture)
                let size = record.extra.count + SyscallBufferRecords.recordHeaderSize
                let result = UInt64(bitPattern: record.result)
                let flags = (record.mayBlock ? ", desched:1" : "") + (record.replayAssisted ? ", replay_assist:1" : "")
                return "{ syscall:'\(Self.rrNames[name] ?? name)', ret:\(Self.hex(result)), size:\(Self.hex(size))\(flags) }"
            }
        }
        let dumped = try Self.dump(recording.path, ["-b"]).map(\.records)
        #expect(read == dumped && read.joined().count > 100)
    }
}
