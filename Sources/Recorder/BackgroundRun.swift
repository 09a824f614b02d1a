import CLinux
package import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A program that runs while something else is done with it. It ends with this value, and with the thread that started it.
package final class BackgroundRun {
    private let child: Child
    private let output: Int32
    private var ended: Child.End?

    /// How much of what it says is kept, in bytes.
    private static let textLimit = 1 << 16

    /// Starts `program` with `arguments`; out of reach of our terminal's keys if it `isApart`.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], isApart: Bool = false
    ) throws(Errno) {
        // A file in memory rather than a pipe: it never fills up, and is still there when all who wrote to it are dead.
        output = ridealong_memory_file()
        guard output >= 0 else { throw Errno(rawValue: -output) }
        let file = FileDescriptor(rawValue: output)
        // All signals must get through: Swift's own threads, on one of which we may be, block nearly all.
        child = try Child(
            program, arguments.map(CStrings.bytes), environment: environment,
            in: Child.Surroundings(
                output: file, errors: file, isSessionLeader: isApart, mask: SignalSet.of([]), deathSignal: SIGKILL))
    }

    deinit {
        stop()
        close(output)
    }

    /// Its process id.
    package var id: Int32 { child.id }

    /// How it ended, if it did.
    package var end: Child.End? {
        if ended == nil { ended = child.end(waiting: false) }
        return ended
    }

    /// The beginning of what it wrote to stdout and stderr so far.
    package var text: String {
        var bytes = [UInt8](repeating: 0, count: Self.textLimit)
        let count = pread(output, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// Kills it, if it runs, and waits for its end. (rr whose client has gone does not end by SIGTERM.)
    package func stop() {
        guard end == nil else { return }
        child.send(SIGKILL)
        ended = child.end(waiting: true)
    }
}
