import Testing

@Suite("Import table")
struct ImportTableTests {
    @Test("docs/architecture.md lists the modules of Package.swift, each with its imports")
    func documentAgrees() throws {
        let declared = ImportTable.declaredModules(try SourceTree.text("Package.swift"))
        let documented = ImportTable.documented(try SourceTree.text("docs/architecture.md"))
        #expect(declared.keys.sorted() == documented.keys.sorted())
        for (module, imports) in declared {
            #expect(documented[module]?.sorted() == imports.sorted(), "\(module): the document against Package.swift")
        }
    }

    @Test("every module's sources import what Package.swift says, no more and, but for the program, no less")
    func sourcesAgree() throws {
        let declared = ImportTable.declaredModules(try SourceTree.text("Package.swift"))
        for (module, imports) in declared {
            let used = ImportTable.used(by: try SourceTree.sources(in: "Sources/\(module)"))
            #expect(used.isSubset(of: imports), "\(module) imports what Package.swift does not give it")
            #expect(used == imports || module == "ridealong", "\(module) does not import all that Package.swift gives it")
        }
        #expect(declared.count >= 10)
    }

    @Test("tests import only what Package.swift gives them")
    func testsAgree() throws {
        let declared = ImportTable.declaredTests(try SourceTree.text("Package.swift"))
        for (tests, imports) in declared {
            let more = ImportTable.used(by: try SourceTree.sources(in: "Tests/\(tests)")).subtracting(imports)
                .subtracting(["Testing", "TestSupport", "FoundationXML"])
            #expect(more.isEmpty, "\(tests)")
        }
        #expect(declared["TidyTests"] != nil)
    }

    @Test("the three readers of the table understand what they read")
    func readers() throws {
        let package = """
            let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
                    module("A", imports: []),
                    module("B", imports: ["A", grdb], extra: [.strictMemorySafety()]),
                    .executableTarget(
                        name: "c",
                        dependencies: [
                            "A", "B",
                        ],
                    tests("BTests", of: ["A"]),
            """
        #expect(ImportTable.declaredModules(package) == ["A": [], "B": ["A", "GRDB"], "c": ["A", "B"]])
        #expect(ImportTable.declaredTests(package) == ["BTests": ["A"]])
        let document = "| module | knows | imports |\n|---|---|---|\n| `A` | `x` | nothing |\n| `B` | y | `A`, `GRDB` |\n"
        #expect(ImportTable.documented(document) == ["A": [], "B": ["A", "GRDB"]])
        let source = "import Foundation\ninternal import A\n@testable import B\nimport struct C.D\n// import E\n"
        #expect(ImportTable.used(by: [SourceFile(path: "", text: source)]) == ["A", "B", "C"])
    }
}
