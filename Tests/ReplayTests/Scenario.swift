import Foundation
import Recorder
import RunModel
import TestSupport

@testable import Replay

/// A recorded conversation: a pre-fork server of two workers, and three kinds of clients, each a node of its own.
///
/// - `client` asks questions 0 and 1;
/// - `shell` is a shell that runs a client, which asks question 0, as a child;
/// - `threads` is a client of three threads, which ask questions 100, 200 and 300.
struct Scenario {
    /// Whether rr's syscall buffer was on.
    enum Mode: String, CaseIterable { case traced, buffered }

    /// The questions asked, sorted, one per connection; each worker takes three connections.
    static let questions = [0, 0, 1, 100, 200, 300]

    private static let traced = Result { try Scenario(.traced) }
    private static let buffered = Result { try Scenario(.buffered) }

    /// The recording of `mode`, made when it is first asked for.
    static func recorded(_ mode: Mode = .traced) throws -> Scenario { try (mode == .traced ? traced : buffered).get() }

    /// Where everything is.
    let directory: URL
    /// How rr is called on this machine.
    let rr: RRInvocation

    private init(_ mode: Mode) throws {
        directory = Executables.directory.appendingPathComponent("replay-tests-\(mode)")
        try? FileManager.default.removeItem(at: directory)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        rr = try RRInvocation.forReplay(of: nil, in: ProcessInfo.processInfo.environment)
        let server = try Programs.compile("prefork-server", in: directory)
        let client = try Programs.compile("message-client", in: directory)
        let serving = try record([server, "2", "3"], as: "server", mode)
        let port = try Self.port(printedBy: serving)
        for (node, command) in [
            ("client", [client, port, "2"]),
            ("shell", ["/bin/sh", "-c", "\(client) \(port) 1; exit $?"]),
            ("threads", [client, port, "1", "3"]),
        ] {
            let finished = try record(command, as: node, mode).finish()
            guard finished.status == 0 else { throw Failure("\(node) ended with \(finished.status): \(finished.errors)") }
        }
        let finished = try serving.finish()
        guard finished.status == 0 else { throw Failure("the server ended with \(finished.status): \(finished.errors)") }
    }

    /// The trace of `node`.
    func trace(_ node: String) -> String { run.appendingPathComponent("\(node)/trace").path }

    /// The run directory.
    var run: URL { directory.appendingPathComponent("run") }

    /// Runs rr itself with `command`.
    func rr(_ command: [String]) throws -> Finished {
        try Command([rr.executable] + rr.arguments(command), environment: rr.environment, in: directory).finish()
    }

    private func record(_ command: [String], as node: String, _ mode: Mode) throws -> Command {
        try FileManager.default.createDirectory(at: run.appendingPathComponent(node), withIntermediateDirectories: true)
        let options = (mode == .traced ? ["-n"] : []) + ["-o", trace(node)]
        return try Command(
            [rr.executable] + rr.arguments(["record"] + options + command), environment: rr.environment, in: directory)
    }

    private static func port(printedBy server: Command) throws -> String {
        for _ in 0..<1000 {
            let words = try server.output().split(whereSeparator: \.isWhitespace)
            if words.count == 2 { return String(words[1]) }
            usleep(10_000)
        }
        throw Failure("the server did not say its port: \(try server.finish(within: 0).errors)")
    }
}
