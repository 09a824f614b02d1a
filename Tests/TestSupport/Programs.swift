public import Foundation

/// Programs that the tests run.
public enum Programs {
    /// The path of an installed program.
    public static func installed(_ name: String) throws -> String {
        let searched = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map(String.init) ?? []
        for directory in ["/usr/bin", "/usr/sbin", "/bin", "/sbin"] + searched {
            let path = "\(directory)/\(name)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw Failure("\(name) is not installed; run `make setup`")
    }

    /// The path of a program of PostgreSQL, of its newest version; Debian has most of them in a directory of their own.
    public static func postgres(_ name: String) throws -> String {
        let versions = "/usr/lib/postgresql"
        let found = FileManager.default.fileExists(atPath: versions) ? try FileManager.default.contentsOfDirectory(atPath: versions) : []
        let paths = found.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(versions)/\($0)/bin/\(name)" }
        if let path = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) { return path }
        return try installed(name)
    }

    /// The path of a file in `Tests/Programs`.
    public static func source(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Programs/\(name)").path
    }

    /// Compiles `Tests/Programs/NAME.c` into `directory`, with debugging information, and returns the executable's path.
    public static func compile(_ name: String, in directory: URL, compiler: String = "cc") throws -> String {
        let flags = ["-g", "-O0", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"]
        return try make(name, in: directory) { [try installed(compiler)] + flags + [$0, source("\(name).c")] }
    }

    /// Builds `Tests/Programs/NAME.go` into `directory`, and returns the executable's path.
    public static func build(_ name: String, in directory: URL, environment: [String: String] = [:]) throws -> String {
        try make(name, in: directory, environment: environment) { [try installed("go"), "build", "-o", $0, source("\(name).go")] }
    }

    private static func make(
        _ name: String, in directory: URL, environment: [String: String] = [:], command: (String) throws -> [String]
    ) throws -> String {
        let executable = directory.appendingPathComponent(name).path
        try Command(command(executable), environment: environment, in: directory).succeed()
        return executable
    }
}
