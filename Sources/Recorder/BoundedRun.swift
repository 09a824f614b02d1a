import CLinux
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

    /// How much text is kept, in bytes.
    private static let textLimit = 1 << 16

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
        // A file in memory rather than a pipe: it never fills up, and is still there when all who wrote to it are dead.
        let file = ridealong_memory_file()
        guard file >= 0 else { throw Errno(rawValue: -file) }
        defer { close(file) }
        let output = FileDescriptor(rawValue: file)
        // All signals must get through: Swift's own threads, on one of which we may be, block nearly all.
        let child = try Child(
            program, arguments.map(CStrings.bytes), environment: environment,
            in: Child.Surroundings(output: output, errors: output, mask: SignalSet.of([]), deathSignal: SIGKILL))
        var end = child.end(waiting: false)
        while end == nil && !isStuck(child.id) {
            usleep(pollInterval)
            end = child.end(waiting: false)
        }
        self.end = end
        if end == nil {
            child.send(SIGKILL)
            _ = child.end(waiting: true)
        }
        var bytes = [UInt8](repeating: 0, count: Self.textLimit)
        let count = pread(file, &bytes, bytes.count, 0)
        text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
