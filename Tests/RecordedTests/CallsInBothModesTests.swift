import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// The same program recorded with rr's syscall buffer and without.
    @Suite struct CallsInBothModesTests {
        /// A run of each mode, indexed.
        private func recorded(_ name: String, _ record: (RecordedRun, [String]) throws -> Void) throws -> (
            off: RecordedRun, on: RecordedRun
        ) {
            let runs = try ["off", "on"].map { buffer in
                let run = try RecordedRun("both-\(name)-\(buffer)")
                try record(run, ["--syscall-buffer", buffer])
                // Which descriptors were passed, only a replay tells.
                try run.index(options: ["--capture", "all"])
                return run
            }
            return (runs[0], runs[1])
        }

        /// The lines of `ridealong calls`, task by task in the order in which tasks appear; without positions, tasks, ports and addresses.
        private func lines(_ run: RecordedRun, _ options: [String] = [], from first: String? = nil) throws -> [[String]] {
            let output = try run.start([Executables.ridealong.path, "calls", "--run", run.directory.path] + options).succeed().output
            var tasks: [Substring] = []
            var own: [Substring: [String]] = [:]
            var isBefore = first != nil
            for line in output.split(separator: "\n").dropFirst() {
                let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
                let text = words[2].trimmingCharacters(in: .whitespaces)
                isBefore = isBefore && !text.hasPrefix(first ?? "")
                // When a signal arrives is a matter of time.
                if isBefore || text.hasPrefix("---") { continue }
                if own[words[1]] == nil { tasks.append(words[1]) }
                own[words[1], default: []].append(text)
            }
            return tasks.map { task in
                own[task, default: []].map { line in
                    var text = tasks.enumerated().reduce(line) {
                        $0.replacingOccurrences(of: "\\b\($1.element)\\b", with: "TASK\($1.offset)", options: .regularExpression)
                    }
                    for (pattern, template) in [
                        ("0x[0-9a-f]{5,}", "\u{1}"), (":\\d{4,}", ":PORT"), ("htons\\(\\d{4,}\\)", "htons(PORT)"),
                        (" *<unfinished \\.\\.\\.>", ""), ("\\?(?=[,)])", "\u{1}"),
                    ] { text = text.replacingOccurrences(of: pattern, with: template, options: .regularExpression) }
                    return text
                }
            }
        }

        /// Whether two lines say the same as far as both know: the mark of what one does not know (an address, a question mark) fits
        /// anything.
        private func agree(_ one: Substring, _ other: Substring) -> Bool {
            let unknown: Character = "\u{1}"
            if other.first == unknown, one.first != unknown { return agree(other, one) }
            guard let first = one.first else { return other.isEmpty }
            if first == unknown { return (other.indices + [other.endIndex]).contains { agree(one.dropFirst(), other[$0...]) } }
            return first == other.first && agree(one.dropFirst(), other.dropFirst())
        }

        /// Behind a call of which only name and result are known.
        private static let mark = "  [buffered]"

        private func expectAgreement(_ off: [[String]], _ on: [[String]]) -> (same: Int, unknown: [String]) {
            #expect(off.map(\.count) == on.map(\.count))
            var same = 0
            for (one, other) in zip(off.joined(), on.joined().map({ $0.replacingOccurrences(of: Self.mark, with: "") })) {
                if one == other { same += 1 }
                #expect(agree(one[...], other[...]), "\(one)\n\(other)")
            }
            return (same, on.joined().filter { $0.hasSuffix(Self.mark) })
        }

        /// A program that makes calls of many kinds.
        @Test func manyKindsOfCallsSayTheSame() throws {
            let runs = try recorded("kinds") { run, options in
                let program = try Programs.compile("calls", in: run.workshop)
                try #require(try run.record([program, run.workshop.path], as: "one", options: options).finish().status == 5)
            }
            // What comes before is the loader's.
            let (off, on) = (try lines(runs.off, from: "write(-1"), try lines(runs.on, from: "write(-1"))
            let (same, unknown) = expectAgreement(off, on)
            #expect(same >= 40, "\(same) lines")
            // What is made again in replay is not captured.
            let names = Set(unknown.map { String($0.prefix { $0 != "(" }) })
            #expect(names.isSubset(of: ["mprotect", "madvise"]), "\(unknown)")
            let told = on.joined()
            for line in [
                #"write(3, "hello\0\1772\n\"world\"", 16) = 16"#, #"write(4<pipe one>, "!", 1) = 1"#,
                #"sendto(4<tcp one 127.0.0.1:PORT>, "a question", 10, MSG_NOSIGNAL, NULL, 0) = 10"#,
                // The program's timeouts, not those with which rr looks first.
                "poll([{fd=5<tcp one 127.0.0.1:PORT>, events=POLLIN|POLLOUT, revents=POLLIN|POLLOUT}, {fd=-1}], 2, 1000) = 1",
                "epoll_wait(6, [{events=EPOLLIN, data={u32=7, u64=7}}], 1, -1) = 1",
                "setsockopt(3<tcp>, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
                "epoll_ctl(6, EPOLL_CTL_ADD, 5<tcp one 127.0.0.1:PORT>, {events=EPOLLIN, data={u32=7, u64=7}}) = 0",
                #"bind(3<tcp>, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0"#,
                "sendmsg(3<unix one>, {msg_iov=[{iov_base=\"passed\"}], msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, "
                    + "cmsg_type=SCM_RIGHTS, cmsg_data=[3<unix one>]}]}, 0) = 6",
            ] { #expect(told.contains(line), "\(line)") }
            for options in [["-Z"], ["-e", "%network"], ["-e", "write,sendto", "-z"]] {
                let counts = try [runs.off, runs.on].map { try lines($0, options, from: "write(-1").map(\.count) }
                #expect(counts[0] == counts[1], "\(options)")
            }
        }

        /// Clients with threads and a server with workers.
        @Test func clientsAndServersSayTheSame() throws {
            let runs = try recorded("conversation") { run, options in
                let client = try Programs.compile("message-client", in: run.workshop)
                let (server, port) = try run.recordForkingServer(workers: 1, connections: 5, options: options)
                try run.record([client, "\(port)", "2"], as: "client", options: options).succeed()
                try run.record([client, "\(port)", "1", "3"], as: "threads", options: options).succeed()
                try server.succeed()
            }
            for node in ["client", "threads", "server"] {
                // The answers of a worker depend on which thread asks first.
                let options = ["--node", node, "-e", "%network"] + (node == "server" ? ["-s", "0"] : [])
                let (same, unknown) = expectAgreement(try lines(runs.off, options), try lines(runs.on, options))
                #expect(same >= 6 && unknown.isEmpty, "\(node) \(same) \(unknown)")
            }
            let channels = try [runs.off, runs.on].map { try $0.channels() }
            #expect(channels[0].count == 5 && channels[1].count == 5)
            for (off, on) in zip(channels[0], channels[1]) where off.a.node == "client" {
                let followed = (try lines(runs.off, ["--follow", off.channel]), try lines(runs.on, ["--follow", on.channel]))
                #expect(followed.0.joined().count >= 6)
                _ = expectAgreement(followed.0, followed.1)
            }
            try expectShown(runs.on)
        }

        /// `show` knows of each call what `calls` does.
        private func expectShown(_ run: RecordedRun) throws {
            struct Row: Decodable {
                let position: String
                let text: String?
            }
            let listed = try run.start([Executables.ridealong.path, "calls", "--run", run.directory.path, "-e", "sendto"]).succeed().output
            let sends = listed.split(separator: "\n").dropFirst().map { $0.split(separator: " ", maxSplits: 2).map(String.init) }
                .filter { $0[2].contains("sendto(") }
            #expect(sends.count == 10 && sends.contains { $0[0].contains(".") }, "\(listed)")
            for send in sends {
                let rows: [Row] = try run.list("show", [send[0]])
                let row = try #require(rows.first)
                #expect(row.position == send[0] && row.text == send[2].trimmingCharacters(in: .whitespaces))
            }
            let buffered = try #require(sends.first { $0[0].contains(".") }?[0])
            let beyond = try run.ridealong(["show", "--run", run.directory.path, "\(buffered.prefix { $0 != "." }).999"])
            #expect(beyond.status != 0 && beyond.errors.contains("no call of the program is there"))
        }

        /// Without a replay the arguments of buffered calls are not known, and that is said.
        @Test func withoutAReplayTheArgumentsAreHiddenAndThatIsSaid() throws {
            let run = try RecordedRun("calls-not-captured")
            let program = try Programs.compile("pair-exec", in: run.workshop)
            try run.record([program, "5"], as: "pair", options: ["--syscall-buffer", "on"]).succeed()
            try run.index(options: ["--capture", "off"])
            let finished = try run.ridealong(["calls", "--run", run.directory.path, "-e", "%network,read,write"])
            #expect(finished.status == 0 && finished.output.contains("(?) = 4  [buffered]"), "\(finished)")
            let count = finished.output.split(separator: "\n").count { $0.hasSuffix("[buffered]") }
            #expect(finished.errors.contains("pair: the arguments of \(count) calls are hidden in rr's syscall buffer; `ridealong index`"))
        }
    }
}
