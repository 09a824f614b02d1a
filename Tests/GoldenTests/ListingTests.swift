import Foundation
import TestSupport
import Testing

/// A server and a client that take turns: everything they do has one order, and so their listings are always the same.
private struct Greeting {
    private static let result = Result { try Greeting() }
    static func recorded() throws -> Greeting { try result.get() }

    let run: RecordedRun
    let port: UInt16
    /// What the first `index` said.
    let firstIndex: String

    private init() throws {
        run = try RecordedRun("greeting")
        port = try Ports.free()
        let program = try Programs.compile("greeting", in: run.workshop)
        let server = try run.record([program, "serve", "\(port)"], as: "server")
        try Ports.wait(for: server, toListenOn: port)
        try run.record([program, "ask", "\(port)"], as: "client").succeed()
        try server.succeed()
        var transcript = Transcript(in: run.directory)
        try transcript.run(["index"])
        firstIndex = transcript.text
    }

    /// The position of the `number`-th row of the log (counting from 1): its event is another on every machine.
    func position(_ number: Int) throws -> String { try run.log()[number - 1].position }

    /// `text` with everything replaced that is another in each recording or on each machine.
    func normalized(_ text: String) throws -> String {
        var text = text
        func replace(_ pattern: String, _ template: String) {
            text = text.replacingOccurrences(of: pattern, with: template, options: .regularExpression)
        }
        let client = try #require(try run.channels().first?.a.address?.split(separator: ":").last)
        replace(":\(client)\\b", ":CLIENT-PORT")
        replace("(?<=:)\(port)\\b|(?<=[ \"(])\(port)\\b", "PORT")
        text = text.replacingOccurrences(of: run.directory.path, with: "RUN").replacingOccurrences(of: run.workshop.path, with: "WORKSHOP")
        let nodes = try run.nodes()
        for node in nodes {
            for (number, event) in try events(of: node.node).enumerated() {
                replace("\(node.node)@\(event)\\b", "\(node.node)@E\(number + 1)")
            }
        }
        replace("(?m)((?:^|\"position\":\")(?:client|server))@\\d+", "$1@EVENT")
        for process in try run.channels().flatMap({ ($0.a.processes ?? []) + ($0.b.processes ?? []) }) {
            replace("(?<=task |process |\"id\":|\"process\":|\"task\":|processes\":\\[)\(process)\\b|(?<= )\(process)(?=  )", "PID")
        }
        for node in nodes {
            let host = node.host.map { NSRegularExpression.escapedPattern(for: $0) } ?? "\\?"
            replace("(?<=  |\")\(host)(  |\")( *)\(node.events)\\b", "HOST$1$2EVENTS")
            replace("(?<=\"host\":\")\(host)(?=\")", "HOST")
            replace("(?<=\"events\":)\(node.events)\\b|(?<=events of \(node.node) go from 1 to )\(node.events)\\b", "EVENTS")
        }
        replace("(?<=such as )\\w+@\\d+", "NODE@EVENT")
        replace("\\d+ events", "EVENTS events")
        replace("(?<=\"(earliest|latest|ended|firstExec|time|events|entered|returned|duration)\":)\\d+", "0")
        replace("0x[0-9a-f]+", "0xX")
        replace("\\d+\\.\\d{6}", "0.000000")
        replace("\\b(hardware|software)\\b", "COUNTERS")
        // Columns are as wide as what has been replaced.
        replace(" {2,}", "  ")
        return text
    }

    /// The events of a node that the listings name, in order.
    private func events(of node: String) throws -> [String] {
        let events = try run.log().filter { $0.node == node }.compactMap { $0.position.split(separator: "@").last }
        return events.reduce(into: []) { all, event in if !all.contains(String(event)) { all.append(String(event)) } }
    }
}

@Suite("Listings")
struct ListingTests {
    private func expect(_ file: String, _ commands: [[String]]) throws {
        let greeting = try Greeting.recorded()
        var transcript = Transcript(in: greeting.run.directory)
        for arguments in commands { try transcript.run(arguments) }
        let difference = try Golden.difference(greeting.normalized(transcript.text), from: "listings/\(file).txt")
        #expect(difference == nil, "\(difference ?? "")")
    }

    @Test("index", .timeLimit(.minutes(3)))
    func index() throws {
        let greeting = try Greeting.recorded()
        var transcript = Transcript(in: greeting.run.directory)
        try transcript.run(["index"])
        try transcript.run(["index", "--json"])
        let difference = try Golden.difference(greeting.normalized(greeting.firstIndex + transcript.text), from: "listings/index.txt")
        #expect(difference == nil, "\(difference ?? "")")
    }

    @Test("each listing, as a table and in JSON", arguments: ["nodes", "channels", "messages", "log", "check"])
    func listing(_ command: String) throws {
        try expect(command, [[command], [command, "--json"]])
    }

    @Test("why channels are what they are, and mistakes in saying otherwise")
    func channels() throws {
        let channel = try #require(try Greeting.recorded().run.channels().first?.channel)
        try expect(
            "channels-why",
            [
                ["channels", "why", channel], ["channels", "why", channel, "--json"], ["channels", "--unmatched"],
                ["channels", "list", "--ambiguous", "--json"], ["channels", "why", "client@0"], ["channels", "join", channel, channel],
                ["channels", "split", "server@0"],
            ])
    }

