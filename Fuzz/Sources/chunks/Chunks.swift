import FuzzSupport
import RRTrace

/// The chunks of a stream: input is the file, read as `data` and as `events`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = input(start, count)
    let disk = TraceOnDisk.shared
    disk.write("incomplete", Array("85\n".utf8))
    disk.write("data", bytes)
    disk.write("events", bytes)
    do {
        let trace = try TraceDirectory(path: disk.path)
        var data = try DataReader(trace)
        for offset in [0, 1, 1000, UInt64(count), .max] {
            for size in [0, 1, 5000] { _ = data.read(offset: offset, count: size) }
        }
        var frames = try FrameCursor(trace, readAhead: count % 2 == 0)
        while frames.advance() {}
    } catch {
        preconditionFailure("\(error)")
    }
    return 0
}

/// Writes the seeds.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeRawPointer?) -> CInt {
    let text = Array("a rather short text, a rather short text, a rather short text".utf8)
    Seeds.writeIfAsked([
        StoredBrotli.chunk(text), StoredBrotli.chunks(text, size: 7), StoredBrotli.chunk([]),
        StoredBrotli.chunks(Seeds.traces[0].events, size: 100),
        // "x" 300 times, compressed.
        [11, 0, 0, 0, 44, 1, 0, 0, 0x1b, 0x2b, 0x01, 0x00, 0x24, 0xf0, 0xe2, 0x02, 0x40, 0x52, 0x00],
    ])
    return 0
}
