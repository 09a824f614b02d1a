import Foundation

/// The files of this repository, as the tidy tests see them.
enum SourceTree {
    /// The repository's root.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The text of a file, by its path from the root.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The paths of all files below `directory` with one of these extensions, sorted.
    static func files(in directory: String, _ extensions: [String] = ["swift"]) throws -> [String] {
        guard let found = FileManager.default.enumerator(atPath: root.appendingPathComponent(directory).path) else {
            throw CocoaError(.fileReadNoSuchFile, userInfo: [NSFilePathErrorKey: directory])
        }
        return found.compactMap { $0 as? String }.filter { path in extensions.contains { path.hasSuffix("." + $0) } }
            .map { directory + "/" + $0 }.sorted()
    }

    /// The files below `directory`, each with its lines.
    static func sources(in directory: String, _ extensions: [String] = ["swift"]) throws -> [SourceFile] {
        try files(in: directory, extensions).map { SourceFile(path: $0, text: try text($0)) }
    }

    /// The paths of all files that git tracks.
    static func tracked() throws -> [String] {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "-C", root.path, "ls-files", "-z"]
        let output = Pipe()
        git.standardOutput = output
        try git.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        git.waitUntilExit()
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A source file, line by line.
struct SourceFile {
    /// From the repository's root.
    let path: String
    /// As they are written.
    let lines: [String]
    /// The same lines with comments and the insides of string literals taken out.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        code = Self.stripped(lines)
    }

    /// Knows `//` comments (the lint allows no others), `"…"` and `"""…"""`. What is interpolated into a string counts as the string's.
    private static func stripped(_ lines: [String]) -> [String] {
        let (quote, backslash, slash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"))
        var inText = false
        return lines.map { line in
            let bytes = Array(line.utf8)
            guard inText || bytes.contains(quote) || bytes.contains(slash) else { return line }
            var code: [UInt8] = []
            var inString = false
            var next = 0
            while next < bytes.count {
                let byte = bytes[next]
                if bytes[next...].starts(with: [quote, quote, quote]) {
                    inText.toggle()
                    next += 3
                } else if inText || inString {
                    next += inString && byte == backslash ? 2 : 1
                    if inString && byte == quote { inString = false }
                } else {
                    if bytes[next...].starts(with: [slash, slash]) { break }
                    if byte == quote { inString = true }
                    code.append(byte)
                    next += 1
                }
            }
            return String(decoding: code, as: UTF8.self)
        }
    }
}
