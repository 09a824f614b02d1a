internal import Glibc

/// A file of a trace, open for reading. It is read with `pread`, not mapped: a mapping of a file that shrinks would kill us.
struct TraceFile: ~Copyable, Sendable {
    /// How much of a file `contents` reads first.
    private static let firstPiece = 4096

    private let descriptor: Int32

    /// Opens the file at `path`.
    init(path: String) throws(TraceError) {
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, errno: errno) }
    }

    /// Whether there is something at `path`.
    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Whether we are not allowed to know what is at `path`.
    static func isForbidden(_ path: String) -> Bool { unsafe access(path, F_OK) != 0 && errno == EACCES }

    deinit { close(descriptor) }

    /// Reads up to `count` bytes at `offset` of the file into `buffer`, which must have room for them at `start`.
    /// Fewer only at the end of the file. `nil`: the system refused; `errno` says why.
    func read(_ count: Int, at offset: UInt64, into buffer: inout [UInt8], start: Int = 0) -> Int? {
        guard let offset = Int(exactly: offset), start >= 0, count >= 0, count <= buffer.count &- start else { return 0 }
        var done = 0
        while done < count {
            let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe pread(descriptor, bytes.baseAddress.map { unsafe $0 + start + done }, count - done, offset &+ done)
            }
            if got < 0, errno == EINTR { continue }
            if got < 0 { return nil }
            if got == 0 { break }
            done += got
        }
        return done
    }

    /// The whole file, if it is not longer than `limit`; `nil` if it is, or cannot be read.
    func contents(limit: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var count = 0
        while count == bytes.count {
            guard count <= limit else { return nil }
            bytes += repeatElement(0, count: min(max(count, Self.firstPiece), limit + 1 - count))
            guard let got = read(bytes.count - count, at: UInt64(count), into: &bytes, start: count) else { return nil }
            count += got
        }
        return Array(bytes.prefix(count))
    }

    /// Whether another process holds an exclusive lock on the file, as rr does on the file `incomplete` while it records.
    func isLockedByOther() -> Bool {
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else {
            _ = flock(descriptor, LOCK_UN)
            return false
        }
        return errno == EWOULDBLOCK
    }
}

/// What the system says about the error number `errno`.
func systemMessage(_ errno: Int32) -> String {
    unsafe String(cString: strerror(errno))
}
