import Foundation
import TestSupport
import Testing

/// `ridealong selftest`, as users run it.
@Suite("Self-test")
struct SelftestTests {
    private struct Check: Decodable {
        let check: String
        let ok: Bool
        let finding: String
    }

    private func selftest(environment: [String: String] = [:]) throws -> (status: Int32, checks: [Check], errors: String) {
        try withTemporaryDirectory { directory in
            let variables = ["TMPDIR": directory.path].merging(environment) { $1 }
            let finished = try Command([Executables.ridealong.path, "selftest", "--json"], environment: variables, in: directory)
                .finish(within: 300)
            let lines = finished.output.split(separator: "\n")
            #expect(lines.first == #"{"ridealong":1,"listing":"selftest"}"# || finished.status != 0)
            let left = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasPrefix("ridealong-selftest") }
            #expect(left.isEmpty || !environment.isEmpty)
            return (
                finished.status, try lines.dropFirst().map { try JSONDecoder().decode(Check.self, from: Data($0.utf8)) }, finished.errors
            )
        }
    }

    @Test("on this machine all ways of all programs agree")
    func good() throws {
        let (status, checks, errors) = try selftest()
        #expect(status == 0, "\(checks.filter { !$0.ok }) \(errors)")
        #expect(checks.prefix(4).map(\.check) == ["machine", "rr", "counters", "perf-events"])
        let steps = ["record", "replay", "ring", "int3", "remote"]
        let modes = ["buffered", "plain"]
        let names = ["sends", "shell", "true"].flatMap { name in modes.flatMap { mode in steps.map { "\(name)-\(mode)-\($0)" } } }
        #expect(checks.dropFirst(4).map(\.check) == names && !checks.contains { !$0.ok })
        #expect(checks.contains { $0.check == "sends-buffered-ring" && $0.finding.contains(" calls, ring, ") })
    }

    @Test("an agent that captures nothing is a problem, and the exit code 1")
    func withoutAgent() throws {
        // The libraries of another place, where the agent is one that does nothing.
        try withTemporaryDirectory { libraries in
            let counters = "libridealong-software-counters.so"
            for name in [counters, "libridealong-capture-agent.so"] {
                try FileManager.default.copyItem(
                    at: Executables.directory.appendingPathComponent(counters), to: libraries.appendingPathComponent(name))
            }
            let (status, checks, _) = try selftest(environment: ["RIDEALONG_LIBDIR": libraries.path])
            #expect(status == 1)
            let ring = checks.filter { !$0.ok && $0.check.hasSuffix("-ring") }
            #expect(ring.count == 6)
            let remote = checks.filter { $0.check.hasSuffix("-remote") }
            #expect(remote.count == 6 && remote.filter { !$0.ok }.isEmpty)
        }
    }
}
