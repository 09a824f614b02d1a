import Foundation
import TestSupport
import Testing

/// A run that `ridealong up` makes.
struct UpRun {
    let run: RecordedRun
    /// The spec's path.
    let spec: URL

    /// An empty run called `name`, and `text` as its spec.
    init(_ name: String, _ text: String) throws {
        run = try RecordedRun(name)
        spec = run.workshop.appendingPathComponent("up.yaml")
        try Data(text.utf8).write(to: spec)
    }

    /// An empty run with a spec that lies elsewhere.
    init(_ run: RecordedRun, spec: URL) { (self.run, self.spec) = (run, spec) }

    var command: [String] { [Executables.ridealong.path, "up", spec.path, "--json", "--run", run.directory.path] }

    /// What a node has printed.
    func output(_ node: String) throws -> String {
        try String(contentsOf: run.directory.appendingPathComponent("\(node).log"), encoding: .utf8)
    }

    /// Whether a node has printed anything.
    func hasPrinted(_ node: String) throws -> Bool {
        let log = run.directory.appendingPathComponent("\(node).log").path
        return try FileManager.default.fileExists(atPath: log) && !output(node).isEmpty
    }

    /// Whether the trace of `node` is whole; `nil` if there is none.
    func isWhole(_ node: String) -> Bool? {
        let directory = run.directory.appendingPathComponent(node).path
        guard FileManager.default.fileExists(atPath: directory) else { return nil }
        return FileManager.default.fileExists(atPath: directory + "/trace/version")
            && !FileManager.default.fileExists(atPath: directory + "/trace/incomplete")
    }
}

/// A run of `Examples/web`, with ports of its own: nginx, two backends, redis and a client.
struct WebRun {
    /// The nodes, in the order of the file.
    static let nodes = ["backend-1", "backend-2", "redis", "nginx", "client"]
    /// Debian's programs, whatever else may be on this machine.
    static let environment = ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"]

    let up: UpRun
    private let ports: [Int: UInt16]

    init(_ name: String) throws {
        let run = try RecordedRun(name)
        let place = run.workshop.appendingPathComponent("web")
        try FileManager.default.copyItem(atPath: Programs.source("../../Examples/web"), toPath: place.path)
        let ports = try Dictionary(uniqueKeysWithValues: zip([7000, 8000, 8001, 8002], Self.freePorts()))
        for file in ["up.yaml", "nginx.conf", "client.sh"] {
            let path = place.appendingPathComponent(file)
            var text = try String(contentsOf: path, encoding: .utf8)
                .replacing(/\b(?:7000|800[012])\b/) { match in "\(Int(match.output).flatMap { ports[$0] } ?? 0)" }
            if file == "nginx.conf" && getuid() == 0 { text = "user root root;\n" + text }
            try Data(text.utf8).write(to: path)
        }
        self.ports = ports
        up = UpRun(run, spec: place.appendingPathComponent("up.yaml"))
    }

    private static func freePorts() throws -> Set<UInt16> {
        var ports: Set<UInt16> = []
        while ports.count < 4 { ports.insert(try Ports.free()) }
        return ports
    }

    /// The port that takes the place of one in the example.
    func port(_ number: Int) -> UInt16 { ports[number] ?? 0 }
}

/// A line of `ridealong up --json`.
struct News: Decodable {
    let node: String
    let state: String
    let process: Int32?
    let exitCode: Int32?
    let signal: String?
    let trace: String?
    let output: String?

    /// The lines of `output`, of which the last may be cut off.
    static func list(_ output: String) throws -> [News] {
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().filter { !$0.isEmpty }
        guard let first = lines.first else { return [] }
        guard first == "{\"ridealong\":1,\"listing\":\"up\"}" else { throw Failure("it begins with ‘\(first)’") }
        return try lines.dropFirst().map { try JSONDecoder().decode(News.self, from: Data($0.utf8)) }
    }
}

extension RecordedTests {
    @Suite struct UpTests {
        @Test func fiveNodesRunToTheEndAndTheIndexKnowsWhoTalkedToWhom() throws {
            let web = try WebRun("up")
            let finished = try web.up.run.start(web.up.command, environment: WebRun.environment).succeed(within: 120)
            #expect(finished.errors.isEmpty)
            #expect(try web.up.output("client") == (1...4).map { "hello\n\($0)\n" }.joined())
            let news = try News.list(finished.output)
            let started = news.filter { $0.state == "starting" }.map(\.node)
            #expect(Set(started) == Set(WebRun.nodes) && started.count == 5 && started.last == "client")
            let ended = news.filter { $0.state == "ended" }
            #expect(ended.map(\.node) == started.reversed())
            #expect(ended.allSatisfy { $0.exitCode == 0 && $0.trace == "complete" })
            #expect(WebRun.nodes.allSatisfy { web.up.isWhole($0) == true })

            try web.up.run.index()
            let channels = try web.up.run.channels().filter { $0.kind == "tcp" }
            func count(_ a: String, _ b: String, _ port: Int) -> Int {
                channels.filter { $0.a.node == a && $0.b.node == b && $0.b.address == "127.0.0.1:\(web.port(port))" }.count
            }
            #expect(count("client", "nginx", 8000) == 4 && count("client", "redis", 7000) == 4)
            #expect(count("nginx", "backend-1", 8001) == 2 && count("nginx", "backend-2", 8002) == 2)
            // Nobody else: waiting for ports has left no connection.
            #expect(channels.count == 12)
        }

