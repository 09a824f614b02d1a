import Foundation
import TestSupport
import Testing

/// Sessions at calls that lie deep in a flush of the syscall buffer, in two threads, among signals.
@Suite struct BufferedCallTests {
    /// A row of `ridealong calls`, in part.
    private struct Row: Decodable {
        let position: String
        let name: String
        let task: Int32
        let result: Int64?

        /// Its number in the flush.
        var number: Int { position.split(separator: ".").dropFirst().first.flatMap { Int($0) } ?? 0 }
    }

    /// What a session at `row` sees: the function, the thread, the result register, and the first bytes of the buffer there.
    private func seen(at row: Row, of run: RecordedRun, options: [String]) throws -> [Substring] {
        let commands = run.workshop.appendingPathComponent("look.gdb")
        try Data(
            """
            python print(gdb.selected_frame().name(), gdb.selected_thread().ptid[1], int(gdb.parse_and_eval("(long)$rax")))
            output/u bytes[0]@4

            """.utf8
        ).write(to: commands)
        let arguments = ["debug", "--run", run.directory.path, row.position, "--batch", commands.path]
        let finished = try run.ridealong(arguments + options)
        #expect(finished.status == 0 && !finished.errors.contains("not found"), "\(row) \(finished)")
        return finished.output.split { " \n{},".contains($0) }
    }

    @Test func sendsAndReceivesAnywhereInAFlushShowTheirBytes() throws {
        let run = try RecordedRun("debug-buffered")
        let program = try Programs.compile("captured", in: run.workshop)
        try run.record([program, "1", "60"], as: "one", options: ["--syscall-buffer", "on"]).succeed()
        try run.index()
        let rows: [Row] = try run.list("calls", ["-e", "write,sendto,read,recvfrom", "-z"])
        let payloads = Dictionary(
            try run.messages().flatMap { message in [(message.from?.position, message.payload)] }, uniquingKeysWith: { first, _ in first })
        let sends = rows.filter { $0.number > 1 && payloads[$0.position] != nil }
        let receives = rows.filter { $0.number > 0 && ["read", "recvfrom"].contains($0.name) && ($0.result ?? 0) > 0 }.suffix(3)
        try #require(sends.count >= 4 && !receives.isEmpty, "\(rows)")
        for row in [sends[0], sends[sends.count / 2], sends[sends.count - 1]] {
            let payload = try #require(payloads[row.position] ?? nil)
            let words = try seen(at: row, of: run, options: ["--send"])
            let bytes = payload.prefix(4).map { "\($0)"[...] }
            #expect(words.prefix(2) == ["send_somehow", "\(row.task)"] && words.dropFirst(3).starts(with: bytes), "\(row) \(words)")
        }
        for row in receives {
            let words = try seen(at: row, of: run, options: [])
            #expect(words.prefix(3) == ["receive_all", "\(row.task)", "\(row.result ?? 0)"], "\(row) \(words)")
        }
    }
}
