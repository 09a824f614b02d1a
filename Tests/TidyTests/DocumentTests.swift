import Foundation
import Testing

@Suite("Documents")
struct DocumentTests {
    /// README, CONTRIBUTING and everything in docs.
    private static func documents() throws -> [String] { try ["README.md", "CONTRIBUTING.md"] + SourceTree.files(in: "docs", ["md"]) }

    @Test("every link to a file of the repository leads to one, and to a heading that is there")
    func links() throws {
        for document in try Self.documents() {
            let directory = SourceTree.root.appendingPathComponent(document).deletingLastPathComponent()
            for link in try SourceTree.text(document).matches(of: /\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/) {
                let target =
                    link.1.isEmpty ? SourceTree.root.appendingPathComponent(document) : directory.appendingPathComponent(String(link.1))
                #expect(FileManager.default.fileExists(atPath: target.path), "\(document): \(link.0)")
                guard let anchor = link.2, let text = try? String(contentsOf: target, encoding: .utf8) else { continue }
                let anchors = text.matches(of: /#+ (.*)/.anchorsMatchLineEndings()).map { Self.anchor(String($0.1)) }
                #expect(anchors.contains(String(anchor)), "\(document): \(link.0)")
            }
        }
    }

    /// What a heading is called in a link.
    private static func anchor(_ heading: String) -> String {
        heading.lowercased().replacing(" ", with: "-").filter { $0.isLetter || $0.isNumber || $0 == "-" }
    }

    @Test("the index of the documents names every document")
    func index() throws {
        let index = try SourceTree.text("docs/README.md")
        for document in try SourceTree.files(in: "docs", ["md"]) where document != "docs/README.md" {
            #expect(index.contains("(\(document.dropFirst("docs/".count)))"), "\(document)")
        }
    }

    @Test("every key of every listing that a golden file shows is documented")
    func keys() throws {
        let document = try SourceTree.text("docs/json.md")
        var keys: Set<String> = []
        for file in try SourceTree.files(in: "Tests/Golden/listings", ["txt"]) {
            for line in try SourceTree.text(file).split(separator: "\n") where line.hasPrefix("{") {
                keys.formUnion(line.matches(of: /"(\w+)":/).map { String($0.1) })
            }
        }
        keys.subtract(["ridealong", "listing"])
        #expect(keys.count > 30)
        for key in keys.sorted() { #expect(document.contains("`\(key)`"), "\(key)") }
    }

    @Test("every command is in the README")
    func commands() throws {
        let readme = try SourceTree.text("README.md")
        for file in try SourceTree.files(in: "Tests/Golden/help", ["txt"]) {
            guard let command = file.firstMatch(of: /ridealong-([a-z-]+)\.txt/)?.1 else { continue }
            #expect(readme.contains("`\(command)`") || readme.contains("`ridealong \(command.replacing("-", with: " "))`"), "\(command)")
        }
    }
}
