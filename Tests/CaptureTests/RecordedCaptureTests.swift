import Capture
import Foundation
import RRTrace
import Replay
import TestSupport
import Testing

/// Real programs, recorded and replayed with the agent: every call that the trace knows must be captured, and no other.
///
/// One at a time: recordings and replays want the machine for themselves.
@Suite("Captured replays", .serialized)
struct RecordedCaptureTests {
    /// With and without rr's syscall buffer, in either way of catching buffered calls.
    static let ways = [true, false].flatMap { buffer in CapturePass.Mode.allCases.map { Way(buffer: buffer, mode: $0) } }

    struct Way: CustomTestStringConvertible {
        let buffer: Bool
        let mode: CapturePass.Mode
        var testDescription: String { "\(mode), syscall buffer \(buffer ? "on" : "off")" }
    }

    private func expectExact(_ node: CapturedNode) {
        #expect(node.check.counts.isExact && node.check.damage == nil, "\(node.check)")
        #expect(node.file.state == .ended && node.file.unreadable == 0)
    }

    /// A recording of `captured`, with and without the syscall buffer: of 200 rounds, or for the debug server, which is slow, of 30.
    private static let stress = [true, false].map { buffer in [200, 30].map { rounds in record(buffer: buffer, rounds: rounds) } }

    private static func record(buffer: Bool, rounds: Int) -> Result<RecordedTrace, any Error> {
        Result {
            let program = try Programs.compile("captured", in: workshop())
            let name = "captured-\(buffer ? "buffered" : "traced")-\(rounds)"
            return try RecordedTrace.make(name, syscallBuffer: buffer, [program, "4", "\(rounds)"])
        }
    }

    private static func stress(_ way: Way) throws -> RecordedTrace {
        try stress[way.buffer ? 0 : 1][way.mode == .remote ? 1 : 0].get()
    }

    private static func workshop() throws -> URL {
        let directory = Executables.directory.appendingPathComponent("capture-tests")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    @Test("every byte that a program sends, in every way, through threads, forks and execs, is captured once and in order", arguments: ways)
    func everyByte(_ way: Way) throws {
        let node = try CapturedNode(Self.stress(way), mode: way.mode)
        expectExact(node)
        if way.buffer {
            #expect(node.check.counts.buffered > (way.mode == .remote ? 150 : 1000) && node.file.faults + (way.mode == .ring ? 0 : 1) > 0)
            #expect(node.file.mode.map { "\($0)" } == way.mode.rawValue)
        }
        // Descriptor 300 is the sending end; the processes follow each other.
        var streams: [Int32: [UInt8]] = [:]
        for call in node.calls where call.call.arguments[0] == 300 { streams[call.task, default: []] += call.sent }
        let sent = streams.sorted { $0.key < $1.key }.map(\.value).filter { !$0.isEmpty }
        #expect(sent.count == 4)
        for (process, stream) in sent.enumerated() {
            #expect(stream.count > (way.mode == .remote ? 2000 : 20_000))
            let wrong = stream.enumerated().first { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 256 + process) != $1 }
            #expect(wrong == nil, "process \(process), byte \(wrong?.offset ?? 0) of \(stream.count)")
        }
    }

    @Test("all ways of catching calls write the same", arguments: [true, false])
    func sameInEveryWay(buffer: Bool) throws {
        let trace = try Self.stress[buffer ? 0 : 1][1].get()
        let nodes = try CapturePass.Mode.allCases.map { try CapturedNode(trace, mode: $0) }
        #expect(nodes.count == 3 && nodes[0].comparison.count > 200)
        for node in nodes {
            #expect((Int32(0)..<512).allSatisfy { node.file.captures($0) == nodes[0].file.captures($0) })
            #expect(nodes[0].comparison.difference(from: node.comparison) == nil)
        }
    }

    /// How many rounds the stress program makes; `make stress` makes more.
    private static let stressRounds =
        ProcessInfo.processInfo.environment["RIDEALONG_STRESS_ROUNDS"].flatMap { Int($0) } ?? 3500

    @Test("30 000 calls of a stress program whose turns are cut short: two ways, each exact, say the same")
    func stress() throws {
        let program = try Programs.compile("captured", in: Self.workshop())
        let trace = try RecordedTrace.make(
            "stress", syscallBuffer: true, options: ["--slice-ms", "1"], [program, "4", "\(Self.stressRounds)"])
        var frames = try FrameCursor(TraceDirectory(path: trace.path))
        var slices = 0
        while frames.advance() { slices += frames.kind == .schedule ? 1 : 0 }
        #expect(slices > 4)
        let ring = try CapturedNode(trace, mode: .ring)
        let int3 = try CapturedNode(trace, mode: .int3)
        for node in [ring, int3] { expectExact(node) }
        #expect(ring.comparison.count > 30_000 && ring.comparison.difference(from: int3.comparison) == nil)
    }

