import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// PostgreSQL, whose processes share memory and tell each other by signals, and psql by TCP and by Unix socket.
    @Suite(.inBothModes) struct PostgresTests {
        @Test func sessionsCountTogether() throws {
            let run = try RecordedRun("postgres", chance: .pieces)
            let user = try OrdinaryUser("postgres")
            let port = try Ports.free()
            let server = try serve(run, port, as: user)
            let psql = [try Programs.postgres("psql"), "-X", "-q", "-A", "-t", "-d", "postgres", "-p", "\(port)"]
            let setup = ["-h", "127.0.0.1", "-c", "create table counter as select 0 as number"]
            try run.record(psql + setup, as: "setup", by: user).succeed()
            // The last one takes the Unix socket.
            let hosts = Array(repeating: "127.0.0.1", count: Counting.workers - 1) + [Self.socketDirectory(port)]
            let clients = try hosts.enumerated().map { worker, host in
                let script = run.workshop.appendingPathComponent("\(worker).sql")
                try Self.questions(of: worker).write(to: script, atomically: true, encoding: .utf8)
                return try run.record(psql + ["-h", host, "-f", script.path], as: "psql\(worker)", by: user)
            }
            let printed = try clients.map { try $0.succeed(within: 120).output }.joined()
            // The fast way to shut it down.
            server.send(SIGINT)
            try server.succeed()
            let counting = Counting(run, between: Set(clients.indices.map { "psql\($0)" }), printed: printed)
            // rr keeps programs from asking nscd.
            try counting.expectTold(except: ["connect-failed: errno 13"])
            let channels = try run.channels().filter { $0.b.node == "server" && $0.a.node != "server" }
            let kinds = Dictionary(channels.map { ($0.a.node, $0.kind) }) { "\($0), \($1)" }
            #expect(kinds == ["psql0": "tcp", "psql1": "tcp", "psql2": "tcp", "psql3": "unix", "setup": "tcp"])
        }

        /// Records a server with a cluster of its own, and waits until it takes connections.
        private func serve(_ run: RecordedRun, _ port: UInt16, as user: OrdinaryUser?) throws -> Command {
            let place = run.workshop.path
            if let user { try FileManager.default.setAttributes([.ownerAccountID: user.id], ofItemAtPath: place) }
            let cluster = "\(place)/cluster"
            let initdb = [try Programs.postgres("initdb"), "-D", cluster, "-A", "trust", "--no-sync", "-N"]
            try run.start((user?.prefix ?? []) + initdb).succeed()
            let settings = ["fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories=\(Self.socketDirectory(port))"].flatMap {
                ["-c", $0]
            }
            let postgres = [try Programs.postgres("postgres"), "-D", cluster, "-p", "\(port)"] + settings
            let server = try run.record(postgres, as: "server", by: user)
            try wait(for: "a cluster that takes connections") {
                guard server.isRunning else { throw Failure("the server has ended: \(try server.errors())") }
                return try server.errors().contains("ready to accept connections")
            }
            return server
        }

        /// No real directory, but the beginning of an abstract name: paths of sockets are short.
        private static func socketDirectory(_ port: UInt16) -> String { "@ridealong-tests-\(port)" }

        /// Statements that count, each of which answers as Tests/Programs/counting.* do.
        private static func questions(of worker: Int) -> String {
            (0..<Counting.questions).map { question in
                "update counter set number = number + 1 "
                    + "returning lpad(number::text, 4, '0') || ' for worker \(worker) question \(question)';\n"
            }.joined()
        }
    }
}
