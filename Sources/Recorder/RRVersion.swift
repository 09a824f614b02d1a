import SystemPackage

/// A version of rr.
public struct RRVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Its numbers, such as 5, 6, 0.
    public let numbers: [Int]

    /// The oldest and the newest version that Ridealong was tried with.
    public static let tried = RRVersion(5, 6, 0)...RRVersion(5, 9, 0)
    /// How long rr may take to say its version.
    private static let timeLimit = Duration.seconds(5)

    /// The version with these numbers.
    public init(_ numbers: Int...) { self.numbers = numbers }

    /// Reads `rr version 5.6.0`, as `rr --version` prints it; `nil` for anything else.
    public init?(output: String) {
        let words = output.split(separator: "\n").first?.split(separator: " ") ?? []
        guard words.count >= 3, words[0] == "rr", words[1] == "version" else { return nil }
        let numbers = words[2].split(separator: ".").map { Int($0) }
        guard !numbers.isEmpty, !numbers.contains(nil) else { return nil }
        self.numbers = numbers.compactMap { $0 }
    }

    /// Asks the rr at `path`. Takes some milliseconds.
    public static func of(_ path: String) throws(RecorderError) -> RRVersion {
        let capture: BoundedRun
        do throws(Errno) {
            capture = try BoundedRun(path, ["--version"], limit: timeLimit)
        } catch {
            throw .cannotStart(path: path, error: error)
        }
        guard let version = RRVersion(output: capture.text) else { throw .unknownVersion(path: path, output: capture.text) }
        return version
    }

    /// By the first number that differs.
    public static func < (a: RRVersion, b: RRVersion) -> Bool { a.numbers.lexicographicallyPrecedes(b.numbers) }

    /// `5.6.0`.
    public var description: String { numbers.map(String.init).joined(separator: ".") }
}
