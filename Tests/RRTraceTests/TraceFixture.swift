import Foundation
import RRTrace
import TestSupport

/// Writes what `make` adds to a writer as a trace directory, and runs `body` on it.
func withTrace<Result>(_ make: (inout TraceWriter) -> Void, _ body: (TraceDirectory) throws -> Result) throws -> Result {
    var writer = TraceWriter()
    make(&writer)
    return try withTemporaryDirectory { directory in
        try writer.write(to: directory)
        return try body(TraceDirectory(path: directory.path))
    }
}

/// Reads every frame of `trace`; returns what `see` made of each, and the anomalies.
func readFrames<Value>(
    _ trace: TraceDirectory, readAhead: Bool = false, _ see: (borrowing FrameCursor) throws -> Value
) throws -> (frames: [Value], anomalies: [TraceAnomaly]) {
    var cursor = try FrameCursor(trace, readAhead: readAhead)
    var values: [Value] = []
    while cursor.advance() { values.append(try see(cursor)) }
    return (values, cursor.anomalies)
}

/// Reads all there is, with every accessor, as a user of the reader may; returns how many frames there are and all anomalies.
/// Whatever the bytes are, this must come to an end without a crash.
@discardableResult
func readEverything(_ trace: TraceDirectory) throws -> (frames: Int, anomalies: [TraceAnomaly]) {
    var data = try DataReader(trace)
    let (frames, frameAnomalies) = try readFrames(trace) { frame -> UInt64 in
        _ = (0..<6).map { frame.argument($0) }
        _ = (frame.result, frame.instructionPointer, frame.stackPointer, frame.originalSyscallNumber, frame.effectiveSyscallNumber)
        _ = (frame.registers(), frame.signal, frame.socketAddresses(), frame.execFileDescriptorsToClose())
        for index in 0..<frame.memoryWriteCount {
            let write = frame.memoryWrite(index)
            let bytes = data.read(write, address: write.address, count: Int(min(write.size, 1 << 16)))
            if frame.kind == .syscallBufferFlush, let bytes { _ = Array(SyscallBufferRecords(bytes)) }
            _ = frame.memoryWrite(containing: write.address)
        }
        return frame.event
    }
    let others = trace.tasks().anomalies + trace.mappings().anomalies
    return (frames.count, trace.anomalies + frameAnomalies + data.anomalies + others)
}
