import Glibc

/// Why a capture file cannot be used. Each text ends with what to do next.
public enum CaptureError: Error, Hashable, Sendable {
    /// The file at `path` cannot be opened or read.
    case unreadable(path: String, errno: Int32)
    /// The file at `path` is no capture file.
    case notACapture(path: String, detail: String)
    /// The file at `path` is of another version.
    case unsupported(path: String, found: UInt32, expected: UInt32)
    /// The file at `path` has `size` bytes, and says itself that it has at least `expected`.
    case cutOff(path: String, size: UInt64, expected: UInt64)
    /// The file at `path`, of a replay that went well, is gone.
    case gone(path: String)
}

extension CaptureError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .unreadable(let path, let errno):
            """
            \(path) cannot be read (\(String(cString: strerror(errno)))): delete the directory .ridealong that it is in, and run \
            `ridealong index` again
            """
        case .notACapture(let path, let detail):
            "\(path) is no capture file (\(detail)): delete it, and run `ridealong index` again"
        case .unsupported(let path, let found, let expected):
            "\(path) is of version \(found), this program reads version \(expected): delete it, and run `ridealong index` again"
        case .cutOff(let path, let size, let expected):
            "\(path) is cut off (\(size) of \(expected) bytes): delete it, and run `ridealong index` again, which replays the node"
        case .gone(let path):
            "\(path), which a replay of the node made, is gone: run `ridealong index` again, which makes it anew"
        }
    }
}
