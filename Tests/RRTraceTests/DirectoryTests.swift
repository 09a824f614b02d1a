import Foundation
import TestSupport
import Testing

@testable import RRTrace

@Suite struct DirectoryTests {
    @Test func theHeaderOfACompleteTraceIsRead() throws {
        try withTrace { _ in
        } _: { trace in
            let header = try #require(trace.header)
            #expect(trace.state == .complete && trace.anomalies.isEmpty)
            #expect(header.uuid == Array(1...16) && header.ok && header.nativeArchitecture == .x86_64 && header.rrCallBase == 1000)
            #expect(header.syscallBufferHeaderSize == 30 && header.boundCPU == -1 && header.chaosMode == false)
            #expect(header.ticksSemantics == .retiredConditionalBranches && header.oldestRelease == "5.6" && header.systemName == nil)
        }
    }

    @Test func aHeaderOfRR58NamesTheHost() throws {
        let name = CapnpMessage.Target.structure(
            data: [], pointers: ["Linux", "db7", "6.1", "#1", "x86_64", ""].map { .bytes(Array($0.utf8)) })
        let data: [UInt64] = [0, 0, 0, 0, 0, 0, 0, 0, 32 ^ 30]
        try withTrace {
            $0.header = CapnpMessage(.structure(data: data, pointers: [.bytes([1]), .null, name]))
        } _: { trace in
            let header = try #require(trace.header)
            #expect(header.systemName?.node == "db7" && header.syscallBufferHeaderSize == 32 && header.oldestRelease == "5.8")
        }
    }

    @Test func aTraceThatRRGaveUpIsFailed() throws {
        try withTrace {
            $0.header = TraceWriter.header(ok: false)
        } _: {
            #expect($0.state == .failed && $0.header?.ok == false)
        }
    }

    @Test func anIncompleteTraceWithoutARecorderIsInterrupted() throws {
        try withTrace {
            $0.header = nil
        } _: { trace in
            #expect(trace.state == .interrupted && trace.header == nil && trace.anomalies.isEmpty)
            #expect(trace.rrCallBase == 1000 && trace.architecture == .x86_64 && trace.syscallBufferHeaderSize == nil)
        }
    }

    @Test func aDirectoryWithoutATraceSaysSo() throws {
        try withTemporaryDirectory { directory in
            let error = try #require(throws: TraceError.self) { try TraceDirectory(path: directory.path) }
            #expect(error == .notATrace(path: directory.path) && error.description.contains("rr record"))
        }
    }

    @Test func aTraceOfAnotherFormatSaysWhichIsExpected() throws {
        for text in ["84\n", "", "850\n", "\n", "85 \n", String(repeating: "x", count: 1000)] {
            try withTemporaryDirectory { directory in
                try Data(text.utf8).write(to: directory.appendingPathComponent("version"))
                let error = try #require(throws: TraceError.self) { try TraceDirectory(path: directory.path) }
                #expect(error.description.contains("expected 85") && error.description.contains("record again"), "\(text)")
            }
        }
    }

    @Test func aMissingStreamIsAnErrorForFramesAndAnAnomalyForTheRest() throws {
        try withTemporaryDirectory { directory in
            try Data("85\n".utf8).write(to: directory.appendingPathComponent("incomplete"))
            let trace = try TraceDirectory(path: directory.path)
            #expect(throws: TraceError.unreadable(path: directory.path + "/events", errno: ENOENT)) { _ = try FrameCursor(trace).event }
            #expect(throws: TraceError.self) { _ = try DataReader(trace).anomalies }
            #expect(trace.tasks().anomalies.map(\.name) == ["missing-file"])
            #expect(trace.mappings().anomalies.map(\.name) == ["missing-file"])
        }
    }

    @Test func aHeaderThatIsCutOffIsAnAnomaly() throws {
        let whole = TraceWriter.header().packed()
        for count in 0..<whole.count {
            try withTemporaryDirectory { directory in
                try Data(Array("85\n".utf8) + whole.prefix(count)).write(to: directory.appendingPathComponent("version"))
                let trace = try TraceDirectory(path: directory.path)
                #expect(trace.header == nil && trace.state == .failed && trace.anomalies.map(\.name) == ["damaged-header"])
            }
        }
    }

    @Test func taskEventsTellBirthProgramAndEnd() throws {
        try withTrace { writer in
            writer.exec(task: 10, commandLine: ["/bin/sh", "-c", ""], event: 14)
            writer.clone(task: 11, parent: 10, flags: 0x120_0011, event: 20)
            writer.exit(task: 11, status: 256, event: 30)
        } _: { trace in
            let (events, anomalies) = trace.tasks()
            let words = ["/bin/sh", "-c", ""].map { Array($0.utf8) }
            #expect(anomalies.isEmpty)
            #expect(
                events == [
                    TaskEvent(event: 14, task: 10, kind: .exec(file: words[0], commandLine: words)),
                    TaskEvent(event: 20, task: 11, kind: .clone(parent: 10, flags: 0x120_0011, ownTask: 11)),
                    TaskEvent(event: 30, task: 11, kind: .exit(status: 256)),
                ])
        }
    }

    @Test func mappingsTellWhatIsWhere() throws {
        try withTrace {
            $0.mapping(start: 0x1000, end: 0x3000, name: "/lib/x.so", event: 5)
        } _: { trace in
            let mapping = try #require(trace.mappings().mappings.first)
            #expect((mapping.event, mapping.start, mapping.end, mapping.source) == (5, 0x1000, 0x3000, .trace))
            #expect(mapping.name == Array("/lib/x.so".utf8) && mapping.protection == 5 && mapping.flags == 2)
            #expect((mapping.device, mapping.inode) == (1, 2))
        }
    }
}
