import Foundation
import TestSupport
import Testing

/// `ridealong up` with `Examples/web`: nginx, two backends, redis and a client.
private struct WebRun {
    /// The nodes, in the order of the file.
    static let nodes = ["backend-1", "backend-2", "redis", "nginx", "client"]

    let run: RecordedRun
    /// The spec, with ports of its own.
    let spec: String
    private let ports: [Int: UInt16]

    init(_ name: String) throws {
        run = try RecordedRun(name)
        let place = run.workshop.appendingPathComponent("web")
        try FileManager.default.copyItem(atPath: Programs.source("../../Examples/web"), toPath: place.path)
        ports = try Dictionary(uniqueKeysWithValues: zip([7000, 8000, 8001, 8002], Self.freePorts()))
        spec = place.appendingPathComponent("up.yaml").path
        for file in ["up.yaml", "nginx.conf", "client.sh"] {
            let path = place.appendingPathComponent(file)
            var text = try String(contentsOf: path, encoding: .utf8)
                .replacing(/\b(?:7000|800[012])\b/) { match in "\(Int(match.output).flatMap { ports[$0] } ?? 0)" }
            if file == "nginx.conf" && getuid() == 0 { text = "user root root;\n" + text }
            try Data(text.utf8).write(to: path)
        }
    }

    private static func freePorts() throws -> Set<UInt16> {
        var ports: Set<UInt16> = []
        while ports.count < 4 { ports.insert(try Ports.free()) }
        return ports
    }

    /// Debian's programs, whatever else may be on this machine.
    let environment = ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"]

    var command: [String] { [Executables.ridealong.path, "up", spec, "--json", "--run", run.directory.path] }

    func port(_ number: Int) -> UInt16 { ports[number] ?? 0 }

    /// What a node has printed.
    func output(_ node: String) throws -> String {
        try String(contentsOf: run.directory.appendingPathComponent("\(node).log"), encoding: .utf8)
    }

    /// Whether the trace of `node` is whole; `nil` if there is none.
    func isWhole(_ node: String) -> Bool? {
        let trace = run.directory.appendingPathComponent("\(node)/trace").path
        guard FileManager.default.fileExists(atPath: trace) else { return nil }
        return FileManager.default.fileExists(atPath: trace + "/version") && !FileManager.default.fileExists(atPath: trace + "/incomplete")
    }
}

/// A line of `ridealong up --json`.
private struct News: Decodable {
    let node: String
    let state: String
    let exitCode: Int32?
    let signal: String?
    let trace: String?

    static func list(_ output: String) throws -> [News] {
        let lines = output.split(separator: "\n")
        guard lines.first == "{\"ridealong\":1,\"listing\":\"up\"}" else { throw Failure("it begins with ‘\(lines.first ?? "")’") }
        return try lines.dropFirst().map { try JSONDecoder().decode(News.self, from: Data($0.utf8)) }
    }
}

extension RecordedTests {
    @Suite struct UpTests {
        @Test func fiveNodesRunToTheEndAndTheIndexKnowsWhoTalkedToWhom() throws {
            let web = try WebRun("up")
            let finished = try web.run.start(web.command, environment: web.environment).succeed(within: 120)
            #expect(finished.errors.isEmpty)
            #expect(try web.output("client") == (1...4).map { "hello\n\($0)\n" }.joined())
            let news = try News.list(finished.output)
            #expect(Set(news.map(\.node)) == Set(WebRun.nodes))
            let ended = news.filter { $0.state == "ended" }
            #expect(ended.map(\.node) == ["client"] + started(news).filter { $0 != "client" }.reversed())
            #expect(ended.allSatisfy { $0.exitCode == 0 && $0.trace == "complete" })
            #expect(WebRun.nodes.allSatisfy { web.isWhole($0) == true })

            try web.run.index()
            let channels = try web.run.channels().filter { $0.kind == "tcp" }
            func count(_ a: String, _ b: String, _ port: Int) -> Int {
                channels.filter { $0.a.node == a && $0.b.node == b && $0.b.address == "127.0.0.1:\(web.port(port))" }.count
            }
            #expect(count("client", "nginx", 8000) == 4 && count("client", "redis", 7000) == 4)
            #expect(count("nginx", "backend-1", 8001) == 2 && count("nginx", "backend-2", 8002) == 2)
            // Nobody else: waiting for ports has left no connection.
            #expect(channels.count == 12)
        }

        private func started(_ news: [News]) -> [String] { news.filter { $0.state == "starting" }.map(\.node) }
    }
}
