import Foundation
import TestSupport
import Testing

@testable import Recorder

@Suite("The file of `up`")
struct UpSpecTests {
    private func spec(_ text: String) throws -> UpSpec { try UpSpec(text, path: "up.yaml", directory: "/") }

    @Test("a node of which only the command is given has plain defaults")
    func defaults() throws {
        let spec = try spec("nodes:\n  a:\n    command: server --port 7000\n")
        #expect(
            spec.nodes == [
                UpSpec.Node(
                    name: "a", command: ["server", "--port", "7000"], environment: [:], directory: "/", conditions: [], isService: false,
                    stopSignal: SIGTERM, grace: .seconds(10), syscallBuffer: .auto, rrOptions: [])
            ])
    }

    @Test("every key is understood")
    func everyKey() throws {
        let spec = try spec(
            """
            nodes:
              b: { command: [x] }
              a:
                command: [sh, -c, "echo $HOME", "", yes, 010]
                after: [b started, "b ended", tcp:7000, udp:53, "unix:/tmp/a socket", "unix:@abstract"]
                service: true
                environment: { PORT: 7000, EMPTY: "" }
                directory: ../tmp/.
                stop-signal: INT
                grace: 0.5
                syscall-buffer: on
                rr: [--chaos, --env, A=b]
            """)
        #expect(
            spec.nodes.last
                == UpSpec.Node(
                    name: "a", command: ["sh", "-c", "echo $HOME", "", "yes", "010"], environment: ["PORT": "7000", "EMPTY": ""],
                    directory: "/tmp",
                    conditions: [.started("b"), .ended("b"), .tcp(7000), .udp(53), .unix("/tmp/a socket"), .unix("@abstract")],
                    isService: true, stopSignal: SIGINT, grace: .milliseconds(500), syscallBuffer: .on,
                    rrOptions: ["--chaos", "--env", "A=b"]))
        #expect(spec.nodes.map(\.name) == ["b", "a"])
    }

    @Test("one condition needs no list, and a signal's name may have its SIG")
    func shortForms() throws {
        let node = try #require(try spec("nodes: {a: {command: x, after: tcp:1, stop-signal: SIGUSR1}}").nodes.first)
        #expect(node.conditions == [.tcp(1)] && node.stopSignal == SIGUSR1)
    }

    @Test("the example is a spec")
    func example() throws {
        let spec = try UpSpec(path: Programs.source("../../Examples/web/up.yaml"))
        #expect(spec.nodes.map(\.name) == ["backend-1", "backend-2", "redis", "nginx", "client"])
        #expect(spec.nodes.allSatisfy { $0.directory.hasSuffix("/Examples/web") })
    }

    @Test("the file that the documentation shows is a spec")
    func documented() throws {
        let document = try String(contentsOfFile: Programs.source("../../docs/up.md"), encoding: .utf8)
        let block = try #require(document.firstMatch(of: /(?s)```yaml\n(.*?)```/)?.1)
        #expect(try spec(String(block)).nodes.map(\.name) == ["redis", "client"])
        // Every key has its row, and every row its key.
        let keys = document.matches(of: /(?m)^\| `([a-z-]+)` \|/).map { String($0.1) }
        #expect(keys == UpSpec.Node.keys)
    }

    /// Mistakes, each with what it is.
    private static let mistakes: [String] = [
        "", "nodes:", "nodes: {}", "nodes: [a, b]", "- a", "a: [1\n", "nodes:\n\ta: b", "nodes: {a: {command: x}}\nhosts: []\n",
        "nodes: {a: *b}", "nodes:\n  a: {command: x}\n  a: {command: y}\n",
        "nodes:\n  a/b:\n    command: x\n", "nodes:\n  a:\n    after: b started\n", "nodes:\n  a:\n    command: x\n    host: h\n",
        "nodes:\n  a:\n    command: x\n    comand: y\n", "nodes:\n  a: x\n", "nodes:\n  a:\n    command:\n",
        "nodes:\n  a:\n    command: \"\"\n", "nodes:\n  a:\n    command: []\n", "nodes:\n  a:\n    command: [\"\", b]\n",
        "nodes:\n  a:\n    command: [x, [y]]\n", "nodes:\n  a:\n    command: {x: y}\n", "nodes:\n  a:\n    command: [x, \"a\\0b\"]\n",
        "nodes:\n  a:\n    command: echo $HOME\n", "nodes:\n  a:\n    command: say 'a b'\n", "nodes:\n  a:\n    command: a | b\n",
        "nodes:\n  a:\n    command: x\n    after: b\n", "nodes:\n  a:\n    command: x\n    after: b started\n",
        "nodes:\n  a:\n    command: x\n    after: [tcp:70000]\n", "nodes:\n  a:\n    command: x\n    after: \"unix:\"\n",
        "nodes:\n  a:\n    command: x\n    after: a ended\n",
        "nodes:\n  z: {command: x, after: a ended}\n  a: {command: x, after: b ended}\n  b: {command: x, after: a started}\n",
        "nodes:\n  a:\n    command: x\n    service: yes\n", "nodes:\n  a:\n    command: x\n    stop-signal: KILL\n",
        "nodes:\n  a:\n    command: x\n    grace: 10s\n", "nodes:\n  a:\n    command: x\n    grace: nan\n",
        "nodes:\n  a:\n    command: x\n    grace: -1\n", "nodes:\n  a:\n    command: x\n    syscall-buffer: true\n",
        "nodes:\n  a:\n    command: x\n    directory: no/such\n", "nodes:\n  a:\n    command: x\n    environment: [A=b]\n",
        "nodes:\n  a:\n    command: x\n    environment: {A: }\n", "nodes:\n  a:\n    command: x\n    environment: {A=: b}\n",
        "nodes:\n  a:\n    command: x\n    rr: chaos\n", "nodes:\n  a:\n    command: x\n    rr: -o elsewhere\n",
        "nodes: {" + (0...UpSpec.nodeLimit).map { "n\($0): {command: x}" }.joined(separator: ", ") + "}",
    ]

    @Test("every mistake is named with its line, and with what to do")
    func mistakes() throws {
        var text = ""
        for mistake in Self.mistakes {
            let error = #expect(throws: UpSpecError.self, "\(mistake)") { try spec(mistake) }
            let shown = mistake.count < 200 ? mistake : "…"
            text += shown + (shown.hasSuffix("\n") ? "" : "\n") + "=> \(error.map { "\($0)" } ?? "?")\n\n"
        }
        let difference = try Golden.difference(text, from: "up-mistakes.txt")
        #expect(difference == nil, "\(difference ?? "")")
    }

    @Test("a file that cannot be read, is too long or is no text is refused")
    func files() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appendingPathComponent("up.yaml")
            func problem() -> UpSpecError.Problem? {
                do {
                    _ = try UpSpec(path: file.path)
                    return nil
                } catch {
                    return error.problem
                }
            }
            #expect(problem() == .unreadable("No such file or directory"))
            try Data([0x6e, 0xff, 0xfe]).write(to: file)
            #expect(problem() == .notYAML("it is not UTF-8"))
            try Data(String(repeating: "#\n", count: 1 << 19).utf8).write(to: file)
            #expect(problem() == .tooLong(limit: 1 << 20))
            try Data("nodes: {a: {command: x}}".utf8).write(to: file)
            #expect(problem() == nil)
        }
    }
}
