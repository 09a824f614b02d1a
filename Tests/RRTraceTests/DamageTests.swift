import Foundation
import RRTrace
import TestSupport
import Testing

/// Whatever happened to a trace's files: what can be read is read, the rest is named, nothing crashes or hangs.
@Suite struct DamageTests {
    private static let names: Set<String> = [
        "missing-file", "unreadable-file", "truncated-chunk", "damaged-chunk", "too-many-chunks", "truncated-message", "damaged-message",
        "damaged-header", "unknown-event", "data-beyond-stream", "too-many-messages",
    ]

    /// A small trace that has one of everything.
    private static func writer(layout: CapnpMessage.Layout = .single, chunk: Int = 300) -> TraceWriter {
        var writer = TraceWriter()
        writer.layout = layout
        writer.chunkSizes = (chunk, chunk)
        for number in 0..<12 as Range<Int32> {
            let write = FrameSpec.Write(task: 1, address: 0x1000, bytes: Array(0..<40), holes: number % 2 == 0 ? [4..<9, 20..<30] : [])
            let registers = FrameSpec.x64(number: 0, result: Int64(number))
            writer.frame(FrameSpec(task: 1, event: .syscall(number: 0, state: 2), registers: registers, writes: [write, write]))
            writer.frame(FrameSpec(task: 1, event: .signal(tag: 6, information: Array(0..<128), deterministic: true, disposition: 1)))
            writer.frame(FrameSpec(task: 1, event: .socket(number: 43, local: Array(0..<128), remote: Array(0..<128))))
            writer.frame(FrameSpec(task: 1, event: .execClosing([3, 4])))
            writer.frame(FrameSpec(task: 1, event: .other(tag: 10), writes: [write]))
            writer.exec(task: number, commandLine: ["a", "bc", ""], event: 3)
            writer.mapping(start: 0, end: 4096, name: "/x", event: 4)
        }
        return writer
    }

    @Test func theEventsCutOffAnywhereAreReadAsFarAsTheirWholeChunksGo() throws {
        let files = Self.writer().files()
        let events = try #require(files["events"])
        try withTemporaryDirectory { directory in
            for (name, bytes) in files { try Data(bytes).write(to: directory.appendingPathComponent(name)) }
            let trace = try TraceDirectory(path: directory.path)
            let all = try readFrames(trace) { $0.registers().description }.frames
            var before = 0
            for count in stride(from: 0, through: events.count, by: 3) {
                try Data(events.prefix(count)).write(to: directory.appendingPathComponent("events"))
                let (frames, anomalies) = try readFrames(trace) { $0.registers().description }
                #expect(frames == Array(all.prefix(frames.count)) && frames.count >= before, "\(count) bytes")
                #expect(frames.count == all.count || count < events.count)
                #expect(Set(anomalies.map(\.name)).isSubset(of: ["truncated-chunk", "truncated-message"]), "\(count) bytes: \(anomalies)")
                #expect(!anomalies.isEmpty || count == 0 || count == events.count || frames.count > before, "\(count) bytes")
                before = frames.count
            }
            #expect(all.count == 60)
        }
    }

