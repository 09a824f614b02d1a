import Foundation
import TestSupport
import Testing

/// One program, recorded and listed by ridealong, and run under strace.
private struct Compared {
    private static let result = Result { try Compared() }
    static func made() throws -> Compared { try result.get() }

    let run: RecordedRun
    /// What strace said, a line each: task and text.
    let strace: [(task: String, text: String)]
    /// What `ridealong calls` said.
    let calls: [(task: String, text: String)]

    private init() throws {
        run = try RecordedRun("calls")
        let program = try Programs.compile("calls", in: run.workshop)
        let output = run.workshop.appendingPathComponent("strace")
        let traced = try run.start([try Programs.installed("strace"), "-f", "-o", output.path, program, run.workshop.path]).finish()
        try #require(traced.status == 5, "\(traced.errors)")
        try #require(try run.record([program, run.workshop.path], as: "one").finish().status == 5)
        try run.index()
        strace = Self.resumed(
            try String(contentsOf: output, encoding: .utf8).split(separator: "\n").map { line in
                let words = line.split(separator: " ", maxSplits: 1)
                return (String(words[0]), words[1].trimmingCharacters(in: .whitespaces))
            })
        let listed = try run.start([Executables.ridealong.path, "calls", "--run", run.directory.path]).succeed().output
        calls = listed.split(separator: "\n").dropFirst().map { line in
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
            return (String(words[1]), words[2].trimmingCharacters(in: .whitespaces))
        }
    }

    /// strace's lines with the two parts of each interrupted one put together, where the second is.
    private static func resumed(_ lines: [(task: String, text: String)]) -> [(task: String, text: String)] {
        var beginnings: [String: String] = [:]
        return lines.compactMap { task, text in
            if let mark = text.range(of: " <unfinished ...>") {
                beginnings[task] = String(text[..<mark.lowerBound])
                return nil
            }
            guard text.hasPrefix("<... "), let mark = text.range(of: " resumed>") else { return (task, text) }
            return (task, (beginnings[task] ?? "?") + text[mark.upperBound...])
        }
    }

    /// The lines of each task, in order of the tasks' appearance, from the program's own beginning on; signals apart.
    static func byTask(_ lines: [(task: String, text: String)]) -> [[String]] {
        var tasks: [String] = []
        var own: [String: [String]] = [:]
        for (task, text) in lines.drop(while: { !$0.text.hasPrefix("write(-1") }) where !text.hasPrefix("---") {
            if own[task] == nil { tasks.append(task) }
            own[task, default: []].append(text)
        }
        let numbers = Dictionary(uniqueKeysWithValues: tasks.enumerated().map { ($0.element, "TASK\($0.offset)") })
        return tasks.map { task in own[task, default: []].map { Self.normalized($0, numbers) } }
    }

    /// A line without what is another in each run: tasks, addresses, ports; and without what only one of the two writes.
    private static func normalized(_ line: String, _ tasks: [String: String]) -> String {
        var text = line
        func replace(_ pattern: String, _ template: String) {
            text = text.replacingOccurrences(of: pattern, with: template, options: .regularExpression)
        }
        replace("(?<=\\d)<[a-zA-Z][^>]*>", "")
        replace(" <unfinished ...>\\) = \\?$", ") = ?")
        replace(" += ", " = ")
        replace("IPPROTO_IP", "0")
        replace(" /\\* .* \\*/", "")
        replace("syscall_0x3e7", "syscall_999")
        for (task, name) in tasks { replace("\\b\(task)\\b", name) }
        replace("0x[0-9a-f]{5,}", "ADDRESS")
        replace("htons\\(\\d{4,}\\)", "htons(PORT)")
        return text
    }
}

@Suite("Calls against strace")
struct OracleTests {
    /// The name and the result of a call.
    private func skeleton(_ line: String) -> String {
        guard let open = line.firstIndex(of: "("), let result = line.range(of: " = ", options: .backwards) else { return line }
        // What poll found, strace repeats behind the result.
        let outcome = line[result.upperBound...].replacingOccurrences(of: " \\(\\[.*\\]\\)$", with: "", options: .regularExpression)
        return "\(line[..<open]) = \(outcome)"
    }

