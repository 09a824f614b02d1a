import Foundation

/// A trace directory in memory (`/dev/shm`) whose files are the inputs.
public struct TraceOnDisk: Sendable {
    /// The directory.
    public let path: String

    /// A directory for this process, removed at its end.
    public static let shared: TraceOnDisk = {
        let path = "/dev/shm/ridealong-fuzz-\(getpid())"
        mkdir(path, 0o700)
        atexit { _ = try? FileManager.default.removeItem(atPath: TraceOnDisk.shared.path) }
        return TraceOnDisk(path: path)
    }()

    /// Replaces the file `name`.
    public func write(_ name: String, _ bytes: [UInt8]) {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }
}

/// The fuzzer's input as an array.
public func input(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    Array(UnsafeBufferPointer(start: start, count: count))
}