    @Test(arguments: ["data", "tasks", "mmaps", "version", "events"], CapnpMessage.Layout.allCases)
    func anyFileCutOffAnywhereIsNamed(name: String, layout: CapnpMessage.Layout) throws {
        let files = Self.writer(layout: layout).files()
        let whole = try #require(files[name])
        try withTemporaryDirectory { directory in
            for (name, bytes) in files { try Data(bytes).write(to: directory.appendingPathComponent(name)) }
            #expect(try readEverything(TraceDirectory(path: directory.path)).anomalies.isEmpty)
            for count in stride(from: name == "version" ? 3 : 1, to: whole.count, by: max(1, whole.count / 15)) {
                try Data(whole.prefix(count)).write(to: directory.appendingPathComponent(name))
                let (_, anomalies) = try readEverything(TraceDirectory(path: directory.path))
                #expect(!anomalies.isEmpty && anomalies.allSatisfy { Self.names.contains($0.name) }, "\(count) bytes: \(anomalies)")
            }
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func flippedBitsDoNoHarm(seed: UInt64) throws {
        let layout = CapnpMessage.Layout.allCases[Int(seed % 3)]
        try flip(Self.writer(layout: layout, chunk: seed % 2 == 0 ? 300 : 1 << 20).files(), times: 60, seed: seed)
    }

    @Test(arguments: 0..<2 as Range<UInt64>)
    func flippedBitsOfARealTraceDoNoHarm(seed: UInt64) throws {
        let recording = URL(fileURLWithPath: try (seed % 2 == 0 ? Recordings.bufferedThreads : Recordings.pipeline).get().path)
        var files: [String: [UInt8]] = [:]
        for name in ["version", "events", "data", "tasks", "mmaps"] {
            files[name] = [UInt8](try Data(contentsOf: recording.appendingPathComponent(name)))
        }
        try flip(files, times: 6, seed: seed)
    }

    /// Flips some bits of a copy of `files`, and reads that; so many times.
    private func flip(_ files: [String: [UInt8]], times: Int, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try withTemporaryDirectory { directory in
            for round in 0..<times {
                for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
                    var bytes = bytes
                    for _ in 0..<Int.random(in: 0...3, using: &random) {
                        if let place = bytes.indices.dropFirst(name == "version" ? 3 : 0).randomElement(using: &random) {
                            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                        }
                    }
                    try Data(bytes).write(to: directory.appendingPathComponent(name))
                }
                let (_, anomalies) = try readEverything(TraceDirectory(path: directory.path))
                #expect(anomalies.allSatisfy { Self.names.contains($0.name) }, "seed \(seed), round \(round): \(anomalies)")
            }
        }
    }

    @Test(
        "a chunk whose lengths cannot be is named",
        arguments: [
            (.max, 4, "damaged-chunk"), (4, .max, "damaged-chunk"), (100, 4, "truncated-chunk"), (1, 4, "damaged-chunk"),
            (8, 5, "damaged-chunk"), (8, 3, "damaged-chunk"),
        ] as [(UInt32, UInt32, String)])
    func impossibleChunks(stored: UInt32, inflated: UInt32, name: String) throws {
        var chunk = StoredBrotli.chunk([1, 2, 3, 4])
        #expect(chunk.count == 16)
        for place in 0..<4 {
            chunk[place] = UInt8(truncatingIfNeeded: stored >> UInt32(8 * place))
            chunk[4 + place] = UInt8(truncatingIfNeeded: inflated >> UInt32(8 * place))
        }
        try withTemporaryDirectory { directory in
            try Self.writer().write(to: directory)
            for file in ["events", "data", "tasks"] { try Data(chunk).write(to: directory.appendingPathComponent(file)) }
            let trace = try TraceDirectory(path: directory.path)
            let (frames, anomalies) = try readFrames(trace) { $0.event }
            var data = try DataReader(trace)
            let bytes = data.read(offset: 0, count: 1)
            #expect(frames.isEmpty && anomalies.map(\.name) == [name] && trace.tasks().anomalies.map(\.name) == [name])
            #expect(bytes == nil && data.anomalies.map(\.name).contains(name))
        }
    }

    @Test func emptyChunksAreNothing() throws {
        try withTemporaryDirectory { directory in
            let writer = Self.writer()
            try writer.write(to: directory)
            let events = StoredBrotli.chunk([]) + StoredBrotli.chunks(writer.events, size: 10) + StoredBrotli.chunk([])
            try Data(events).write(to: directory.appendingPathComponent("events"))
            #expect(try readEverything(TraceDirectory(path: directory.path)).frames == 60)
        }
    }

    @Test func aDamagedChunkOfDataLeavesTheOthersReadable() throws {
        try withTemporaryDirectory { directory in
            try Self.writer().write(to: directory)
            let chunks = [StoredBrotli.chunk([1, 2, 3, 4]), StoredBrotli.chunk([5, 6, 7, 8]), StoredBrotli.chunk([9])]
            var bytes = chunks.flatMap { $0 }
            bytes[chunks[0].count + 8] = 0xff
            try Data(bytes).write(to: directory.appendingPathComponent("data"))
            var data = try DataReader(TraceDirectory(path: directory.path))
            let reads = [data.read(offset: 8, count: 1), data.read(offset: 3, count: 2), data.read(offset: 1, count: 3)]
            #expect(reads == [[9], nil, [2, 3, 4]])
            #expect(data.anomalies.map(\.name) == ["damaged-chunk", "data-beyond-stream"])
        }
    }
}
