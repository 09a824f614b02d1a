import Capture
import Foundation
import RRTrace
import Replay
import TestSupport
import Testing

/// Captures of one trace, of which the second was changed.
@Suite("Comparison of captures", .serialized)
struct ComparisonTests {
    private static let node = Result {
        let trace = try RecordedTrace.make("compared", syscallBuffer: true, ["/bin/sh", "-c", "echo hello | cat"])
        return (trace, try CapturedNode(trace, mode: .ring))
    }

    /// What is said when `change` was made to the bytes of the capture, from the first one of call `number` on.
    private func difference(_ number: UInt16, _ change: (inout [UInt8], Int) -> Void) throws -> String? {
        let (trace, node) = try Self.node.get()
        let path = URL(fileURLWithPath: trace.path).deletingLastPathComponent().appendingPathComponent("calls-ring")
        var bytes = Array(try Data(contentsOf: path))
        let kept = Array("hello\n".utf8)
        // The first stop at a call stands for nothing if rr then patches its instruction.
        let payload = try #require(bytes.indices.last { Array(bytes[$0...].prefix(6)) == kept })
        let start = payload - 16 - 88
        #expect(bytes[start + 6] == UInt8(number))
        change(&bytes, start)
        let other = path.path + "-changed"
        try Data(bytes).write(to: URL(fileURLWithPath: other))
        let changed = try CaptureComparison(CaptureFile(path: other), of: TraceDirectory(path: trace.path))
        return node.comparison.difference(from: changed)
    }

    @Test("what is the same has no difference") func same() throws {
        let found = try difference(1) { _, _ in }
        #expect(found == nil)
    }

    @Test("another byte sent, another argument, a call that is not there are differences")
    func different() throws {
        let sent = try difference(1) { $0[$1 + 88 + 16] ^= 1 }
        let argument = try difference(1) { $0[$1 + 32] ^= 8 }
        let call = try difference(1) { $0[$1 + 6] = 3 }
        #expect(sent?.contains("write") == true && argument != nil && call != nil, "\(sent ?? "-") | \(argument ?? "-") | \(call ?? "-")")
    }
}
