import Foundation
import RunModel
import RunStore
import TestSupport
import Testing

/// `ridealong.json`.
@Suite struct UserDecisionTests {
    private func end(_ opened: String, _ endpoint: Int32) -> UserDecisions.End { .init(opened: opened, endpoint: endpoint) }

    @Test func decisionsAreKeptBesideTheTraces() throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(path: directory.path)
            #expect(try UserDecisions(of: run) == UserDecisions())
            var decisions = UserDecisions()
            decisions.joined = [.init(end("client@12", 3), end("server@0", 0))]
            try decisions.save(in: run)
            #expect(try UserDecisions(of: run) == decisions)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["ridealong.json"])
        }
    }

    @Test(arguments: ["", "[]", #"{"ridealong":99,"joined":[],"split":[]}"#]) func anotherFileIsAnError(text: String) throws {
        try withTemporaryDirectory { directory in
            let run = RunDirectory(path: directory.path)
            try Data(text.utf8).write(to: URL(fileURLWithPath: UserDecisions.path(run)))
            #expect(throws: IndexError.self) { try UserDecisions(of: run) }
        }
    }

    @Test func anEndIsFoundByWhereItWasOpened() {
        let endpoints = [5, 5, 9].map { Endpoint(kind: .tcp, birth: .connect, opened: Moment(event: $0)) }
        let find = { (opened: String, endpoint: Int32) in end(opened, endpoint).find(["a", "b"]) { _ in endpoints }?.serial }
        #expect(find("b@5", 1) == 1 && find("b@9", 2) == 2)
        #expect(find("b@9", 0) == 2, "another number, but nothing else was opened there")
        #expect(find("b@5", 7) == nil && find("c@5", 0) == nil && find("b@6", 0) == nil && find("", 0) == nil)
    }
}
