import Foundation
import TestSupport
import Testing

/// nginx with two workers, and curl.
private struct NginxRun {
    /// What the large page consists of.
    static let page = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 256) })
    private static let result = MadeOnce { try NginxRun() }
    static func recorded() throws -> NginxRun { try result.get() }

    let run: RecordedRun
    let anomalies: [String: Int]
    /// The nodes of the clients that fetched two small pages; another, `page`, fetched the large one.
    let clients: [String]
    /// For each port of a client the process that served it, as nginx itself says.
    let served: [UInt16: Int32]

    private init() throws {
        run = try RecordedRun("nginx", chance: .everything, unknownBytes: Self.page.count)
        let port = try Ports.free()
        let place = run.workshop.path
        let server = try run.record(
            [try Programs.installed("nginx"), "-p", place, "-e", "stderr", "-c", try Self.configure(run.workshop, port)], as: "nginx")
        try Ports.wait(for: server, toListenOn: port)
        let curl = [try Programs.installed("curl"), "--silent", "--fail", "--max-time", "60"]
        let base = "http://127.0.0.1:\(port)"
        let small = { [run] (name: String) in
            try run.record(curl + ["\(base)/hello/\(name)/1", "\(base)/hello/\(name)/2"], as: name)
        }
        var clients = (1...4).map { "curl\($0)" }
        for (name, client) in zip(clients, try clients.map(small)) { try Self.check(name, client) }
        // Which worker gets a connection is the kernel's choice: both, sooner or later.
        while Set(try Self.served(place).values).count < 2 && clients.count < 15 {
            clients.append("curl\(clients.count + 1)")
            try Self.check(clients[clients.count - 1], small(clients[clients.count - 1]))
        }
        try run.record(curl + ["--output", "\(place)/got", "\(base)/page"], as: "page").succeed()
        try run.stop(server)
        served = try Self.served(place)
        self.clients = clients.sorted()
        anomalies = try run.index()
    }

    private static func check(_ name: String, _ client: Command) throws {
        let output = try client.succeed().output
        guard output == "hello /hello/\(name)/1\nhello /hello/\(name)/2\n" else { throw Failure("\(name) printed ‘\(output)’") }
    }

    private static func served(_ place: String) throws -> [UInt16: Int32] {
        let log = try String(contentsOfFile: "\(place)/access.log", encoding: .utf8)
        return log.split(separator: "\n").reduce(into: [:]) { served, line in
            let words = line.split(separator: " ")
            if words.count == 2, let process = Int32(words[0]), let port = UInt16(words[1]) { served[port] = process }
        }
    }

    /// Writes nginx's configuration and pages to `directory`; returns the path of the configuration.
    private static func configure(_ directory: URL, _ port: UInt16) throws -> String {
        let place = directory.path
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(place)/\($0);" }.joined()
        let user = getuid() == 0 ? "user root root;" : ""
        let configuration = """
            daemon off; master_process on; worker_processes 2; pid \(place)/nginx.pid; error_log stderr; \(user)
            events { worker_connections 64; }
            http {
                log_format who '$pid $remote_port'; access_log \(place)/access.log who; sendfile on; \(temporary)
                server { listen 127.0.0.1:\(port) reuseport; root \(place)/pages; location /hello { return 200 "hello $request_uri\\n"; } }
            }
            """
        let pages = directory.appendingPathComponent("pages")
        try FileManager.default.createDirectory(at: pages, withIntermediateDirectories: true)
        try page.write(to: pages.appendingPathComponent("page"))
        try Data(configuration.utf8).write(to: directory.appendingPathComponent("nginx.conf"))
        return "\(place)/nginx.conf"
    }
}

extension RecordedTests {
    @Suite(.inBothModes) struct WebTests {
        @Test func theWorkerThatServedIsNamed() throws {
            let nginx = try NginxRun.recorded()
            let channels = try nginx.run.channels().filter { $0.kind == "tcp" }
            #expect(channels.compactMap(\.a.node).sorted() == nginx.clients + ["page"])
            #expect(nginx.served.count == channels.count && Set(nginx.served.values).count == 2)
            // rr keeps programs from asking nscd, and nginx tells its workers of each other by passing descriptors.
            #expect(
                nginx.anomalies.keys.allSatisfy { ["connect-failed: errno 13", "descriptors-passed"].contains($0) }, "\(nginx.anomalies)")
            let log = try nginx.run.log()
            for channel in channels {
                let port = try #require(channel.a.address?.split(separator: ":").last.flatMap { UInt16($0) })
                let worker = try #require(nginx.served[port])
                #expect(channel.b.node == "nginx" && channel.b.processes == [worker] && channel.evidence == "address")
                let used = log.filter { $0.channel == channel.channel && $0.node == "nginx" }
                #expect(Set(used.map(\.process)) == [worker])
            }
        }

