import Capture
import FuzzSupport

/// A capture file: input is all of it, but for how long it says it is, which nothing else could get past.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let disk = TraceOnDisk.shared
    var bytes = input(start, count)
    if bytes.count >= 24, bytes.count % 2 == 0 {
        let end = min(bytes[16..<24].reversed().reduce(0) { $0 << 8 | UInt64($1) }, UInt64(bytes.count))
        for place in 0..<8 { bytes[16 + place] = UInt8(truncatingIfNeeded: end >> UInt64(8 * place)) }
    }
    disk.write("calls", bytes)
    do {
        let file = try CaptureFile(path: disk.path + "/calls")
        _ = file.captures(Int32(truncatingIfNeeded: count))
        var calls = CapturedCalls(file)
        while let call = calls.next() {
            for section in call.sections.prefix(10) { _ = file.bytes(of: section, prefix: 100) }
        }
        precondition(calls.next() == nil)
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}

/// Writes the seeds.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeRawPointer?) -> CInt {
    var several = CaptureBytes()
    several.add(number: 1, result: 5, arguments: [3, 4096, 5], sections: [(1, 0, 5, Array("hello".utf8))])
    several.add(kind: 1, number: 307, sections: [(1, 0, 2, [1, 2]), (2, 0, 2, [2, 0]), (1, 1, 1, [3]), (3, 1, 8, Array(0..<8))])
    Seeds.writeIfAsked([CaptureBytes().bytes, several.bytes, CaptureBytes(state: 0, mode: 0, fallback: 3).bytes])
    return 0
}