    @Test("what does not move bytes is captured with what it hands over", arguments: ways)
    func handedOver(_ way: Way) throws {
        let node = try CapturedNode(Self.stress(way), mode: way.mode)
        func bytes(_ number: UInt16, _ kind: CapturedCall.Section.Kind) -> [[UInt8]] {
            node.calls.filter { $0.call.number == number }.compactMap { $0.call.section(kind) }.compactMap { node.file.bytes(of: $0) }
        }
        let events = bytes(233, .epollEvent)
        #expect(!events.isEmpty && events.allSatisfy { $0 == [4, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11] })
        let options = bytes(54, .option)
        #expect(options.count == events.count && options.allSatisfy { $0 == [0, 0, 1, 0] })
        let rights = bytes(46, .control)
        #expect(!rights.isEmpty && rights.allSatisfy { $0.prefix(20) == [20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0] })
    }

    @Test("tasks are told apart: an exec by a thread, spawned, forked and killed processes", arguments: ways)
    func tasks(_ way: Way) throws {
        let program = try Programs.compile("thread-exec", in: Self.workshop())
        let name = "tasks-" + way.testDescription.filter { $0.isLetter }
        let node = try CapturedNode(RecordedTrace.make(name, syscallBuffer: way.buffer, [program]), mode: way.mode)
        expectExact(node)
        let sent = Dictionary(grouping: node.calls.filter { $0.call.number == 1 && !$0.sent.isEmpty }, by: \.task)
        // The program and five children of its own wrote to the pipe.
        #expect(sent.values.map(\.count).sorted() == [19, 19, 19, 19, 19, 55])
    }

    @Test("a redis server and its clients: all calls, and each says what the other hears", arguments: ways)
    func redis(_ way: Way) throws {
        let name = way.testDescription.filter { $0.isLetter }
        let port = try Ports.free()
        let command = ["redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        var clients: [RecordedTrace] = []
        let server = try RecordedTrace.make("redis-\(name)", syscallBuffer: way.buffer, command) { server in
            try Ports.wait(for: server, toListenOn: port)
            for number in 1...(way.mode == .remote ? 1 : 2) {
                let client = ["redis-cli", "-p", "\(port)", "-r", way.mode == .remote ? "3" : "30", "incr", "counter"]
                clients.append(try .make("redis-\(name)-\(number)", syscallBuffer: way.buffer, client))
            }
            try RecordedTrace.output(of: ["redis-cli", "-p", "\(port)", "shutdown", "nosave"])
        }
        try expectConversation(of: CapturedNode(server, mode: way.mode), with: clients.map { try CapturedNode($0, mode: way.mode) })
    }

    @Test("memcached with four threads", arguments: ways)
    func memcached(_ way: Way) throws {
        let name = way.testDescription.filter { $0.isLetter }
        let port = try Ports.free()
        let command = ["memcached", "-t", "4", "-l", "127.0.0.1", "-p", "\(port)", "-U", "0", "-u", "root"]
        var clients: [RecordedTrace] = []
        let server = try RecordedTrace.make("memcached-\(name)", syscallBuffer: way.buffer, command) { server in
            try Ports.wait(for: server, toListenOn: port)
            let client = [try Programs.installed("python3"), Programs.source("memcached-client.py"), "\(port)"]
            try RecordedTrace.output(of: client)
            for number in 1...2 {
                clients.append(try .make("memcached-\(name)-\(number)", syscallBuffer: way.buffer, client + ["tcp", "20"]))
            }
            server.send(SIGTERM)
        }
        try expectConversation(of: CapturedNode(server, mode: way.mode), with: clients.map { try CapturedNode($0, mode: way.mode) })
    }

    /// What went through one descriptor, from one close to the next.
    private struct Stream: Hashable {
        var sent: [UInt8] = []
        var received: [UInt8] = []
    }

    private func streams(of node: CapturedNode) -> [Stream] {
        var open: [UInt64: Stream] = [:]
        var closed: [Stream] = []
        for call in node.calls {
            let descriptor = call.call.arguments[0]
            if call.call.number == 3 {
                if let stream = open.removeValue(forKey: descriptor) { closed.append(stream) }
            } else {
                open[descriptor, default: Stream()].sent += call.sent
                open[descriptor, default: Stream()].received += call.received
            }
        }
        return closed + open.values
    }

    private func expectConversation(of server: CapturedNode, with clients: [CapturedNode]) throws {
        for node in [server] + clients { expectExact(node) }
        let answered = Set(streams(of: server).map { Stream(sent: $0.received, received: $0.sent) })
        for client in clients {
            // A connection is what both speaks and hears.
            let asked = streams(of: client).filter { !$0.sent.isEmpty && !$0.received.isEmpty }
            #expect(asked.count == 1)
            for stream in asked { #expect(answered.contains(stream), "sent \(stream.sent.count), received \(stream.received.count)") }
        }
    }
}
