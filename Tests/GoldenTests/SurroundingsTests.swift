import Foundation
import TestSupport
import Testing

/// What the program finds itself in, and may not stumble over: variables, descriptors, names.
@Suite("Surroundings")
struct SurroundingsTests {
    /// Runs `script` in `directory` with the program as `$ridealong`.
    private func shell(_ script: String, in directory: URL) throws -> Finished {
        let environment = ["ridealong": Executables.ridealong.path, "RIDEALONG_RUN": "", "SWIFT_BACKTRACE": "enable=no"]
        return try Command(["/bin/sh", "-c", "cd '\(directory.path)' && \(script)"], environment: environment, in: directory).finish()
    }

    /// Makes a run of a node that is a sidecar, and no more.
    private func makeNode(_ name: String, command: String, in directory: URL) throws {
        let node = directory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: node, withIntermediateDirectories: true)
        let sidecar: [String: Any] = ["format": 1, "node": name, "command": [command]]
        try JSONSerialization.data(withJSONObject: sidecar).write(to: node.appendingPathComponent("node.json"))
    }

    @Test("an empty $RIDEALONG_RUN, or --run, is the current directory, not the root", arguments: ["", "--run ''"])
    func emptyRun(_ option: String) throws {
        try withTemporaryDirectory { directory in
            let finished = try shell("$ridealong record \(option) --node empty-run /bin/true", in: directory)
            #expect(finished.status == 0, "\(finished.errors)")
            #expect(FileManager.default.fileExists(atPath: directory.appendingPathComponent("empty-run/trace/version").path))
            #expect(try shell("$ridealong index \(option) && $ridealong nodes \(option)", in: directory).output.contains("empty-run"))
        }
    }

    @Test("JSON stays JSON, and a terminal unharmed, whatever a command line holds")
    func controlCharacters() throws {
        try withTemporaryDirectory { directory in
            let command = "del\u{7f} csi\u{9b} esc\u{1b} tab\t ü→"
            try makeNode("odd", command: command, in: directory)
            let listing = try shell("$ridealong index >log && $ridealong nodes --json", in: directory)
            let row = try #require(listing.output.split(separator: "\n").last)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(row.utf8)) as? [String: Any])
            #expect(object["command"] as? [String] == [command])
            let table = try shell("$ridealong nodes", in: directory).output
            for output in [listing.output, table] {
                #expect(output.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && !(0x7f...0x9f).contains($0.value)) })
            }
        }
    }

    @Test("a node of which there is a sidecar and no trace is named, not passed over")
    func missingTrace() throws {
        try withTemporaryDirectory { directory in
            try makeNode("lost", command: "true", in: directory)
            let index = try shell("$ridealong index", in: directory)
            #expect(index.status == 0 && index.output.contains("unreadable-trace") && index.output.contains("no rr trace here"))
        }
    }

    @Test("traces that were named once stay part of the run, also those in its directory")
    func tracesInTheRunDirectory() throws {
        try withTemporaryDirectory { directory in
            for name in ["one", "two"] {
                var trace = TraceWriter()
                trace.exec(task: 7, commandLine: [name], event: 1)
                trace.frame(FrameSpec(task: 7, event: .other(tag: 9)))
                try trace.write(to: directory.appendingPathComponent(name))
            }
            #expect(try shell("$ridealong index one two/", in: directory).output.contains("2 nodes (2 read)"))
            for arguments in ["one", "", "./two $PWD/one"] {
                let again = try shell("$ridealong index \(arguments)", in: directory).output
                #expect(again.contains("2 nodes (nothing changed)"), "\(arguments): \(again)")
            }
        }
    }

    @Test("closed descriptors and full disks are errors, no crashes", arguments: [">&-", ">/dev/full", ">&- 2>&-", "<&- >&- 2>&-"])
    func closedDescriptors(_ redirection: String) throws {
        try withTemporaryDirectory { directory in
            try makeNode("node", command: "true", in: directory)
            for command in ["index", "nodes", "show node@1", "messages --json", "no-such-command"] {
                let finished = try shell("exec $ridealong \(command) \(redirection)", in: directory)
                #expect(finished.status > 0, "\(command) \(redirection): \(finished.status) \(finished.errors)")
                #expect(finished.errors.isEmpty == redirection.contains("2>&-"), "\(command) \(redirection): \(finished.errors)")
            }
            #expect(try shell("exec $ridealong check <&- 2>&-", in: directory).status == 0)
        }
    }

    @Test("what COLUMNS cannot mean is no width", arguments: ["0", "-3", "many"])
    func columns(_ columns: String) throws {
        try withTemporaryDirectory { directory in
            try makeNode("node", command: "a-command", in: directory)
            #expect(try shell("$ridealong index >log && COLUMNS=\(columns) $ridealong nodes", in: directory).output.contains("a-command"))
        }
    }

    @Test("a trace that may not be read is an unreadable one, not none")
    func forbiddenTrace() throws {
        try withTemporaryDirectory { directory in
            try makeNode("secret", command: "true", in: directory)
            let trace = directory.appendingPathComponent("secret/trace").path
            try FileManager.default.createDirectory(atPath: trace, withIntermediateDirectories: true)
            try Data("85\n".utf8).write(to: URL(fileURLWithPath: trace + "/version"))
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: trace)
            defer { chmod(trace, 0o700) }
            // Root may read all, unless it gives that up.
            let humbly = geteuid() == 0 ? "setpriv --bounding-set=-dac_override,-dac_read_search " : ""
            let index = try shell("\(humbly)$ridealong index", in: directory)
            #expect(index.output.contains("unreadable-trace") && index.output.contains("Permission denied"), "\(index)")
        }
    }
}
