public import RunModel

/// Choosing the counters that rr runs with, and calling rr so that it uses them.
public enum Counters {
    /// What the user asks for.
    public enum Choice: String, Hashable, Sendable, CaseIterable {
        /// Hardware counters where there are any, else software counters.
        case auto
        /// Hardware counters or nothing.
        case hardware
        /// Ridealong's library, even where the hardware could count.
        case software
    }

    /// How far software counters move at each traced system call, unless the environment says otherwise.
    public static let defaultTick = 50
    /// The ticks that work: rr takes a count that is off by its skid size (100) for being late, not wrong.
    public static let usableTicks = 0...99
    /// The variable that tells the preloaded library its tick.
    public static let tickVariable = "RIDEALONG_TICK"
    /// The variable that tells the preloaded library how long a task's turn may last, in milliseconds.
    public static let sliceVariable = "RIDEALONG_SLICE_MS"
    /// What rr is told the CPU is under software counters: one whose skid size and start-up checks the library was made for.
    /// Without it rr goes by the real CPU, which it may not know, or may treat specially (AMD Zen).
    public static let pretendedMicroarchitecture = "Intel Skylake"
    /// The name of the preloaded library.
    public static let libraryName = "software-counters"

    /// The counters that a recording on a machine with `hardware` uses when the user asks for `choice`.
    public static func forRecording(_ choice: Choice, hardware: HardwareCounters) throws(RecorderError) -> Sidecar.Counters {
        switch (choice, hardware) {
        case (.hardware, .counting), (.auto, .counting): Sidecar.Counters(kind: .hardware)
        case (.hardware, _): throw .noHardwareCounters(finding: hardware.finding)
        case (.software, _), (.auto, _):
            Sidecar.Counters(kind: .software, tick: defaultTick, microarchitecture: pretendedMicroarchitecture)
        }
    }
}

extension RRInvocation {
    /// rr with `counters`, as found in `environment`.
    public static func with(_ counters: Sidecar.Counters, in environment: [String: String]) throws(RecorderError) -> RRInvocation {
        let rr = try Lookup.rr(in: environment)
        guard counters.kind == .software else {
            return RRInvocation(executable: rr, globalOptions: counters.microarchitecture.map { ["-A", $0] } ?? [])
        }
        let library = try Lookup.library(Counters.libraryName, in: environment)
        // The user's own preloads are meant for the program; the library takes itself off the list and leaves them.
        let preloads = [library] + [environment["LD_PRELOAD"]].compactMap { $0 }.filter { !$0.isEmpty }
        return RRInvocation(
            executable: rr,
            // -S: rr would warn about the CPU that it only thinks it runs on.
            globalOptions: ["-S", "-A", counters.microarchitecture ?? Counters.pretendedMicroarchitecture],
            environment: [
                "LD_PRELOAD": preloads.joined(separator: ":"),
                Counters.tickVariable: String(counters.tick ?? Counters.defaultTick),
            ])
    }

    /// rr so that the trace of `sidecar`'s node replays on this machine, or an error that says why it cannot.
    ///
    /// A trace without a sidecar is taken to have been recorded on a machine like this one.
    public static func forReplay(
        of sidecar: Sidecar?, in environment: [String: String], hardware: HardwareCounters = .probe()
    ) throws(RecorderError) -> RRInvocation {
        guard let sidecar, let counters = sidecar.counters else {
            return try with(try Counters.forRecording(.auto, hardware: hardware), in: environment)
        }
        switch counters.kind {
        case .hardware:
            guard hardware == .counting else { throw .hardwareCountersNeeded(node: sidecar.node, finding: hardware.finding) }
        case .software:
            let tick = counters.tick ?? Counters.defaultTick
            guard Counters.usableTicks.contains(tick) else {
                throw .unusableTick(node: sidecar.node, found: tick, expected: Counters.usableTicks)
            }
        }
        return try with(counters, in: environment)
    }

    /// The name of the library that writes down the calls of a replay.
    public static let captureLibrary = "capture-agent"

    /// The same, with the capture agent in it, which is switched on by variables of its own. `environment` is the inherited one.
    public func withCaptureAgent(in environment: [String: String]) throws(RecorderError) -> RRInvocation {
        let agent = try Lookup.library(Self.captureLibrary, in: environment)
        // Before software counters: it sees the stops first, and hides its own from them.
        return adding(agent, to: environment)
    }

    /// The name of the library that has rr replay on another CPU than that of the recording.
    public static let replayCPULibrary = "replay-cpu"
    /// The variable that tells it which.
    public static let replayCPUVariable = "RIDEALONG_REPLAY_CPU"

    /// The same, so that replays that run side by side each have a CPU, where that is right: where the CPU makes the CPUID instruction
    /// fault. Elsewhere it tells programs which CPU they are on, and a replay on another one is none.
    public func withReplayCPU(
        in environment: [String: String], cpuidFaults: Bool = CPUFeatures.cpuidFaults
    ) throws(RecorderError) -> RRInvocation {
        guard cpuidFaults else { return self }
        return adding(try Lookup.library(Self.replayCPULibrary, in: environment), to: environment)
    }

    /// The same, with a library in front of those that are preloaded already.
    private func adding(_ library: String, to environment: [String: String]) -> RRInvocation {
        var changed = self
        let others = self.environment["LD_PRELOAD"] ?? environment["LD_PRELOAD"] ?? ""
        changed.environment["LD_PRELOAD"] = others.isEmpty ? library : library + ":" + others
        return changed
    }
}
