/// What no source file may contain, with the places where one does.
enum HouseRules {
    static let fileLength = 500
    static let functionLength = 70
    static let lineLength = 140

    /// Every breach of the rules that hold for each line of Swift outside tests.
    static func banned(in file: SourceFile) -> [String] {
        file.lines.indices.flatMap { number in
            let (line, code) = (file.lines[number], file.code[number])
            var found: [String] = []
            if code.contains("!") {
                if code.contains(/\btry!/) { found.append("try!") }
                if code.contains(/\bas!/) { found.append("as!") }
                if code.contains(/[\w\)\]"]!(?!=)/) && found.isEmpty { found.append("force unwrap") }
            }
            if code.contains("fatalError(") { found.append("fatalError") }
            if code.contains("@unchecked Sendable") { found.append("@unchecked Sendable") }
            if code.contains("nonisolated(unsafe)") { found.append("nonisolated(unsafe)") }
            if code.contains(/\brow\[/) { found.append("GRDB's subscript, which traps: use value(_:)") }
            if line.contains("TODO") || line.contains("FIXME") { found.append("a note to self") }
            if code.contains("try?") && !isExplained(number, file) { found.append("try? without a comment `// try?: reason`") }
            return found.map { "\(file.path):\(number + 1): \($0)" }
        }
    }

    /// The reason for a `try?` stands on its line or on the line above.
    private static func isExplained(_ number: Int, _ file: SourceFile) -> Bool {
        file.lines[max(0, number - 1)...number].contains { $0.contains("// try?: ") }
    }

    /// Lines that are too long.
    static func longLines(in file: SourceFile) -> [String] {
        file.lines.enumerated().filter { $0.element.count > lineLength }
            .map { "\(file.path):\($0.offset + 1): \($0.element.count) columns" }
    }

    /// Functions that do not fit a screen. Relies on the formatting that the lint enforces: the brace that ends a function is as far
    /// indented as the line that begins it.
    static func longFunctions(in file: SourceFile) -> [String] {
        let declaration = /^ *(?:[a-z@][\w()]* )*(?:func |init[?(<]|subscript[(<]|deinit )/
        return file.code.indices.compactMap { start in
            let line = file.code[start]
            // The expression alone takes seconds in a debug build.
            guard line.contains("(") || line.contains("deinit"), line.contains(declaration) else { return nil }
            let length = self.length(from: start, in: file.code)
            return length > functionLength ? "\(file.path):\(start + 1): \(length) lines" : nil
        }
    }

    private static func length(from start: Int, in code: [String]) -> Int {
        let margin = code[start].prefix { $0 == " " }.count
        for end in code.indices.dropFirst(start + 1) {
            guard !code[end].allSatisfy({ $0 == " " }), code[end].prefix(while: { $0 == " " }).count <= margin else { continue }
            let line = code[end].drop { $0 == " " }
            // The end of a signature that has several lines.
            if line.hasPrefix(")") || line.hasPrefix("where ") || line == "{" { continue }
            return line.hasPrefix("}") ? end - start + 1 : 1
        }
        return 1
    }
}
