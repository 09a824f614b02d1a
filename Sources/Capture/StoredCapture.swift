import Glibc

/// The capture that a node was read with, as far as it is still there.
///
/// This is the one way to open it: a file that is gone is a state of its own, a file that is broken an error.
public enum StoredCapture: Sendable {
    /// The node was read without one.
    case none
    /// It is gone: somebody deleted it, perhaps to save space.
    case gone(path: String)
    /// It is whole, as far as its header and its size tell.
    case file(CaptureFile)

    /// What is at `path`; `nil`: there never was one.
    ///
    /// - Throws: `CaptureError` if the file is there and broken.
    public init(path: String?) throws(CaptureError) {
        guard let path else {
            self = .none
            return
        }
        do throws(CaptureError) {
            let file = try CaptureFile(path: path)
            guard file.state == .ended else { throw .notACapture(path: path, detail: "its replay did not come to an end") }
            self = .file(file)
        } catch .unreadable(_, ENOENT) {
            self = .gone(path: path)
        }
    }

    /// The file, for those who cannot do without it if there ever was one.
    ///
    /// - Throws: `CaptureError` if it is gone.
    public func required() throws(CaptureError) -> CaptureFile? {
        switch self {
        case .none: return nil
        case .gone(let path): throw .gone(path: path)
        case .file(let file): return file
        }
    }
}
