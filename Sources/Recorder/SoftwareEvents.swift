import CLinux
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// The software events that rr needs even where no hardware counts; the kernel may forbid them (`kernel.perf_event_paranoid`).
enum SoftwareEvents {
    /// What puts both right.
    private static let remedy = "run `sudo sysctl kernel.perf_event_paranoid=1`, or in a container allow perf_event_open"

    /// Checks the event that stands for a counter under software counters.
    static func checkDummy() throws(RecorderError) {
        if let error = error(ridealong_open_dummy_event()) {
            throw .eventsForbidden(what: "recording with software counters", error: error, remedy: remedy)
        }
    }

    /// Checks the event by which rr learns that a buffered call blocks; the recorded program opens it, so its rights count.
    static func checkContextSwitches() throws(RecorderError) {
        if let error = error(ridealong_open_context_switch_event()) {
            throw .eventsForbidden(
                what: "recording with the syscall buffer", error: error, remedy: remedy + ", or say --syscall-buffer off")
        }
    }

    /// Closes what a call has opened; what was in its way, if it has not.
    private static func error(_ number: Int32) -> Errno? {
        guard number >= 0 else { return Errno(rawValue: -number) }
        close(number)
        return nil
    }
}
