import Foundation
import RRTrace

/// Something that is measured: a name, which `thresholds.json` uses, and what it does.
struct Contestant {
    let name: String
    let run: () throws -> Void

    /// The name of the one whose memory is measured, too.
    static let indexName = "index"

    /// All that are measured on the trace at `path`, in the order in which they take turns.
    static func all(_ path: String, ridealong: String) throws -> [Contestant] {
        let trace = try TraceDirectory(path: path)
        let sum = Checksum()
        return [
            Contestant(name: "inflate") { try inflateAll(path + "/events") },
            Contestant(name: "frames") { try readFrames(trace, readAhead: true, sum) },
            Contestant(name: "frames, one thread") { try readFrames(trace, readAhead: false, sum) },
            Contestant(name: indexName) { try index([path], ridealong) },
            Contestant(name: "rr dump") { try runQuietly(["rr", "dump", path]) },
        ]
    }
}

/// What the first reading found; all others must find the same.
private final class Checksum {
    var value: UInt64?
}

/// Reads every frame of `trace` with what a tracker of sockets looks at: result, number, arguments, all memory writes.
private func readFrames(_ trace: TraceDirectory, readAhead: Bool, _ checksum: Checksum) throws {
    var frames = try FrameCursor(trace, readAhead: readAhead)
    var sum: UInt64 = 0
    while frames.advance() {
        sum &+=
            UInt64(bitPattern: frames.result) &+ UInt64(bitPattern: Int64(frames.originalSyscallNumber)) &+ UInt64(bitPattern: frames.time)
        for index in 0..<6 { sum &+= frames.argument(index) }
        for index in 0..<frames.memoryWriteCount {
            let write = frames.memoryWrite(index)
            sum &+= write.address &+ write.size &+ write.dataOffset
        }
    }
    guard frames.anomalies.isEmpty else { throw BenchmarkError("\(trace.path): \(frames.anomalies)") }
    guard sum == checksum.value ?? sum else { throw BenchmarkError("two readings of \(trace.path) differ") }
    checksum.value = sum
}