    @Test("calls, and mistakes in what is asked of them")
    func calls() throws {
        try expect(
            "calls",
            [
                ["calls", "-e", "%network,close", "-z", "--from", "1"],
                ["calls", "-e", "accept,shutdown,recvfrom", "--node", "server", "-z", "--json"],
                ["calls", "-e", "nonsense"], ["calls", "--follow", "client@1"], ["calls", "-Z", "-z"],
            ])
    }

    @Test("who waits for whom, where a connection is being made and at the end")
    func blocked() throws {
        let position = try Greeting.recorded().position(2)
        try expect("blocked", [["blocked", position], ["blocked", position, "--json"], ["blocked"]])
    }

    @Test("messages with their bytes, and some of them only")
    func bytes() throws {
        let position = try Greeting.recorded().position(6)
        try expect(
            "messages-bytes",
            [
                ["messages", "--hex"], ["messages", "--payload", "--from", "5", "--to", "7"], ["messages", "--payload", "--json"],
                ["messages", "--node", "client", "--from", position],
            ])
    }

    @Test("questions about positions")
    func positions() throws {
        let greeting = try Greeting.recorded()
        let (sent, received, connected) = try (greeting.position(4), greeting.position(5), greeting.position(2))
        let commands = [["show", received], ["show", received, "--hex"], ["show", connected], ["cut", received]]
        let questions = [["happens-before", sent, received], ["happens-before", received, sent], ["happens-before", sent, sent]]
        try expect("positions", commands + questions)
        try expect("positions-json", [["cut", received, "--json"], ["happens-before", connected, received, "--json"]])
    }

    @Test("mistakes in questions about a run are answered with what to do")
    func mistakes() throws {
        let greeting = try Greeting.recorded()
        try expect(
            "mistakes",
            [
                ["show", "nonsense"], ["show", "nobody@1"], ["show", "client@0"], ["show", "client@999999999"], ["show", "client@1.x"],
                ["messages", "--node", "nobody"], ["messages", "--channel", "client@1"], ["messages", "--from", "x"],
                ["log", "--to", "nobody@1"], ["export", "svg", "no-such-directory/picture.svg"],
                ["debug", "client@1", "--send"], ["debug", try greeting.position(5), "--batch", "no-such-file"],
            ])
    }

    @Test("doctor has a line for each check, and one for each remedy")
    func doctor() throws {
        struct Check: Decodable {
            let check: String
            let finding: String
            let remedy: String?
        }
        let run = try Greeting.recorded().run
        let checks: [Check] = try run.list("doctor")
        let expected = checks.flatMap { [$0.finding] + ($0.remedy.map { ["-> \($0)"] } ?? []) }
        let lines = try run.ridealong(["doctor", "--run", run.directory.path]).output.split(separator: "\n")
        #expect(lines.count == expected.count)
        // Free space may be another one by now.
        for (line, text) in zip(lines, expected) where !text.contains("MiB") { #expect(line.hasSuffix(text)) }
        #expect(lines.count { !$0.hasPrefix(" ") } == checks.count)
    }

    @Test("tables fit the terminal that COLUMNS says", arguments: [40, 80])
    func width(_ columns: Int) throws {
        var transcript = Transcript(in: try Greeting.recorded().run.directory)
        transcript.environment = ["COLUMNS": "\(columns)"]
        for command in ["nodes", "channels", "messages", "log"] { try transcript.run([command]) }
        for line in transcript.text.split(separator: "\n") { #expect(line.count <= columns, "\(line)") }
    }

    @Test("a run may have more nodes than a process may have files")
    func manyNodes() throws {
        let greeting = try Greeting.recorded()
        try withTemporaryDirectory { directory in
            let trace = greeting.run.directory.appendingPathComponent("server/trace")
            for number in 1...150 {
                let copy = directory.appendingPathComponent("node-\(number)/trace")
                try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
                for file in ["version", "events", "data", "tasks", "mmaps"] {
                    try FileManager.default.createSymbolicLink(
                        at: copy.appendingPathComponent(file), withDestinationURL: trace.appendingPathComponent(file))
                }
            }
            let program = Executables.ridealong.path
            let script = "ulimit -n 145; '\(program)' index --run . >log && '\(program)' messages --run . --json --payload"
            let listing = try Command(["/bin/sh", "-c", "cd '\(directory.path)' && \(script)"], in: directory).succeed().output
            let payloads = listing.split(separator: "\n").filter { $0.contains("\"from\":null") }
            #expect(payloads.count >= 150 && payloads.allSatisfy { $0.contains("\"payload\":\"") })
        }
    }

    @Test("two indexes of one run give the same listings, and the same picture")
    func sameAgain() throws {
        let greeting = try Greeting.recorded()
        let copy = try RecordedRun("greeting-again", with: ["client", "server"], of: greeting.run)
        try copy.index()
        let pictures = try [greeting.run, copy].map { run in
            try run.ridealong(["export", "svg", "--run", run.directory.path]).output
        }
        #expect(pictures[0] == pictures[1] && pictures[0].contains("fine &amp; &lt;well&gt;"))
        let listings = try [greeting.run, copy].map { run in
            try ["channels", "messages", "log"].map { try run.lines($0) }
        }
        #expect(listings[0] == listings[1])
    }
}
