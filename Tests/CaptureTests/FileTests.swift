import Capture
import Foundation
import TestSupport
import Testing

@Suite("Capture file")
struct FileTests {
    /// Writes `bytes` to a file, and opens that as a capture.
    private func open<Result>(_ bytes: [UInt8], _ body: (CaptureFile) throws -> Result) throws -> Result {
        try withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("calls").path
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return try body(try CaptureFile(path: path))
        }
    }

    /// The calls in `bytes`, and whether they end in damage.
    private func calls(_ bytes: [UInt8]) throws -> (calls: [CapturedCall], isDamaged: Bool) {
        try open(bytes) { file in
            var calls = CapturedCalls(file)
            var found: [CapturedCall] = []
            while let call = calls.next() { found.append(call) }
            return (found, calls.damage != nil)
        }
    }

    @Test("the header says how the agent ended, and what it captured")
    func header() throws {
        var bytes = CaptureBytes(state: 2, mode: 2, fallback: 2)
        bytes.set(0b10 as UInt8, at: 112)
        try open(bytes.bytes) { file in
            #expect(file.state == .noSpace && file.mode == .int3 && file.fallback == .pageInUse)
            #expect(file.unreadable == 3 && file.faults == 4)
            #expect(file.captures(1) && !file.captures(0) && file.captures(511))
            #expect(!file.captures(512) && !file.captures(-1) && !file.captures(.max))
        }
    }

    @Test("a record has all that the agent saw")
    func record() throws {
        var bytes = CaptureBytes()
        bytes.add(
            kind: 3, number: 46, task: 7, place: 40, result: -11, arguments: [3, 4, 5, 6, 7, 8],
            sections: [(1, 0, 5, Array("hello".utf8)), (3, 0, 8, Array(1...8)), (1, 2, 1000, [])])
        bytes.add(kind: 0, number: 3, arguments: [9])
        try open(bytes.bytes) { file in
            let calls = Array(CapturedCalls(file))
            #expect(calls.count == 2)
            let call = try #require(calls.first)
            #expect(call.kind == .leaving && call.inRing && call.number == 46 && call.task == 7 && call.place == 40 && call.result == -11)
            #expect(call.arguments == [3, 4, 5, 6, 7, 8] && call.instructionPointer == 0x7000_000c && call.programArgument == 0xabcd)
            let payload = try #require(call.section(.payload))
            #expect(payload.offered == 5 && file.bytes(of: payload) == Array("hello".utf8))
            #expect(file.bytes(of: payload, prefix: 2) == Array("he".utf8))
            #expect(call.section(.control).flatMap { file.bytes(of: $0) } == Array(1...8))
            #expect(call.section(.payload, message: 2)?.offered == 1000 && call.section(.address) == nil)
        }
    }

    @Test("records that were not committed do not count")
    func uncommitted() throws {
        var bytes = CaptureBytes(state: 0)
        bytes.add()
        let end = UInt64(bytes.bytes.count)
        bytes.add()
        bytes.set(end, at: 16)
        let (found, isDamaged) = try calls(bytes.bytes)
        #expect(found.count == 1 && !isDamaged)
    }

    @Test("what is no capture is refused, and so is another version")
    func refused() throws {
        for bytes in [[], Array("RACALLS\n".utf8), Array(repeating: 0, count: 500), Array(CaptureBytes().bytes.prefix(170))] {
            #expect(throws: CaptureError.self) { try open(bytes) { _ in } }
        }
        #expect(throws: CaptureError.self) { try open(CaptureBytes(format: 2).bytes) { _ in } }
        #expect(throws: CaptureError.self) { try CaptureFile(path: "/nonexistent/calls") }
        var endless = CaptureBytes()
        endless.set(UInt64.max, at: 16)
        #expect(throws: CaptureError.self) { try open(endless.bytes) { _ in } }
    }

    @Test("a file cut off anywhere is refused, with its size and what it should be", arguments: [1, 8, 20, 60, 88, 100, 104, 111])
    func cutOff(missing: Int) throws {
        var bytes = CaptureBytes()
        bytes.add()
        bytes.add(sections: [(1, 0, 8, Array(0..<8))])
        let whole = bytes.bytes
        let error = try #require(throws: CaptureError.self) { try open(whole.dropLast(missing)) { _ in } }
        guard case .cutOff(_, let size, let expected) = error else { throw error }
        #expect(size == UInt64(whole.count - missing) && expected == UInt64(whole.count))
        #expect(error.description.contains("(\(size) of \(expected) bytes)") && error.description.contains("run `ridealong index` again"))
    }

    @Test("a stored capture that is gone is one thing, one that is broken another")
    func stored() throws {
        guard case .none = try StoredCapture(path: nil) else { throw Failure("a node without a capture has one") }
        #expect(try StoredCapture(path: nil).required() == nil)
        let gone = try StoredCapture(path: "/nonexistent/calls")
        guard case .gone("/nonexistent/calls") = gone else { throw Failure("\(gone)") }
        #expect(throws: CaptureError.gone(path: "/nonexistent/calls")) { try gone.required() }
        let found = try open(CaptureBytes().bytes) { file in try StoredCapture(path: file.path).required()?.path == file.path }
        #expect(found)
        // Of a replay that was killed.
        #expect(throws: CaptureError.self) {
            try open(CaptureBytes(state: 0).bytes) { file in _ = try StoredCapture(path: file.path) }
        }
    }

    @Test("impossible sizes and kinds are damage, not a crash")
    func impossible() throws {
        let good: CaptureBytes = {
            var bytes = CaptureBytes()
            bytes.add(sections: [(1, 0, 8, Array(0..<8))])
            return bytes
        }()
        let record = 176
        let damages: [(inout CaptureBytes) -> Void] = [
            { $0.set(0 as UInt32, at: record) }, { $0.set(80 as UInt32, at: record) }, { $0.set(89 as UInt32, at: record) },
            { $0.set(UInt32.max, at: record) }, { $0.set(UInt32.max & ~7, at: record) }, { $0.set(9 as UInt8, at: record + 4) },
            { $0.set(96 as UInt32, at: record) }, { $0.set(UInt32.max, at: record + 92) }, { $0.set(9 as UInt32, at: record + 92) },
            { $0.set(120 as UInt32, at: record) }, { $0.set(0 as UInt32, at: 24) },
        ]
        for (number, damage) in damages.enumerated() {
            var bytes = good
            damage(&bytes)
            let (found, isDamaged) = try calls(bytes.bytes)
            #expect(found.isEmpty && isDamaged, "damage \(number)")
        }
        var bytes = good
        bytes.set(UInt32.max, at: 24)
        #expect(try calls(bytes.bytes).calls.isEmpty)
    }

    @Test("a section of a kind unknown to this reader is passed over")
    func unknownSection() throws {
        var bytes = CaptureBytes()
        bytes.add(sections: [(99, 0, 3, [1, 2, 3]), (2, 0, 2, [2, 0])])
        let (found, isDamaged) = try calls(bytes.bytes)
        #expect(!isDamaged && found.first?.sections.count == 2 && found.first?.sections.first?.kind == nil)
        #expect(found.first?.section(.address)?.count == 2)
    }

    @Test("more calls than a window holds are all read")
    func windows() throws {
        var bytes = CaptureBytes()
        for number in 0..<3000 {
            bytes.add(task: UInt32(number), sections: [(1, 0, 400, Array(repeating: UInt8(number % 251), count: number % 400))])
        }
        try open(bytes.bytes) { file in
            var count = 0
            for call in CapturedCalls(file) {
                let section = try #require(call.section(.payload))
                let expected = [UInt8](repeating: UInt8(count % 251), count: count % 400)
                #expect(call.task == UInt32(count) && file.bytes(of: section) == expected)
                count += 1
            }
            #expect(count == 3000)
        }
    }

    @Test func aFileThatIsRefusedIsClosed() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("refused").path
            try Data("no capture".utf8).write(to: URL(fileURLWithPath: path))
            for _ in 0..<3 { #expect(throws: CaptureError.self) { try CaptureFile(path: path) } }
            let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            let open = descriptors.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)") }
            #expect(!open.contains { $0.hasSuffix("/refused") && $0.hasPrefix(directory.path) })
        }
    }
}
