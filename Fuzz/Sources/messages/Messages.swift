import FuzzSupport
import RRTrace

/// The streams `tasks` and `mmaps`: input is what is in their chunks.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = input(start, count)
    let disk = TraceOnDisk.shared
    disk.write("incomplete", Array("85\n".utf8))
    disk.write("tasks", StoredBrotli.chunks(bytes, size: 1 << 16))
    disk.write("mmaps", StoredBrotli.chunks(bytes, size: 64))
    do {
        let trace = try TraceDirectory(path: disk.path)
        let (events, first) = trace.tasks()
        let (mappings, second) = trace.mappings()
        precondition(first.isEmpty == false || second.isEmpty == false || events.count == mappings.count, "both read the same messages")
    } catch {
        preconditionFailure("\(error)")
    }
    return 0
}

/// Writes the seeds.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeRawPointer?) -> CInt {
    Seeds.writeIfAsked(Seeds.traces.flatMap { [$0.tasks, $0.mappings] })
    return 0
}
