import FuzzSupport
import RRTrace

/// The file `version`: input is the packed message behind the version number.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    TraceOnDisk.shared.write("version", Array("85\n".utf8) + input(start, count))
    do {
        let trace = try TraceDirectory(path: TraceOnDisk.shared.path)
        precondition((trace.header == nil) == !trace.anomalies.isEmpty, "a header that is missing must be named")
    } catch {
        preconditionFailure("\(error)")
    }
    return 0
}

/// Writes the seeds.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeRawPointer?) -> CInt {
    Seeds.writeIfAsked(CapnpMessage.Layout.allCases.map { TraceWriter.header().packed($0) })
    return 0
}
