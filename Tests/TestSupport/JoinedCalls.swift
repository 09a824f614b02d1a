import Capture
import Foundation
import RRTrace
import Testing

extension RecordedRun {
    /// Expects of each node of which there is a capture that all calls of the trace were captured, and no other. Returns how many calls
    /// that were, by node.
    @discardableResult
    package func expectEveryCallJoined() throws -> [String: Int] {
        var joined: [String: Int] = [:]
        let captures = directory.appendingPathComponent(".ridealong/captures")
        guard FileManager.default.fileExists(atPath: captures.path) else { return [:] }
        let names = try FileManager.default.contentsOfDirectory(atPath: captures.path)
        for node in try nodes() where node.complete {
            let path = directory.appendingPathComponent("\(node.node)/trace").path
            guard FileManager.default.fileExists(atPath: path) else { continue }
            let trace = try TraceDirectory(path: path)
            let uuid = (trace.header?.uuid ?? []).map { String(format: "%02x", $0) }.joined()
            guard let name = names.first(where: { $0.hasPrefix("\(uuid)-") && $0.hasSuffix(".calls") }) else { continue }
            let check = try CaptureCheck(CaptureFile(path: captures.appendingPathComponent(name).path), of: trace)
            #expect(check.counts.isExact && check.damage == nil, "\(path): \(check)")
            joined[node.node] = check.counts.buffered + check.counts.traced
        }
        return joined
    }
}
