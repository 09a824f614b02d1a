import Foundation
import Testing

@Suite("Repository")
struct RepositoryTests {
    /// Bytes.
    private static let largestFile = 200_000

    @Test("git holds no file larger than 200 KB")
    func noBlobs() throws {
        let tracked = try SourceTree.tracked()
        #expect(tracked.contains("Package.swift"))
        for path in tracked {
            // Removed, and not committed yet: nothing to measure.
            let size = try? SourceTree.root.appendingPathComponent(path).resourceValues(forKeys: [.fileSizeKey]).fileSize
            #expect(size ?? 0 <= Self.largestFile, "\(path)")
        }
    }

    @Test("git ignores what building makes, and holds none of it")
    func ignoresWhatIsBuilt() throws {
        let ignored = try SourceTree.text(".gitignore").split(separator: "\n")
        #expect(ignored.contains(".build*/") && ignored.contains("Package.resolved"))
        let built = try SourceTree.tracked().filter { $0.hasPrefix(".build") || $0 == "Package.resolved" || $0.hasSuffix(".so") }
        #expect(built.isEmpty)
    }

    @Test("the lint keeps the rules that the tidy tests leave to it")
    func lintIsStrict() throws {
        let settings = try JSONSerialization.jsonObject(with: Data(try SourceTree.text(".swift-format").utf8)) as? [String: Any]
        let rules = try #require(settings?["rules"] as? [String: Bool])
        for rule in ["NeverForceUnwrap", "NeverUseForceTry", "AllPublicDeclarationsHaveDocumentation", "NoBlockComments"] {
            #expect(rules[rule] == true, "\(rule)")
        }
    }

    @Test("every sub-command is a file of its own, named for it, and the program knows it")
    func commandPerFile() throws {
        let sources = try SourceTree.sources(in: "Sources/ridealong")
        let declared = sources.flatMap { file in
            file.code.flatMap { $0.matches(of: /struct (\w+): (?:Async)?ParsableCommand/) }.map { (file.path, String($0.1)) }
        }
        let program = try SourceTree.text("Sources/ridealong/Ridealong.swift")
        for (path, command) in declared where command != "Ridealong" {
            #expect(path == "Sources/ridealong/\(command).swift")
            #expect(command.hasSuffix("Command"))
            let all = program + sources.flatMap(\.lines).joined(separator: "\n")
            #expect(all.contains("\(command).self"), "\(command) is a sub-command of nothing")
        }
        #expect(declared.count > 5)
    }
}
