package import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Running a program for what it says, within bounds.
package struct BoundedRun {
    /// How it ended; `nil` if it took too long and was killed.
    package let end: Child.End?
    /// The beginning of what it wrote to stdout and stderr.
    package let text: String

    /// Runs `program` with `arguments`; kills it when `limit` has passed.
    package init(_ program: String, _ arguments: [String], environment: [String: String] = [:], limit: Duration) throws(Errno) {
        let deadline = ContinuousClock.now + limit
        try self.init(program, arguments, environment: environment, pollInterval: Child.pollInterval) { _ in
            ContinuousClock.now >= deadline
        }
    }

    /// Runs `program` with `arguments`; asks every `pollInterval` microseconds whether it, by its process id,
    /// `isStuck`, and then kills it.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String], pollInterval: UInt32, isStuck: (Int32) -> Bool
    ) throws(Errno) {
        let run = try BackgroundRun(program, arguments, environment: environment)
        while run.end == nil && !isStuck(run.id) { usleep(pollInterval) }
        end = run.end
        run.stop()
        text = run.text
    }
}
