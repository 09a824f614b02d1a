import RunModel
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Names of nodes: directories of a run, made so that any number of hosts may make them on one file system at once.
enum NodeName {
    /// The longest name that a user may give.
    static let longest = 128
    /// The longest name made of a program's name, without the number.
    private static let longestProgram = 64
    /// How many numbers are tried before giving up.
    private static let attempts = 100_000

    /// Whether `name` can be a node's: letters, digits, `_`, `.` and `-`, not beginning with a dot or dash.
    static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= longest else { return false }
        return first != UInt8(ascii: ".") && first != UInt8(ascii: "-") && name.utf8.allSatisfy(isAllowed)
    }

    /// What a node that runs `program` (a path) is called, before its number.
    static func base(of program: String) -> String {
        let name = program.utf8.split(separator: UInt8(ascii: "/")).last.map { Array($0.prefix(longestProgram)) } ?? []
        let cleaned = String(decoding: name.map { isAllowed($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
        return isValid(cleaned) ? cleaned : "_" + cleaned.drop { $0 == "." || $0 == "-" }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// Makes the directory of a node of `run` and returns the node's name: `asked` (or the program's name), with the launcher's rank if
    /// there is one; else `asked` as it is, or the program's name and the first free number.
    static func claim(in run: String, asked: String?, program: String, launcher: Sidecar.Launcher?) throws(RecorderError) -> String {
        if let asked, !isValid(asked) { throw .invalidNodeName(asked) }
        try makeDirectories(run)
        let base = asked ?? base(of: program)
        if launcher != nil { return try claim(ranked(base, launcher), in: run) }
        if asked != nil { return try claim(base, in: run) }
        let first = firstLikelyNumber(base, in: run)
        for number in first...(first + attempts) where try isMade("\(base)-\(number)", in: run) { return "\(base)-\(number)" }
        throw .nodeExists(name: base, run: run)
    }

    /// `name` with the launcher's rank, if there is one.
    static func ranked(_ name: String, _ launcher: Sidecar.Launcher?) -> String { launcher.map { "\(name)-\($0.rank)" } ?? name }

    private static func claim(_ name: String, in run: String) throws(RecorderError) -> String {
        guard try isMade(name, in: run) else { throw .nodeExists(name: name, run: run) }
        return name
    }

    /// Makes the directory `name` of `run`; false if it is there already. `mkdir` is atomic, on network file systems too.
    private static func isMade(_ name: String, in run: String) throws(RecorderError) -> Bool {
        let path = run + "/" + name
        if mkdir(path, 0o777) == 0 { return true }
        guard errno == EEXIST else { throw .cannotWrite(path: path, error: Errno(rawValue: errno)) }
        return false
    }

    /// One more than the largest number in use, so that thousands of nodes need not try all the numbers before theirs.
    private static func firstLikelyNumber(_ base: String, in run: String) -> Int {
        let used = Proc.entries(run).compactMap { $0.hasPrefix(base + "-") ? Int($0.dropFirst(base.count + 1)) : nil }
        return 1 + min(max(used.max() ?? 0, 0), Int(Int32.max))
    }

    /// Makes the directory `path` and those that it lies in, where they are not there.
    static func makeDirectories(_ path: String) throws(RecorderError) {
        var made = FilePath(path).isAbsolute ? FilePath("/") : FilePath(".")
        for component in FilePath(path).components {
            made.append(component)
            if mkdir(made.string, 0o777) != 0 && errno != EEXIST { throw .cannotWrite(path: made.string, error: Errno(rawValue: errno)) }
        }
    }
}
