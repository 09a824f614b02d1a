import Foundation
import TestSupport
import Testing

@Suite("Errors")
struct ErrorTests {
    @Test("what is wrong with a command line, or with a directory that is no run, is said with what to do")
    func withoutRun() throws {
        try withTemporaryDirectory { directory in
            var transcript = Transcript(in: directory)
            for arguments in [
                ["sing"], ["messages", "--loud"], ["record"], ["record", "--", "--"], ["record", "--node", "a/b", "true"],
                ["record", "no-such-program"], ["nodes"], ["index"], ["index", "no-such-trace"], ["index", "--run", "no-such-run"],
                ["messages", "--run", "no-such-run"], ["debug", "server@1", "--run", "no-such-run"],
            ] {
                let finished = try transcript.run(arguments)
                #expect(finished.status > 0, "\(arguments)")
                #expect(!finished.errors.isEmpty && finished.output.isEmpty, "\(arguments)")
            }
            let text = transcript.text.replacingOccurrences(of: directory.path, with: "DIRECTORY")
            let difference = try Golden.difference(text, from: "errors-without-run.txt")
            #expect(difference == nil, "\(difference ?? "")")
        }
    }
}
