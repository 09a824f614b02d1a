import Capture
import Foundation
import RRTrace
import Recorder
import Replay
import RunModel
import TestSupport

/// A recorded node with what a replay of it captured.
struct CapturedNode {
    /// A call that was captured, with what the trace says of it.
    struct Call {
        /// The process-wide order: event, and number in the flush.
        let event: UInt64
        let place: UInt32
        let task: Int32
        let call: CapturedCall
        /// What it returned; `nil` if it never did.
        var result: Int64?
        /// What it received, if it is a plain receive.
        var received: [UInt8] = []
        /// What it sent, as far as the result says so.
        var sent: [UInt8] = []
    }

    /// How captured and recorded calls fit together.
    let check: CaptureCheck
    /// The calls in recorded order.
    private(set) var calls: [Call] = []
    /// What the agent says of itself.
    let file: CaptureFile
    /// What is compared with other captures.
    let comparison: CaptureComparison

    /// Replays the node's trace and joins.
    init(_ trace: RecordedTrace, mode: CapturePass.Mode) throws {
        let environment = ProcessInfo.processInfo.environment
        let directory = try TraceDirectory(path: trace.path)
        let rr = try RRInvocation.forReplay(of: nil, in: environment).withCaptureAgent(in: environment)
        let path = URL(fileURLWithPath: trace.path).deletingLastPathComponent().appendingPathComponent("calls-\(mode)").path
        let pass = CapturePass(
            trace: trace.path, rr: rr, bufferHeaderSize: directory.header?.syscallBufferHeaderSize ?? 30, mode: mode,
            patience: .seconds(60))
        let file = try pass.run(into: path)
        var found: [Call] = []
        check = try CaptureCheck(file, of: directory) { call, event, place in
            found.append(Call(event: event, place: place, task: 0, call: call))
        }
        self.file = file
        comparison = try CaptureComparison(file, of: directory)
        let told = try Self.told(by: directory)
        calls = found.map { call in
            var call = call
            guard let told = told[Moment(event: call.event, call: call.place)] else { return call }
            call = Call(
                event: call.event, place: call.place, task: told.task, call: call.call, result: told.result, received: told.received)
            call.sent = Self.sent(call, in: file)
            return call
        }
    }

    /// What a send's result leaves of the payload that was offered.
    private static func sent(_ call: Call, in file: CaptureFile) -> [UInt8] {
        guard let result = call.result, result > 0 else { return [] }
        let payloads = call.call.sections.filter { $0.kind == .payload }
        // sendmmsg returns a number of messages; on a stream, all but the last go as a whole.
        if call.call.number == 307 { return payloads.prefix(Int(result)).flatMap { file.bytes(of: $0) ?? [] } }
        return payloads.first.flatMap { file.bytes(of: $0, prefix: Int(result)) } ?? []
    }

    /// Result and received bytes of every call of a trace, by the moment of its ENTERING frame or of its record.
    private static func told(by trace: TraceDirectory) throws -> [Moment: (task: Int32, result: Int64?, received: [UInt8])] {
        var told: [Moment: (task: Int32, result: Int64?, received: [UInt8])] = [:]
        var entered: [Int32: Moment] = [:]
        var data = try DataReader(trace)
        var frames = try FrameCursor(trace)
        while frames.advance() {
            if frames.kind == .syscallBufferFlush, frames.memoryWriteCount > 0 {
                let write = frames.memoryWrite(0)
                let bytes = data.read(write, address: write.address, count: Int(write.size)) ?? []
                var number: UInt32 = 0
                for record in SyscallBufferRecords(bytes, headerSize: trace.syscallBufferHeaderSize) {
                    number += 1
                    let isReceive = [0, 45, 47].contains(record.number) && record.result > 0
                    let received = isReceive ? Array(bytes[record.extra].suffix(Int(record.result))) : []
                    told[Moment(event: frames.event, call: number)] = (frames.task, record.result, received)
                }
            }
            guard let call = frames.syscall else { continue }
            if call.state == .entering {
                entered[frames.task] = Moment(event: frames.event)
                told[Moment(event: frames.event)] = (frames.task, nil, [])
            } else if call.state == .exiting, let moment = entered[frames.task] {
                var received: [UInt8] = []
                if [0, 45].contains(frames.effectiveSyscallNumber), frames.result > 0 {
                    let address = frames.argument(1)
                    received =
                        frames.memoryWrite(containing: address).flatMap { data.read($0, address: address, count: Int(frames.result)) }
                        ?? []
                }
                told[moment] = (frames.task, frames.result, received)
                entered[frames.task] = nil
            }
        }
        return told
    }
}