        @Test func twoRequestsGoOverOneConnection() throws {
            let nginx = try NginxRun.recorded()
            let messages = Dictionary(grouping: try nginx.run.messages(), by: \.channel)
            for channel in try nginx.run.channels().filter({ $0.kind == "tcp" && $0.a.node != "page" }) {
                let said = messages[channel.channel] ?? []
                let name = channel.a.node ?? ""
                let requests = said.filter { $0.sender == name }.map { $0.text.prefix { $0 != "\r\n" } }
                #expect(requests == (1...2).map { "GET /hello/\(name)/\($0) HTTP/1.1" })
                let replies = said.filter { $0.sender == "nginx" }.map(\.text).joined()
                #expect(replies.contains("hello /hello/\(name)/1\n") && replies.hasSuffix("hello /hello/\(name)/2\n"))
                #expect(said.allSatisfy { $0.delivered == $0.bytes })
            }
        }

        @Test func aFileThatTheKernelSendsArrivesWhole() throws {
            let nginx = try NginxRun.recorded()
            let received = try nginx.run.messages().filter { $0.receivers.first == "page" }
            let bytes = received.reduce(Data()) { $0 + ($1.payload ?? Data()) }
            let isWhole = bytes.suffix(NginxRun.page.count) == NginxRun.page
            #expect(isWhole && received.allSatisfy { $0.delivered == $0.bytes })
        }

        @Test func aPythonServerOnIPv6AnswersCurlAndAsyncio() throws {
            let run = try RecordedRun("python", chance: .pieces)
            let (closed, port) = (try Ports.free(), try Ports.free())
            let pages = run.workshop.appendingPathComponent("pages")
            try FileManager.default.createDirectory(at: pages, withIntermediateDirectories: true)
            try Data("a page\n".utf8).write(to: pages.appendingPathComponent("page"))
            let python = try Programs.installed("python3")
            let server = try run.record([python, "-m", "http.server", "--bind", "::1", "--directory", pages.path, "\(port)"], as: "python")
            try Ports.wait(for: server, toListenOn: port)
            let curl = [try Programs.installed("curl"), "--silent", "--fail", "--max-time", "60", "http://[::1]:\(port)/page"]
            #expect(try run.record(curl, as: "curl").succeed().output == "a page\n")
            let asyncio = [python, Programs.source("asyncio-client.py"), "\(closed)", "\(port)"]
            #expect(try run.record(asyncio, as: "asyncio").succeed().output == "refused\nHTTP/1.0 200 OK\n")
            try run.stop(server)
            // With what a replay tells of the name server's address, also of nodes recorded without the buffer.
            let anomalies = try run.index(options: ["--capture", "all"])
            #expect(anomalies["connect-failed: errno 111"] == 1)
            // Besides, rr keeps programs from asking nscd, and Python asks for names.
            #expect(anomalies.keys.allSatisfy { $0.hasPrefix("connect-failed: ") || $0.hasSuffix(" on UDP socket") }, "\(anomalies)")
            let channels = try run.channels().filter { $0.kind == "tcp" }
            #expect(channels.map(\.a.node) == ["asyncio", "curl"] && channels.map(\.b.node) == ["python", "python"])
            #expect(channels.allSatisfy { $0.b.address == "[::1]:\(port)" && $0.evidence == "address" })
            let messages = try run.messages().filter { message in channels.contains { $0.channel == message.channel } }
            let said = { (sender: String, receiver: String) in
                messages.filter { $0.sender == sender && $0.receivers.first == receiver }.map(\.text).joined()
            }
            #expect(said("python", "curl").hasSuffix("\r\n\r\na page\n") && said("python", "asyncio").hasPrefix("HTTP/1.0 200 OK\r\n"))
            #expect(said("asyncio", "python") == "GET / HTTP/1.0\r\nHost: asyncio\r\n\r\n")
            #expect(messages.allSatisfy { $0.delivered == $0.bytes })
        }
    }
}
