public import Foundation

/// The programs of this package, as `swift test` built them.
public enum Executables {
    /// The directory that `swift build` puts executables into: the one of the running test program.
    public static var directory: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }

    /// The `ridealong` program.
    public static var ridealong: URL { directory.appendingPathComponent("ridealong") }
}
