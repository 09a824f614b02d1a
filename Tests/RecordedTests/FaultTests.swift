import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// What goes wrong while a node is replayed for the index: it is said what, where and what to do, what was known stays known, and
    /// nobody is left behind.
    @Suite struct FaultTests {
        /// A run of one node that was recorded with the syscall buffer and indexed, and everything its index says.
        private struct Known: Sendable {
            /// A node whose replay takes a second or two. Each test leaves it as it was.
            static let slow = MadeOnce { try Known("slow", isSlow: true) }

            let run: RecordedRun
            let before: [[Substring]]

            /// A node that asks itself questions, `rounds` times, and then computes for a second or two, if it `isSlow`.
            init(_ name: String, rounds: Int = 50, isSlow: Bool = false) throws {
                run = try RecordedRun("fault-\(name)")
                var program = [try Programs.compile("pair-exec", in: run.workshop), "\(rounds)"]
                if isSlow { program = ["sh", "-c", "\"$1\" $2; \"$0\"", try Programs.compile("computing", in: run.workshop)] + program }
                try run.record(program, as: "node", options: ["--syscall-buffer", "on"]).succeed()
                guard try run.index().isEmpty else { throw Failure("the first replay failed") }
                before = try run.everything()
            }

            var captures: URL { run.directory.appendingPathComponent(".ridealong/captures") }
            var trace: String { run.directory.appendingPathComponent("node/trace").path }

            /// Loses what was captured, so that the next `index` replays the node.
            func loseCaptures() throws { try FileManager.default.removeItem(at: captures) }

            /// Starts `index`, and waits until its replay is in the middle: the program has made its first call.
            func startIndex() throws -> Command {
                let index = try run.start([Executables.ridealong.path, "index", "--run", run.directory.path, "--json"])
                try awaitReplay(in: index)
                return index
            }

            /// Waits until a replay of `index` has captured something.
            func awaitReplay(in index: Command) throws {
                try TestSupport.wait(for: "a replay to capture something") {
                    guard index.isRunning else { throw Failure("index has ended: \(try index.errors())") }
                    let names = (try? FileManager.default.contentsOfDirectory(atPath: captures.path)) ?? []
                    guard let partial = names.first(where: { $0.hasSuffix(".partial") }) else { return false }
                    // Gone again, if the replay has just ended.
                    guard let file = FileHandle(forReadingAtPath: captures.appendingPathComponent(partial).path) else { return false }
                    let header = try file.read(upToCount: 32) ?? Data()
                    let first = header.count == 32 ? header[24..<28].reversed().reduce(0) { $0 << 8 | UInt64($1) } : 0
                    return first > 0 && header[16..<24].reversed().reduce(0) { $0 << 8 | UInt64($1) } > first + 8000
                }
            }
        }

        /// A process and all that descend from it, parents first.
        private func family(of process: Int32) -> [Int32] {
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
            // Those of one that has just ended have none.
            let children = threads.flatMap { thread in
                (try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/children", encoding: .utf8))?.split(separator: " ") ?? []
            }
            return [process] + children.compactMap { Int32($0) }.flatMap(family)
        }

        /// Kills the `rr` that `index` has started; what that leaves must be gone soon.
        private func killReplay(of index: Command) throws {
            let family = try awaitFamily(of: index)
            kill(family[1], SIGKILL)
            try expectGone(family.dropFirst())
        }

        /// `ridealong`, rr, and what it replays. The kernel may miss some now and then.
        private func awaitFamily(of index: Command) throws -> [Int32] {
            var family: [Int32] = []
            try wait(for: "a replay") {
                family = self.family(of: index.pid)
                return family.count > 2
            }
            return family
        }

        private func expectGone(_ processes: some Collection<Int32>) throws {
            try wait(for: "\(processes) to be gone") {
                processes.allSatisfy { process in
                    // One that is dead may wait for somebody to take note of that.
                    (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8))?.contains(") Z ") ?? true
                }
            }
        }

        /// The anomalies that `index --json` printed.
        private func anomalies(_ finished: Finished) throws -> [ListedFinding] {
            #expect(finished.status == 0, "\(finished.errors)")
            let rows = try finished.output.split(separator: "\n").dropFirst().map { line in
                try JSONDecoder().decode(ListedFinding.self, from: Data(line.utf8))
            }
            return rows.filter { $0.anomaly != nil }
        }

        @Test func aReplayThatIsKilledOnceIsTriedInAnotherWay() throws {
            let known = try Known.slow.get()
            try known.loseCaptures()
            let index = try known.startIndex()
            try killReplay(of: index)
            let found = try anomalies(index.finish())
            #expect(found.map(\.anomaly) == ["captured-otherwise"])
            let subject = found.first?.subject ?? ""
            #expect(subject.hasPrefix("by int3 instead of the ring: the replay of \(known.trace) failed at event "), "\(subject)")
            #expect(subject.contains("(signal 9); rr said nothing: does `rr replay -a \(known.trace)` work here?"), "\(subject)")
            #expect(try known.run.everything() == known.before)
        }

        @Test func aReplayThatIsKilledEachTimeLeavesWhatWasKnown() throws {
            let known = try Known.slow.get()
            try known.loseCaptures()
            let index = try known.startIndex()
            try killReplay(of: index)
            try known.awaitReplay(in: index)
            try killReplay(of: index)
            // How the replay before was captured may still be said, too.
            let found = try anomalies(index.finish()).filter { $0.anomaly != "captured-otherwise" }
            #expect(found.map(\.anomaly) == ["not-captured"] && found.first?.first?.hasPrefix("node@") == true, "\(found)")
            #expect(found.first?.subject?.contains("(signal 9)") == true, "\(found)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: known.captures.path) == [])
            #expect(try known.run.everything() == known.before)
            // Once it can be replayed again, it is.
            #expect(try known.run.index().isEmpty && known.run.everything() == known.before)
        }

        @Test(arguments: [SIGKILL, SIGINT])
        func anIndexThatIsKilledLeavesTheOldOneAndNoReplay(signal: Int32) throws {
            let known = try Known.slow.get()
            try known.loseCaptures()
            let index = try known.startIndex()
            let processes = try awaitFamily(of: index)
            index.send(signal)
            #expect(try index.finish().status == -signal)
            try expectGone(processes)
            #expect(try known.run.everything() == known.before)
            #expect(try known.run.index().isEmpty && known.run.everything() == known.before)
        }

        @Test(arguments: [
            ("\"tick\" : 50", "\"tick\" : 49", "ticks mismatch"),
            ("\"kind\" : \"software\"", "\"kind\" : \"hardware\"", "node was recorded with hardware counters, and here "),
        ])
        func otherCountersAreNamed(recorded: String, replayed: String, message: String) throws {
            let known = try Known("counters-\(message.prefix(4))")
            let sidecar = known.run.directory.appendingPathComponent("node/node.json")
            let text = try String(contentsOf: sidecar, encoding: .utf8)
            // With a PMU, there is nothing to be mistaken about.
            guard text.contains("\"kind\" : \"software\"") else { return }
            try #require(text.contains(recorded))
            try expectNotCaptured(known, message) {
                try text.replacing(recorded, with: replayed).write(to: sidecar, atomically: true, encoding: .utf8)
            }
        }

        @Test func aTraceOfAnotherCPUIsNamed() throws {
            let known = try Known("cpu")
            let doctor = try known.run.ridealong(["doctor"]).output
            // rr then shows the program the CPU of the recording.
            guard doctor.contains("CPUID faulting no") else { return }
            try expectNotCaptured(known, "Trace was recorded on a machine with different CPUID values") {
                try OtherCPU.write(to: "\(known.trace)/version")
            }
        }

        /// After `change`, which does something to the node, it cannot be replayed, and why not is said with `message`.
        private func expectNotCaptured(_ known: Known, _ message: String, change: () throws -> Void) throws {
            try change()
            try known.run.removeIndex()
            let watched = [try Programs.compile("last-parent", in: known.run.workshop), "0", "0", "0"]
            let finished = try known.run.start(
                watched + [Executables.ridealong.path, "index", "--run", known.run.directory.path, "--json"]
            ).finish()
            let lines = finished.output.split(separator: "\n")
            // What rr replayed has died with it, and only waits to be taken note of.
            let left = lines.filter { $0.hasPrefix("left ") && !$0.contains(") Z ") }
            #expect(lines.contains("end 0") && left.isEmpty, "\(finished)")
            let rows = try lines.filter { $0.hasPrefix("{") }.dropFirst().map { line in
                try JSONDecoder().decode(ListedFinding.self, from: Data(line.utf8))
            }
            let failures = rows.filter { $0.anomaly == "not-captured" }
            #expect(failures.count == 1 && failures.first?.subject?.contains(message) == true, "\(finished.output)")
            // What the frames tell is there.
            #expect(rows.contains { $0.anomaly == "hidden-in-buffer" })
            #expect(try known.run.nodes().map(\.state) == ["complete"])
        }

        /// Whether small disks can be made here: for that, one must be root.
        private static let canMount = Result { try RecordedTrace.output(of: smallDisk(at: "/mnt", "true")) }

        /// A command that runs `script` where `directory` is a disk of 256 KiB.
        private static func smallDisk(at directory: String, _ script: String, _ words: String...) -> [String] {
            ["unshare", "--mount", "sh", "-ec", "mount -t tmpfs -o size=256k tmpfs \"$0\"; \(script)", directory] + words
        }

        @Test(.enabled("a full disk can be tried only where one may mount: as root") { (try? canMount.get()) != nil })
        func aFullDiskIsNamedWhereACaptureShouldGo() throws {
            let known = try Known("full-captures", rounds: 1000)
            try known.loseCaptures()
            try FileManager.default.createDirectory(at: known.captures, withIntermediateDirectories: true)
            let script = "\"$@\"; ls \"$0\" >&2"
            let words = Self.smallDisk(at: known.captures.path, script)
            let finished = try known.run.start(
                ["/usr/bin/env"] + words + [Executables.ridealong.path, "index", "--run", known.run.directory.path, "--json"]
            ).finish()
            let found = try anomalies(finished)
            #expect(found.map(\.anomaly) == ["not-captured"])
            let message = "the disk is full: no room for the calls of a replay in \(known.captures.path)/"
            #expect(found.first?.subject?.hasPrefix(message) == true, "\(found)")
            #expect(finished.errors == "", "what there was of it is removed")
            #expect(try known.run.everything() == known.before)
            // Where there is room again, it is made anew.
            #expect(try known.run.index().isEmpty && known.run.everything() == known.before)
        }

        @Test(.enabled("a full disk can be tried only where one may mount: as root") { (try? canMount.get()) != nil })
        func aFullDiskIsNamedWhereTheIndexShouldGo() throws {
            let known = try Known("full-index")
            let index = known.run.directory.appendingPathComponent(".ridealong")
            let kept = known.run.workshop.appendingPathComponent("kept")
            try FileManager.default.copyItem(at: index, to: kept)
            // A second node, of which there is more to say than there is room.
            let program = [try Programs.compile("pair-exec", in: known.run.workshop), "6000"]
            try known.run.record(program, as: "talkative", options: ["--syscall-buffer", "off"]).succeed()
            let script = """
                cp -r "$1"/. "$0"; before=$("$2" messages --run "$3"); status=0
                "$2" index --run "$3" || status=$?
                [ "$before" = "$("$2" messages --run "$3")" ] || echo "the old index has changed"
                exit $status
                """
            let words = Self.smallDisk(
                at: index.path, script, kept.path, Executables.ridealong.path, known.run.directory.path)
            let finished = try known.run.start(["/usr/bin/env"] + words).finish()
            #expect(finished.status == 1 && finished.output == "", "\(finished)")
            #expect(finished.errors.contains("\(index.path)/index.sqlite: the disk is full; make room"), "\(finished.errors)")
        }
    }
}

