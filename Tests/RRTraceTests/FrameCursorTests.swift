import Foundation
import TestSupport
import Testing

@testable import RRTrace

@Suite struct FrameCursorTests {
    @Test func aFrameOfASystemCallShowsItsParts() throws {
        let registers = FrameSpec.x64(number: 45, result: -11, [3, 0x7000, 4096, 1, 2, 6], ip: 0x1234, sp: 0x5678)
        let call = FrameSpec.Event.syscall(number: 45, state: 2)
        try withTrace {
            $0.frame(FrameSpec(task: 77, event: call, registers: registers, ticks: 99, seconds: 12.345_678_901))
        } _: { trace in
            var frame = try FrameCursor(trace, readAhead: false)
            let isThere = frame.advance()
            #expect(isThere)
            #expect((frame.event, frame.task, frame.ticks, frame.time) == (1, 77, 99, 12_345_678_901))
            #expect(frame.kind == .syscall && frame.architecture == .x86_64)
            let expected = SyscallFrame(architecture: .x86_64, state: .exiting, number: 45, failedDuringPreparation: false)
            #expect(frame.syscall == expected)
            let arguments = (0..<6).map { frame.argument($0) }
            #expect(arguments == [3, 0x7000, 4096, 1, 2, 6])
            #expect((frame.result, frame.instructionPointer, frame.stackPointer, frame.originalSyscallNumber) == (-11, 0x1234, 0x5678, 45))
            let named = Dictionary(uniqueKeysWithValues: frame.registers().map { ($0.name, $0.value) })
            #expect(named.count == 27 && named["rsi"] == 0x7000 && named["gs"] == 0x1000 + 26)
            let more = frame.advance()
            #expect(!more && frame.anomalies.isEmpty)
        }
    }

    @Test func framesAreCountedFromOne() throws {
        try withTrace { writer in
            for tag in 0...15 as ClosedRange<UInt16> { writer.frame(FrameSpec(task: 1, event: .other(tag: tag))) }
        } _: { trace in
            let (frames, anomalies) = try readFrames(trace) { ($0.event, $0.kind) }
            #expect(frames.map(\.0) == Array(1...16))
            #expect(frames.map(\.1) == (0...14).compactMap { FrameKind(rawValue: $0) } + [.unknown])
            #expect(anomalies.map(\.name) == ["unknown-event"] && anomalies.first?.event == 16)
        }
    }

    @Test func a32BitTaskHasItsOwnRegisters() throws {
        let registers = (0..<17).flatMap { place -> [UInt8] in [UInt8(place), 0, 0, place == 6 ? 0xff : 0] }
        try withTrace {
            $0.frame(FrameSpec(task: 1, event: .syscall(number: 3, state: 2, architecture: 0), architecture: 0, registers: registers))
        } _: { trace in
            let (frames, _) = try readFrames(trace) { frame in
                (
                    (0..<6).map { frame.argument($0) }, frame.result, frame.originalSyscallNumber, frame.instructionPointer,
                    frame.stackPointer, frame.registers().count
                )
            }
            let frame = try #require(frames.first)
            #expect(frame.0 == [0, 1, 2, 3, 4, 5] && frame.1 == Int64(Int32(bitPattern: 0xff00_0006)) && frame.2 == 11)
            #expect((frame.3, frame.4, frame.5) == (12, 15, 17))
        }
    }

    @Test func anInt80CallIn64BitsTakesTheLowHalves() throws {
        var words = [UInt64](repeating: 0, count: 27)
        for (place, value) in zip([5, 11, 12, 13, 14, 4], 1...6 as ClosedRange<UInt64>) { words[place] = value | 0xffff << 32 }
        words[10] = 0xffff_fff5
        let registers = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
        try withTrace {
            $0.frame(FrameSpec(task: 1, event: .syscall(number: 3, state: 2, architecture: 0), registers: registers))
        } _: { trace in
            let (frames, _) = try readFrames(trace) { frame in ((0..<6).map { frame.argument($0) }, frame.result) }
            #expect(frames.first?.0 == [1, 2, 3, 4, 5, 6] && frames.first?.1 == -11)
        }
    }

    @Test func onAarch64TheFirstArgumentOutlivesTheResult() throws {
        let registers = (0..<36).flatMap { place -> [UInt8] in [UInt8(place), 0, 0, 0, 0, 0, 0, 0] }
        try withTrace { writer in
            for state in [1, 2] as [UInt16] {
                let call = FrameSpec.Event.syscall(number: 63, state: state, architecture: 2)
                writer.frame(FrameSpec(task: 1, event: call, architecture: 2, registers: registers))
            }
        } _: { trace in
            let (frames, _) = try readFrames(trace) { ($0.argument(0), $0.argument(1), $0.result, $0.instructionPointer, $0.stackPointer) }
            #expect(frames.map(\.0) == [0, 34])
            #expect(frames.allSatisfy { ($0.1, $0.2, $0.3, $0.4) == (1, 0, 32, 31) })
        }
    }

