import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Finding the files that Ridealong needs: rr itself, and the libraries that are preloaded into it.
public enum Lookup {
    /// The variable that names rr, in place of the search on PATH.
    public static let rrVariable = "RIDEALONG_RR"
    /// The variable that names the directory of the preload libraries.
    public static let libraryVariable = "RIDEALONG_LIBDIR"

    /// The absolute path of rr: `RIDEALONG_RR`, else the first on PATH.
    public static func rr(in environment: [String: String]) throws(RecorderError) -> String {
        if let named = environment[rrVariable], !named.isEmpty {
            guard let found = program(named, in: environment) else { throw .noRR(looked: named) }
            return found
        }
        guard let found = program("rr", in: environment) else { throw .noRR(looked: "PATH (\(environment["PATH"] ?? "unset"))") }
        return found
    }

    /// The absolute path of program `name`: as it stands if it has a slash, else the first executable file of that name on PATH.
    public static func program(_ name: String, in environment: [String: String]) -> String? {
        if name.contains("/") { return isProgram(name) ? absolute(name) : nil }
        // An empty PATH element means the current directory.
        let directories = (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":", omittingEmptySubsequences: false)
        return directories.lazy.map { ($0.isEmpty ? "." : String($0)) + "/" + name }.first(where: isProgram).map(absolute)
    }

    /// The path of `libridealong-NAME.so`: in `RIDEALONG_LIBDIR` if that is set, else beside this program, else in `../lib/ridealong`.
    public static func library(
        _ name: String, in environment: [String: String], beside executable: String? = ownPath()
    ) throws(RecorderError) -> String {
        let file = "libridealong-\(name).so"
        let candidates = libraryDirectories(in: environment, beside: executable).map { $0 + "/" + file }
        guard let found = candidates.first(where: { access($0, R_OK) == 0 }) else { throw .noLibrary(name: file, looked: candidates) }
        let path = absolute(found)
        guard !path.contains(where: { $0 == ":" || $0.isWhitespace }) else { throw .unusableLibraryPath(path) }
        return path
    }

    /// Where libraries are looked for, in this order.
    static func libraryDirectories(in environment: [String: String], beside executable: String?) -> [String] {
        if let named = environment[libraryVariable], !named.isEmpty { return [named] }
        guard let executable else { return [] }
        let directory = FilePath(executable).removingLastComponent()
        return [directory.string, directory.removingLastComponent().appending("lib/ridealong").string]
    }

    /// The path of the running program.
    public static func ownPath() -> String? { resolved("/proc/self/exe") }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    private static func absolute(_ path: String) -> String { resolved(path) ?? path }

    /// `path` without symbolic links and relative parts; `nil` if nothing is there.
    static func resolved(_ path: String) -> String? {
        guard let buffer = realpath(path, nil) else { return nil }
        defer { free(buffer) }
        return String(cString: buffer)
    }
}
