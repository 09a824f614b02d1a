import Foundation

/// The first inputs of a fuzzer. The rest of its corpus it finds itself.
public enum Seeds {
    /// If the environment has `FUZZ_SEEDS`, writes `seeds` into that directory and ends the program.
    public static func writeIfAsked(_ seeds: [[UInt8]]) {
        guard let directory = ProcessInfo.processInfo.environment["FUZZ_SEEDS"] else { return }
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for (number, seed) in seeds.enumerated() { try Data(seed).write(to: URL(fileURLWithPath: "\(directory)/seed-\(number)")) }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
        exit(0)
    }

    /// Small traces with one of everything, in each layout of segments.
    public static let traces: [TraceWriter] = CapnpMessage.Layout.allCases.map { layout in
        var writer = TraceWriter()
        writer.layout = layout
        let write = FrameSpec.Write(task: 1, address: 0x1000, bytes: Array(0..<40), holes: [4..<9, 20..<30])
        let plain = FrameSpec.Write(task: 1, address: 0x2000, bytes: flushedBuffer)
        let registers = FrameSpec.x64(number: 45, result: 9, [3, 0x1000, 40])
        writer.frame(FrameSpec(task: 1, event: .syscall(number: 219, state: 2), registers: registers, writes: [write, plain]))
        writer.frame(FrameSpec(task: 1, event: .syscall(number: 3, state: 1, architecture: 0), architecture: 0, registers: Array(1...68)))
        writer.frame(FrameSpec(task: 1, event: .signal(tag: 8, information: Array(0..<24), deterministic: true, disposition: 1)))
        writer.frame(FrameSpec(task: 1, event: .socket(number: 43, local: [2, 0, 1, 2, 127, 0, 0, 1], remote: Array(0..<24))))
        writer.frame(FrameSpec(task: 1, event: .execClosing([3, 4])))
        writer.frame(FrameSpec(task: 1, event: .other(tag: 10), writes: [plain]))
        writer.exec(task: 1, commandLine: ["a", "bc", ""], event: 3)
        writer.clone(task: 2, parent: 1, flags: 0x11, event: 4)
        writer.exit(task: 2, status: 9, event: 5)
        writer.mapping(start: 0, end: 4096, name: "/x", event: 4)
        return writer
    }

    /// A syscall buffer with one record.
    private static let flushedBuffer: [UInt8] =
        [24] + Array(repeating: 0, count: 29) + [5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 21, 0, 0, 0] + Array("hello".utf8) + [0, 0, 0]
}
