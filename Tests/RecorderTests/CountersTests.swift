import Foundation
import RunModel
import TestSupport
import Testing

@testable import Recorder

@Suite struct CountersTests {
    private let environment = [
        "PATH": "/usr/bin", "RIDEALONG_LIBDIR": Executables.directory.path, "LD_PRELOAD": "/lib/users.so", "RIDEALONG_RR": "/bin/true",
    ]

    @Test func autoPrefersTheHardware() throws {
        #expect(try Counters.forRecording(.auto, hardware: .counting).kind == .hardware)
        #expect(try Counters.forRecording(.software, hardware: .counting).kind == .software)
        for other in [HardwareCounters.missing, .standingStill, .denied(errno: 13)] {
            #expect(try Counters.forRecording(.auto, hardware: other).kind == .software)
            #expect(throws: RecorderError.noHardwareCounters(finding: other.finding)) {
                try Counters.forRecording(.hardware, hardware: other)
            }
        }
    }

    @Test func softwareCountersReplayUnderTheTickOfTheRecording() throws {
        var sidecar = Sidecar(node: "n")
        sidecar.counters = Sidecar.Counters(kind: .software, tick: 7, microarchitecture: "Intel Haswell")
        for hardware in [HardwareCounters.counting, .missing] {
            let rr = try RRInvocation.forReplay(of: sidecar, in: environment, hardware: hardware)
            #expect(rr.globalOptions == ["-S", "-A", "Intel Haswell"])
            #expect(rr.environment["RIDEALONG_TICK"] == "7")
            #expect(rr.environment["LD_PRELOAD"] == "\(Executables.directory.path)/libridealong-software-counters.so:/lib/users.so")
        }
    }

    @Test func aTickThatTheLibraryCannotMakeIsRefused() {
        var sidecar = Sidecar(node: "n")
        for tick in [-1, 100, Int.max] {
            sidecar.counters = Sidecar.Counters(kind: .software, tick: tick)
            #expect(throws: RecorderError.unusableTick(node: "n", found: tick, expected: 0...99)) {
                try RRInvocation.forReplay(of: sidecar, in: environment, hardware: .missing)
            }
        }
    }

    @Test func hardwareCountersReplayUnderHardwareCountersOnly() throws {
        var sidecar = Sidecar(node: "n")
        sidecar.counters = Sidecar.Counters(kind: .hardware)
        let rr = try RRInvocation.forReplay(of: sidecar, in: environment, hardware: .counting)
        #expect(rr.globalOptions.isEmpty && rr.environment.isEmpty)
        sidecar.counters?.microarchitecture = "AMD Zen"
        #expect(try RRInvocation.forReplay(of: sidecar, in: environment, hardware: .counting).globalOptions == ["-A", "AMD Zen"])
        let error = RecorderError.hardwareCountersNeeded(node: "n", finding: HardwareCounters.missing.finding)
        #expect(throws: error) { try RRInvocation.forReplay(of: sidecar, in: environment, hardware: .missing) }
    }

    @Test func aTraceWithoutSidecarReplaysAsThisMachineRecords() throws {
        #expect(try RRInvocation.forReplay(of: nil, in: environment, hardware: .counting).environment.isEmpty)
        #expect(
            try RRInvocation.forReplay(of: Sidecar(node: "n"), in: environment, hardware: .missing).environment["RIDEALONG_TICK"] == "50")
    }
}
