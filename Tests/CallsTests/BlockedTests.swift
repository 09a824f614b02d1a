import Foundation
import TestSupport
import Testing

@Suite("Blocked, on recorded programs", .serialized)
struct BlockedTests {
    /// A row of the listing.
    private struct Row: Decodable {
        struct Process: Decodable, Hashable {
            let node: String
            let process: Int32
        }
        let cut: String?
        let position: String?
        let process: Int32?
        let name: String?
        let reason: String?
        let waitsFor: [Process]?
        let others: Bool?
        let deadlock: [String]?
    }

    /// rr's syscall buffer.
    private static let modes = ["off", "on"]

    /// Records some `deadlock` programs, lets them get stuck, and stops them.
    private func recorded(
        _ name: String, buffer: String, ready: Int, _ arguments: (Int) -> [String: [String]]
    ) throws -> RecordedRun {
        let run = try RecordedRun("\(name)-\(buffer)")
        let program = try Programs.compile("deadlock", in: run.workshop)
        let port = try Int(Ports.free())
        let recordings = try arguments(port).sorted { $0.key < $1.key }.map {
            try run.record([program] + $0.value, as: $0.key, options: ["--syscall-buffer", buffer])
        }
        try wait(for: "the programs to be ready") {
            try recordings.reduce(0) { try $0 + $1.output().split(separator: "\n").count { $0 == "ready" } } == ready
        }
        // They say so just before they get stuck.
        usleep(500_000)
        for recording in recordings { recording.send(SIGTERM) }
        for recording in recordings { _ = try recording.finish(within: 30) }
        try run.index()
        return run
    }

    @Test("three nodes that wait for each other over TCP, stopped by SIGTERM: a deadlock", .timeLimit(.minutes(3)), arguments: Self.modes)
    func ring(buffer: String) throws {
        let run = try recorded("deadlock-ring", buffer: buffer, ready: 3) { port in
            ["a": ["ring", "\(port)", "0"], "b": ["ring", "\(port)", "1"], "c": ["ring", "\(port)", "2"]]
        }
        let rows: [Row] = try run.list("blocked")
        #expect(rows.first?.cut?.hasPrefix("at the end, before ") == true, "\(rows)")
        let waits = rows.filter { $0.position != nil }
        #expect(
            waits.map(\.name) == ["recvfrom", "recvfrom", "recvfrom"] && waits.allSatisfy { $0.reason == "data" && $0.others == false })
        #expect(waits.map { nodeName($0.position ?? "") } == ["a", "b", "c"])
        // Each waits for the one before it in the ring.
        #expect(waits.map { $0.waitsFor?.map(\.node) } == [["c"], ["a"], ["b"]])
        let circles = rows.compactMap(\.deadlock)
        #expect(circles.map { $0.map(nodeName) } == [["a", "c", "b"]])
        #expect(Set(circles.joined()) == Set(waits.compactMap(\.position)))
        // The text says the same, and every position in it can be looked at.
        let text = try run.ridealong(["blocked", "--run", run.directory.path]).output
        #expect(text.contains("deadlock: each waits for the next") && circles.joined().allSatisfy { text.contains($0) })
    }

    @Test("three processes of one node that wait for each other over pipes are a deadlock", .timeLimit(.minutes(3)), arguments: Self.modes)
    func pipes(buffer: String) throws {
        let run = try recorded("deadlock-pipes", buffer: buffer, ready: 3) { _ in ["one": ["pipes"]] }
        let rows: [Row] = try run.list("blocked")
        let waits = rows.filter { $0.position != nil }
        #expect(waits.count == 3 && waits.allSatisfy { $0.name == "read" && $0.waitsFor?.count == 1 }, "\(rows)")
        let circle = try #require(rows.compactMap(\.deadlock).first)
        #expect(Set(circle) == Set(waits.compactMap(\.position)) && circle.count == 3)
    }

    @Test("a parent that waits for a child that anybody could set free is no deadlock", .timeLimit(.minutes(3)), arguments: Self.modes)
    func noDeadlock(buffer: String) throws {
        let run = try recorded("deadlock-parent", buffer: buffer, ready: 2) { port in ["one": ["parent", "\(port)"]] }
        let rows: [Row] = try run.list("blocked")
        let waits = rows.filter { $0.position != nil }
        #expect(Set(waits.compactMap(\.reason)) == ["child", "client"] && rows.allSatisfy { $0.deadlock == nil }, "\(rows)")
        let (parent, child) = (waits.first { $0.reason == "child" }, waits.first { $0.reason == "client" })
        #expect(parent?.waitsFor?.map(\.process) == child?.process.map { [$0] })
    }
}
