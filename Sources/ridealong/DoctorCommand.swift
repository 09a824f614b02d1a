import ArgumentParser
import Foundation
import Recorder
import RunStore

/// `ridealong doctor`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what this machine can record and replay, and what to do about what it cannot.",
        discussion: """
            Looks at rr, the CPU's counters, the kernel's settings, gdb and the disk, then records and replays /bin/true to prove the \
            answer. Exits with 0 if that works without syscall buffer, which is how `ridealong record` records by default.
            """)

    @OptionGroup var options: RunOptions

    func run() throws {
        let doctor = Doctor(run: options.directory.path, environment: ProcessInfo.processInfo.environment)
        if options.json { Self.print { $0.listing("doctor") } }
        var failure: (any Error)?
        let works = doctor.examine { check in
            do {
                try Self.print { out in
                    if options.json { return try out.object(check) }
                    for line in Self.lines(check) { out.line(line) }
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        if !works { throw ExitCode.failure }
    }

    /// Prints at once: the last checks take their time.
    private static func print(_ body: (inout Output) throws -> Void) rethrows {
        var out = Output()
        try body(&out)
    }

    /// Two columns and the finding; the remedy stands on a line of its own.
    private static func lines(_ check: Doctor.Check) -> [String] {
        let columns = (check.ok ? "ok" : "problem").padded(to: 9) + check.check.padded(to: 19)
        return [columns + check.finding] + (check.remedy.map { ["".padded(to: 28) + "-> " + $0] } ?? [])
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { padding(toLength: max(width, count), withPad: " ", startingAt: 0) }
}
