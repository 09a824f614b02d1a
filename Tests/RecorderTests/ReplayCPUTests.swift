import Foundation
import Recorder
import RunModel
import TestSupport
import Testing

/// Replaying on another CPU than that of the recording.
@Suite("CPU of a replay", .serialized)
struct ReplayCPUTests {
    @Test("the library is loaded where CPUID faults, and only there")
    func loaded() throws {
        let environment = ["RIDEALONG_LIBDIR": Executables.directory.path]
        let rr = RRInvocation(executable: "/rr", environment: ["LD_PRELOAD": "/other.so"])
        #expect(try rr.withReplayCPU(in: environment, cpuidFaults: false) == rr)
        let changed = try rr.withReplayCPU(in: environment, cpuidFaults: true)
        #expect(changed.environment["LD_PRELOAD"]?.hasSuffix("/libridealong-replay-cpu.so:/other.so") == true)
    }

    /// How replays of `trace` on each of two CPUs end.
    private func replay(_ trace: RecordedTrace, anyway: Bool) throws -> [Int32] {
        try (0...1).map { number in
            let environment = ProcessInfo.processInfo.environment
            let rr = try RRInvocation.forReplay(of: nil, in: environment).withReplayCPU(in: environment, cpuidFaults: true)
            var variables = rr.environment
            variables[RRInvocation.replayCPUVariable] = "\(number)"
            if anyway { variables["RIDEALONG_REPLAY_CPU_ANYWAY"] = "1" }
            let words = rr.arguments(["replay", "-q", "-a", trace.path])
            return try withTemporaryDirectory { try Command([rr.executable] + words, environment: variables, in: $0).finish().status }
        }
    }

    @Test(
        "without CPUID faulting a program that asks for its CPU does not replay on another one, so it is not moved",
        .enabled(if: !CPUFeatures.cpuidFaults && ProcessInfo.processInfo.activeProcessorCount == 2))
    func whatHappensElsewhere() throws {
        try withTemporaryDirectory { directory in
            let asking = try RecordedTrace.make("cpuid", syscallBuffer: false, [Programs.compile("cpuid", in: directory)])
            let other = try RecordedTrace.make("no-cpuid", syscallBuffer: false, ["/bin/true"])
            #expect(try replay(asking, anyway: false) == [0, 0])
            #expect(try replay(asking, anyway: true).count { $0 == 0 } == 1)
            #expect(try replay(other, anyway: true) == [0, 0])
        }
    }
}