    @Test func aRestartedCallIsTheOneItRestarts() throws {
        try withTrace { writer in
            writer.frame(FrameSpec(task: 1, event: .syscall(number: 219, state: 2), registers: FrameSpec.x64(number: 45, result: 9)))
            writer.frame(FrameSpec(task: 1, event: .syscall(number: 0, state: 2), registers: FrameSpec.x64(number: 0, result: 9)))
            writer.frame(FrameSpec(task: 1, event: .other(tag: 9)))
        } _: { trace in
            let (numbers, _) = try readFrames(trace) { $0.effectiveSyscallNumber }
            #expect(numbers == [45, 0, -1])
        }
    }

    @Test func aFrameWithoutRegistersReadsAsZero() throws {
        try withTrace {
            $0.frame(FrameSpec(task: 1, event: .syscall(number: 1, state: 1)))
        } _: { trace in
            let (frames, _) = try readFrames(trace) { ($0.hasRegisters, $0.argument(0), $0.result, $0.registers().count) }
            let frame = try #require(frames.first)
            #expect(frame == (false, 0, 0, 0))
        }
    }

    @Test(
        "stamps that are no sensible time do no harm",
        arguments: [(.nan, 0), (.infinity, .max), (-.infinity, .min), (1e300, .max), (0.1, 100_000_000)] as [(Double, Int64)])
    func times(seconds: Double, nanoseconds: Int64) throws {
        try withTrace {
            $0.frame(FrameSpec(task: 1, event: .other(tag: 9), seconds: seconds))
        } _: { trace in
            let (times, _) = try readFrames(trace) { $0.time }
            #expect(times == [nanoseconds])
        }
    }

    @Test func aSignalShowsWhoSentIt() throws {
        var information = [UInt8](repeating: 0, count: 128)
        (information[0], information[16], information[17]) = (10, 0x34, 0x12)
        try withTrace { writer in
            for tag in 6...8 as ClosedRange<UInt16> {
                writer.frame(
                    FrameSpec(task: 1, event: .signal(tag: tag, information: information, deterministic: tag == 7, disposition: tag - 6)))
            }
            writer.frame(FrameSpec(task: 1, event: .signal(tag: 6, information: [11], deterministic: false, disposition: 9)))
        } _: { trace in
            let signals = try readFrames(trace) { $0.signal }.frames.compactMap { $0 }
            #expect(signals.map(\.number) == [10, 10, 10, 11] && signals.map(\.sender) == [0x1234, 0x1234, 0x1234, 0])
            #expect(signals.map(\.deterministic) == [false, true, false, false])
            #expect(signals.map(\.disposition) == [.fatal, .userHandler, .ignored, nil])
            #expect(signals.first?.information == information)
        }
    }

    @Test func whatAnExecClosedAndWhomASocketJoinedIsShown() throws {
        try withTrace { writer in
            writer.frame(FrameSpec(task: 1, event: .execClosing([100, -1, 7])))
            writer.frame(FrameSpec(task: 1, event: .socket(number: 43, local: [2, 0, 1], remote: [])))
        } _: { trace in
            let (frames, _) = try readFrames(trace) { ($0.execFileDescriptorsToClose(), $0.socketAddresses()) }
            #expect(frames.map(\.0) == [[100, -1, 7], []])
            #expect(frames[0].1 == nil && frames[1].1?.local == [2, 0, 1] && frames[1].1?.remote == [])
        }
    }

    @Test(arguments: CapnpMessage.Layout.allCases, [1, 2, 9, 10, 11, 64, 1 << 20])
    func framesReadTheSameHoweverTheyLieInChunksAndSegments(layout: CapnpMessage.Layout, chunk: Int) throws {
        let read = { (layout: CapnpMessage.Layout, chunk: Int, readAhead: Bool) in
            try withTrace { writer in
                writer.layout = layout
                writer.chunkSizes = (chunk, chunk)
                for number in 0..<40 as Range<Int32> {
                    let write = FrameSpec.Write(task: number, address: UInt64(number), bytes: Array(repeating: 1, count: Int(number % 3)))
                    let registers = FrameSpec.x64(number: Int64(number), result: Int64.max &- Int64(number) << 40)
                    writer.frame(FrameSpec(task: number, event: .syscall(number: number, state: 2), registers: registers, writes: [write]))
                }
            } _: { trace in
                let (frames, anomalies) = try readFrames(trace, readAhead: readAhead) {
                    "\($0.task) \($0.registers()) \($0.memoryWrite(0))"
                }
                #expect(anomalies.isEmpty)
                return frames
            }
        }
        let expected = try read(.single, 1 << 20, false)
        #expect(expected.count == 40)
        for readAhead in [false, true] {
            let frames = try read(layout, chunk, readAhead)
            #expect(frames == expected)
        }
    }

    @Test func aCursorThatIsDroppedHalfwayLeavesNoThread() throws {
        let threads = { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
        try withTrace { writer in
            writer.chunkSizes = (64, 64)
            for _ in 0..<100 { writer.frame(FrameSpec(task: 1, event: .other(tag: 9))) }
        } _: { trace in
            let before = try threads()
            for _ in 0..<200 {
                var cursor = try FrameCursor(trace)
                let isThere = cursor.advance()
                #expect(isThere)
            }
            #expect(try threads() < before + 100, "other tests may start some, but not hundreds")
        }
    }
}
