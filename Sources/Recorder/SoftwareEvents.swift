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
        if let error = trial(PERF_COUNT_SW_DUMMY, excludesKernel: true) {
            throw .eventsForbidden(what: "recording with software counters", error: error, remedy: remedy)
        }
    }

    /// Checks the event by which rr learns that a buffered call blocks; the recorded program opens it, so its rights count.
    static func checkContextSwitches() throws(RecorderError) {
        if let error = trial(PERF_COUNT_SW_CONTEXT_SWITCHES, excludesKernel: false) {
            throw .eventsForbidden(
                what: "recording with the syscall buffer", error: error, remedy: remedy + ", or use --syscall-buffer off")
        }
    }

    /// Opens an event; `nil` if that worked.
    private static func trial(_ event: perf_sw_ids, excludesKernel: Bool) -> Errno? {
        let number = ridealong_open_counter(PERF_TYPE_SOFTWARE.rawValue, UInt64(event.rawValue), excludesKernel ? 1 : 0)
        guard number >= 0 else { return Errno(rawValue: -number) }
        close(number)
        return nil
    }
}
