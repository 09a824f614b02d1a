import RRTrace
import TestSupport
import Testing

@Suite struct MemoryWriteTests {
    private let writes = [
        FrameSpec.Write(task: 1, address: 0x1000, bytes: Array(1...10)), FrameSpec.Write(task: 1, address: 0, bytes: []),
        FrameSpec.Write(task: 2, address: 0x2000, bytes: [7, 0, 0, 8, 0, 9, 0], holes: [1..<3, 4..<5, 6..<7]),
        FrameSpec.Write(task: 1, address: 0x3000, bytes: Array(200...255)),
    ]

    private func withWrites(_ body: (TraceDirectory) throws -> Void) throws {
        try withTrace(
            { writer in
                writer.chunkSizes = (7, 7)
                writer.frame(FrameSpec(task: 1, event: .other(tag: 10), writes: [writes[0]]))
                writer.frame(FrameSpec(task: 1, event: .other(tag: 9)))
                writer.frame(FrameSpec(task: 1, event: .syscall(number: 0, state: 2), writes: Array(writes[1...])))
            }, body)
    }

    @Test func everyWriteKnowsWhereItsBytesAreStored() throws {
        try withWrites { trace in
            let (frames, _) = try readFrames(trace) { frame in
                (frame.dataOffset, (0..<frame.memoryWriteCount).map { frame.memoryWrite($0) })
            }
            #expect(frames.map(\.0) == [0, 10, 10])
            let read = frames.flatMap(\.1)
            #expect(read.map(\.dataOffset) == [0, 10, 10, 13] && read.map(\.storedSize) == [10, 0, 3, 56])
            #expect(read.map(\.task) == [1, 1, 2, 1] && read.map(\.size) == [10, 0, 7, 56])
            #expect(read[2].holes == [1..<3, 4..<5, 6..<7])
        }
    }

    @Test func theBytesOfAWriteComeBackWithTheirHoles() throws {
        try withWrites { trace in
            var data = try DataReader(trace)
            let read = try readFrames(trace) { frame in (0..<frame.memoryWriteCount).map { frame.memoryWrite($0) } }.frames.flatMap { $0 }
            for (write, original) in zip(read, writes).reversed() {
                for start in 0...original.bytes.count {
                    for end in start...original.bytes.count {
                        let bytes = data.read(write, address: write.address + UInt64(start), count: end - start)
                        #expect(bytes == Array(original.bytes[start..<end]), "\(start)..<\(end) of \(original)")
                    }
                }
            }
            #expect(data.anomalies.isEmpty)
        }
    }

    @Test func nothingIsReadBesideAWrite() throws {
        try withWrites { trace in
            var data = try DataReader(trace)
            let write = try #require(try readFrames(trace) { $0.memoryWriteCount > 0 ? $0.memoryWrite(0) : nil }.frames[0])
            let outside: [(UInt64, Int)] = [(0xfff, 1), (0x1000, 11), (0x100a, 1), (.max, 1), (0x1000, .max), (0x1000, -1), (0, 0)]
            for (address, count) in outside {
                let bytes = data.read(write, address: address, count: count)
                #expect(bytes == nil, "\(address), \(count)")
            }
        }
    }

    @Test func theWriteThatHoldsAnAddressIsFoundWhereverItBegins() throws {
        try withWrites { trace in
            let (frames, _) = try readFrames(trace) { frame in
                [0, 0x1009, 0x100a, 0x2000, 0x2006, 0x2007, 0x3037, .max].map { (frame.memoryWrite(containing: $0)?.address) }
            }
            #expect(frames[0] == [nil, 0x1000, nil, nil, nil, nil, nil, nil])
            #expect(frames[2] == [nil, nil, nil, 0x2000, 0x2000, nil, 0x3000, nil])
        }
    }

    @Test func beyondTheStoredBytesThereIsNothing() throws {
        try withWrites { trace in
            var data = try DataReader(trace)
            let reads: [(UInt64, Int, Bool)] = [
                (0, 69, true), (69, 0, true), (69, 1, false), (0, 70, false), (.max, 2, false), (68, 1, true),
            ]
            for (offset, count, isThere) in reads {
                let bytes = data.read(offset: offset, count: count)
                #expect((bytes?.count == count) == isThere, "\(offset), \(count)")
            }
            #expect(data.anomalies.map(\.name) == ["data-beyond-stream"] && data.anomalies.first?.count == 3)
        }
    }

    @Test(
        "holes out of order, out of the write, or too many, are damage",
        arguments: [
            [(8, 4)], [(.max, 2)], [(2, .max)], [(4, 2), (3, 1)], [(0, 3), (2, 1)], Array(repeating: (0, 0), count: 3000) + [(9, 9)],
        ] as [[(UInt64, UInt64)]])
    func badHoles(holes: [(UInt64, UInt64)]) throws {
        try withTrace { writer in
            let list = CapnpMessage.Target.structures(holes.map { ([$0.0, $0.1], []) })
            let write: (data: [UInt64], pointers: [CapnpMessage.Target]) = ([1, 0x1000, 10], [list])
            writer.frame(CapnpMessage(.structure(data: [9 << 48, 0, 0, 0, 0, 0, 0], pointers: [.structures([write])])))
        } _: { trace in
            let (frames, anomalies) = try readFrames(trace) { $0.event }
            #expect(frames.isEmpty && anomalies.map(\.name) == ["damaged-message"] && anomalies.first?.event == 1)
        }
    }
}
