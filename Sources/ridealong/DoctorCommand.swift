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
        try CheckText.print("doctor", json: options.json) { doctor.examine(report: $0) }
    }
}
