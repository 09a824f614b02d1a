/// Who imports whom, read from the three places that say so.
enum ImportTable {
    /// Modules that come with the toolchain: anybody may import them, and the table leaves them out.
    static let toolchain: Set<String> = ["Foundation", "Glibc", "Dispatch", "Synchronization"]

    /// From docs/architecture.md: the rows `| `Module` | what it knows | imports |`.
    static func documented(_ text: String) -> [String: Set<String>] {
        let row = /^\| `(\w+)` \| .* \| ([^|]*) \|$/.anchorsMatchLineEndings()
        return table(
            text.matches(of: row).map { match in
                (String(match.1), match.2 == "nothing" ? [] : match.2.matches(of: /`(\w+)`/).map { String($0.1) })
            })
    }

    /// From Package.swift: what each module is given, by the names under which sources import it.
    static func declared(_ text: String, kind: Regex<(Substring, Substring, Substring)>) -> [String: Set<String>] {
        let products = Dictionary(
            text.matches(of: /let (\w+) = Target\.Dependency\.product\(name: "(\w+)"/).map { (String($0.1), String($0.2)) },
            uniquingKeysWith: { first, _ in first })
        return table(
            text.matches(of: kind).map { match in
                (String(match.1), match.2.matches(of: /"?(\w+)"?/).map { products[String($0.1)] ?? String($0.1) })
            })
    }

    /// Modules, as Package.swift declares them: `module("Name", imports: […])`, and the program.
    static func declaredModules(_ text: String) -> [String: Set<String>] {
        declared(text, kind: /\bmodule\(\s*"(\w+)", imports: \[([^\]]*)\]/)
            .merging(declared(text, kind: /executableTarget\(\s*name: "(\w+)",\s*dependencies: \[([^\]]*)\]/)) { first, _ in first }
    }

    /// Tests, as Package.swift declares them: `tests("Name", of: […])`.
    static func declaredTests(_ text: String) -> [String: Set<String>] {
        declared(text, kind: /\btests\(\s*"(\w+)", of: \[([^\]]*)\]/)
    }

    /// What the sources in a directory do import, without the toolchain's own.
    static func used(by files: [SourceFile]) -> Set<String> {
        let statement = /^(?:(?:@testable|public|package|internal|fileprivate|private) )*import (?:\w+ )?(\w+)/
        return Set(files.flatMap(\.code).compactMap { try? statement.firstMatch(in: $0).map { String($0.1) } }).subtracting(toolchain)
    }

    private static func table(_ rows: [(String, [String])]) -> [String: Set<String>] {
        Dictionary(rows.map { ($0.0, Set($0.1)) }, uniquingKeysWith: { first, _ in first })
    }
}