    @Test("each task makes the calls that strace sees, in the same order, with the same results and errors", .timeLimit(.minutes(3)))
    func sameCalls() throws {
        let compared = try Compared.made()
        let (strace, calls) = (Compared.byTask(compared.strace), Compared.byTask(compared.calls))
        #expect(calls.map(\.count) == strace.map(\.count) && calls.count == 3)
        for (mine, its) in zip(calls, strace) {
            for (one, other) in zip(mine, its) { #expect(skeleton(one) == skeleton(other)) }
        }
    }

    @Test("lines whose arguments the trace holds are strace's, to the letter", .timeLimit(.minutes(3)))
    func sameText() throws {
        let compared = try Compared.made()
        var same = 0
        for (mine, its) in zip(Compared.byTask(compared.calls).joined(), Compared.byTask(compared.strace).joined()) {
            if mine == its {
                same += 1
                continue
            }
            // What it takes from memory is an address; and these are written another way.
            let isOther = ["clone(", "poll(", "readv(", "recvmsg(", "uname(", "rt_sigreturn("].contains { mine.hasPrefix($0) }
            #expect(mine.contains("ADDRESS") || isOther, "\(mine)\n\(its)")
        }
        #expect(same >= 60, "\(same) lines")
    }

    @Test("each signal is delivered once, with the same information", .timeLimit(.minutes(3)))
    func sameSignals() throws {
        let compared = try Compared.made()
        let signals = { (lines: [(task: String, text: String)]) in
            lines.map(\.text).filter { $0.hasPrefix("---") }.map { text in
                text.replacingOccurrences(of: "si_pid=\\d+|, si_utime=\\d+|, si_stime=\\d+", with: "", options: .regularExpression)
            }
        }
        #expect(signals(compared.calls) == signals(compared.strace) && signals(compared.calls).count == 3)
    }

    @Test("in JSON each line has its parts", .timeLimit(.minutes(3)))
    func rows() throws {
        struct Row: Decodable {
            let position: String
            let kind: String
            let name: String
            let arguments: [String]
            let result: Int64?
            let error: String?
            let entered: UInt64?
            let returned: UInt64?
            let duration: Int64?
        }
        let run = try Compared.made().run
        let rows: [Row] = try run.list("calls", ["-e", "%network", "-Z"])
        #expect(
            rows.map(\.error) == ["EAGAIN", "EINVAL"] && rows.map(\.result) == [-11, -22] && rows.map(\.name) == ["recvfrom", "socket"])
        #expect(rows.allSatisfy { row in row.kind == "call" && row.position == "one@\(row.returned ?? 0)" && (row.duration ?? 0) > 0 })
        #expect(rows.allSatisfy { ($0.entered ?? .max) < ($0.returned ?? 0) } && rows.last?.arguments == ["AF_UNIX", "SOCK_RAW|0x60", "0"])
    }

    @Test("--follow shows what both ends of a channel do, and nothing else", .timeLimit(.minutes(3)))
    func follow() throws {
        let run = try Compared.made().run
        let channel = try #require(try run.channels().first { $0.kind == "tcp" })
        let lines = try run.ridealong(["calls", "--run", run.directory.path, "--follow", channel.channel]).output.split(separator: "\n")
        let names = lines.dropFirst().compactMap { $0.split(separator: " ")[2].split(separator: "(").first }
        #expect(
            names == [
                "connect", "accept4", "recvfrom", "sendto", "recvfrom", "getsockopt", "shutdown", "epoll_ctl", "recvfrom", "recvfrom",
                "close",
                "close",
            ])
    }

    @Test("-c counts what is listed", .timeLimit(.minutes(3)))
    func counts() throws {
        struct Row: Decodable {
            let name: String
            let calls: Int
            let errors: Int
        }
        let compared = try Compared.made()
        let rows: [Row] = try compared.run.list("calls", ["-c"])
        let listed = Dictionary(grouping: compared.calls.filter { !$0.text.hasPrefix("---") && !$0.text.hasPrefix("+++") }) {
            String($0.text.prefix { $0 != "(" })
        }
        #expect(rows.count == listed.count && rows.allSatisfy { listed[$0.name]?.count == $0.calls })
        #expect(rows.first { $0.name == "write" }?.errors == 2)
    }
}