/// Makes a trace one of another CPU, as far as rr can see.
private enum OtherCPU {
    /// Changes the model that CPUID leaf 1 has in the header of a trace, the file `version`: a line, and a packed Cap'n Proto message.
    static func write(to path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        guard let end = bytes.firstIndex(of: 10) else { throw Failure("\(path) has no first line") }
        var message = unpack(bytes[(end + 1)...])
        // In records of six numbers: leaf, subleaf (here: any), and four results, of which the first has the model in bits 4 to 7.
        let leaf: [UInt8] = [1, 0, 0, 0, 255, 255, 255, 255]
        let places = stride(from: 0, to: message.count - 24, by: 4).filter { message[$0..<$0 + 8].elementsEqual(leaf) }
        guard let place = places.first, places.count == 1 else { throw Failure("\(path): leaf 1 is at \(places)") }
        message[place + 8] ^= 0x10
        chmod(path, 0o600)
        let words = stride(from: 0, to: message.count, by: 8).map { start in
            message[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        try Data(bytes[...end] + CapnpMessage.packed(words)).write(to: URL(fileURLWithPath: path))
    }

    private static func unpack(_ packed: ArraySlice<UInt8>) -> [UInt8] {
        var rest = packed
        var bytes: [UInt8] = []
        while let tag = rest.popFirst() {
            for bit in 0..<8 { bytes.append(tag >> bit & 1 == 0 ? 0 : rest.popFirst() ?? 0) }
            if tag == 0 { bytes += [UInt8](repeating: 0, count: 8 * Int(rest.popFirst() ?? 0)) }
            if tag == 255 {
                let count = 8 * Int(rest.popFirst() ?? 0)
                bytes += rest.prefix(count)
                rest = rest.dropFirst(count)
            }
        }
        return bytes
    }
}