        @Test func aNodeRunsAsItsSettingsSay() throws {
            let up = try UpRun(
                "up-settings",
                """
                nodes:
                  first:
                    command: [sh, -c, "echo $COLOUR $FLAVOUR; pwd; readlink /proc/self/fd/0; echo '  two words ' >&2"]
                    environment: {COLOUR: blue}
                    directory: sub
                    syscall-buffer: on
                    rr: --env FLAVOUR=sweet
                  second:
                    command: "true"
                    after: first ended
                """)
            let place = up.run.workshop.appendingPathComponent("sub")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            let news = try News.list(up.run.start(up.command + ["--follow"]).succeed().output)
            let lines = ["blue sweet", place.path, "/dev/null", "  two words "]
            #expect(try up.output("first") == lines.map { $0 + "\n" }.joined())
            #expect(news.filter { $0.state == "printing" }.map(\.output) == lines)
            let places = { (node: String, state: String) in news.firstIndex { $0.node == node && $0.state == state } }
            let ended = try #require(places("first", "ended"))
            #expect(try ended < #require(places("second", "starting")))
            try up.run.index()
            #expect(try up.run.lines("nodes").map { $0.contains("\"syscallBuffer\":true") } == [true, false])
        }

        @Test func whenANodeFailsTheOthersAreEndedAndItsExitCodeIsPassedOn() throws {
            let up = try UpRun(
                "up-failure",
                """
                nodes:
                  server: {command: sleep 1000, service: true}
                  bad: {command: [sh, -c, "echo oh no; exit 7"], after: server started}
                  late: {command: "true", after: bad ended}
                """)
            let finished = try up.run.start(up.command).finish()
            #expect(finished.status == 7)
            #expect(
                finished.errors == "ridealong: bad failed with 7: see \(up.run.directory.path)/bad.log, which ends with\n  oh no\n")
            let news = try News.list(finished.output)
            #expect(news.suffix(4).map(\.node) == ["bad", "server", "server", "late"])
            #expect(news.suffix(4).map(\.state) == ["ended", "stopping", "ended", "unstarted"])
            #expect(up.isWhole("bad") == true && up.isWhole("server") == true && up.isWhole("late") == nil)
        }

        @Test func aProgramThatIsNotThereAndOneThatDiesFailLikeAnyOther() throws {
            let missing = try UpRun("up-missing", "nodes: {a: {command: no-such-program}}")
            let finished = try missing.run.start(missing.command).finish()
            #expect(finished.status == EX_UNAVAILABLE && finished.errors.contains("there is no program no-such-program"))
            #expect(try News.list(finished.output).last?.trace == "none" && missing.isWhole("a") == nil)
            let dying = try UpRun("up-dying", "nodes: {a: {command: [sh, -c, \"kill -SEGV $$\"]}}")
            #expect(try dying.run.start(dying.command).finish().status == 128 + SIGSEGV)
            #expect(dying.isWhole("a") == true)
        }

        @Test func whoWaitsForWhatCannotHappenDoesNotWaitForEver() throws {
            let up = try UpRun("up-stuck", "nodes: {a: {command: \"true\"}, b: {command: \"true\", after: \"unix:@nobody is here\"}}")
            let finished = try up.run.start(up.command).finish()
            #expect(finished.status == 1 && finished.errors.contains("b waits for unix:@nobody is here, and no node runs"))
        }

        @Test func underALauncherNamesGetItsRank() throws {
            let up = try UpRun("up-rank", "nodes: {a: {command: \"true\"}, b: {command: \"true\", after: a ended}}")
            let news = try News.list(up.run.start(up.command, environment: ["SLURM_PROCID": "3"]).succeed().output)
            #expect(news.filter { $0.state == "ended" }.map(\.node) == ["a-3", "b-3"])
            #expect(up.isWhole("a-3") == true && up.isWhole("b-3") == true)
            #expect(try up.output("b-3").isEmpty)
        }

        @Test func processesThatLoseTheirParentsAreNotLeftAsZombies() throws {
            let script = "for i in 1 2 3 4 5; do (sleep 0.1 &); done; sleep 1; echo ready; sleep 1000"
            let up = try UpRun("up-orphans", "nodes: {a: {command: [sh, -c, \"\(script)\"]}}")
            let command = try up.run.start(up.command + ["--follow"])
            try wait(for: "the program to say so") { try command.output().contains("ready") }
            try wait(for: "none but the recorder to be left") { try command.children().count == 1 }
            command.send(SIGTERM)
            #expect(try command.finish().status == -SIGTERM)
        }

        @Test func aNodeThatTheRunHasAlreadyIsNotStartedNorAnyOther() throws {
            let up = try UpRun("up-twice", "nodes: {a: {command: \"true\"}, b: {command: \"true\"}}")
            try up.run.start(up.command).succeed()
            try FileManager.default.removeItem(at: up.run.directory.appendingPathComponent("a"))
            let finished = try up.run.start(up.command).finish()
            #expect(finished.status == EX_UNAVAILABLE && finished.errors.contains("already has a node b"))
            #expect(up.isWhole("a") == nil && up.isWhole("b") == true)
        }
    }
}
