public import Foundation

/// Programs that the tests run.
public enum Programs {
    /// The path of an installed program.
    public static func installed(_ name: String) throws -> String {
        for directory in ["/usr/bin", "/usr/sbin", "/bin", "/sbin"] {
            let path = "\(directory)/\(name)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw Failure("\(name) is not installed; run `make setup`")
    }

    /// The path of a file in `Tests/Programs`.
    public static func source(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Programs/\(name)").path
    }

    /// Compiles `Tests/Programs/NAME.c` into `directory`, with debugging information, and returns the executable's path.
    public static func compile(_ name: String, in directory: URL) throws -> String {
        let executable = directory.appendingPathComponent(name).path
        try Command(
            [try installed("cc"), "-g", "-O0", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", executable, source("\(name).c")],
            in: directory
        ).succeed()
        return executable
    }
}
