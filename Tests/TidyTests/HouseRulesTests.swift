import Testing

@Suite("House rules")
struct HouseRulesTests {
    @Test("no source does what the house rules forbid")
    func nothingForbidden() throws {
        let found = try SourceTree.sources(in: "Sources").flatMap(HouseRules.banned)
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test("no file is longer than 500 lines, no line longer than 140 columns")
    func filesAndLinesAreShort() throws {
        let files = try ["Sources", "Tests"].flatMap { try SourceTree.sources(in: $0) } + SourceTree.sources(in: "Preload", ["c", "h"])
        let long = files.filter { $0.lines.count > HouseRules.fileLength }.map { "\($0.path): \($0.lines.count) lines" }
        #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
        let found = files.flatMap(HouseRules.longLines)
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test("no function is longer than 70 lines")
    func functionsAreShort() throws {
        let found = try ["Sources", "Tests"].flatMap { try SourceTree.sources(in: $0) }.flatMap(HouseRules.longFunctions)
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test(
        "every forbidden thing is found",
        arguments: [
            "let a = try! b()", "let a = b!", "let a = b()!.c", "a[1]![2]", "let a = b as! C", "fatalError(\"\")",
            "struct A: @unchecked Sendable {}", "nonisolated(unsafe) var a = 1", "// TODO: later", "let a = try? b()",
            "let a: Int = row[\"a\"]",
        ])
    func findsForbidden(_ line: String) {
        #expect(HouseRules.banned(in: SourceFile(path: "a", text: line)).count == 1)
    }

    @Test(
        "what only looks like it is let pass",
        arguments: [
            "// nobody calls fatalError( here", "let a = \"try! \\\" as! b!\"", "if a != b && !c {}", "func fatalErrors() {}",
            "// try?: a file that is not there is no error\nlet a = try? b()", "let a = try? b()  // try?: as above",
            "let a = \"\"\"\n    try! b!\n    \"\"\"",
        ])
    func passesHarmless(_ text: String) {
        #expect(HouseRules.banned(in: SourceFile(path: "a", text: text)).isEmpty)
    }

    @Test("a function's length is counted from its first line to its last brace")
    func countsFunctions() {
        let body = { (lines: Int) in String(repeating: "        a()\n", count: lines) }
        func found(_ text: String) -> [String] { HouseRules.longFunctions(in: SourceFile(path: "a", text: text)) }
        #expect(found("    public func f() {\n\(body(68))    }\n").isEmpty)
        #expect(found("    public func f() {\n\(body(69))    }\n") == ["a:1: 71 lines"])
        #expect(found("    func f(\n        a: Int\n    ) throws -> Int {\n\(body(67))    }\n") == ["a:1: 71 lines"])
        #expect(found("    private init?(_ a: Int) {\n\(body(80))    }\n") == ["a:1: 82 lines"])
        // Requirements of a protocol have no body.
        #expect(found("    func f()\n    func g()\n\(body(80))").isEmpty)
    }
}
