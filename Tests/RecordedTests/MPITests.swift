import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// Two ranks of OpenMPI, which `mpirun` starts, each recorded for itself; `mpirun` is not.
    @Suite(.inBothModes) struct MPITests {
        @Test func ranksPassATokenAndAddUpVectors() throws {
            let (laps, length) = (20, 20_000)
            let run = try RecordedRun("mpi", chance: .outside)
            let program = try Programs.compile("summing", in: run.workshop, compiler: "mpicc")
            // Ranks shall talk by TCP, on this machine only, and share no memory with `mpirun`, which nobody records. More ranks than cores
            // are all right.
            let mpirun =
                [try Programs.installed("mpirun"), "-n", "2", "--oversubscribe", "--mca", "btl", "tcp,self"]
                + ["--mca", "btl_tcp_if_include", "lo", "--mca", "plm", "isolated"] + (getuid() == 0 ? ["--allow-run-as-root"] : [])
            let output = try run.start(
                mpirun + run.recording([program, "\(laps)", "\(length)"], as: "rank"), environment: ["PMIX_MCA_gds": "hash"]
            ).succeed(within: 120).output
            // Each element is the sum of both ranks' own, `rank + index`.
            let sum = (0..<length).reduce(0) { $0 + 2 * $1 + 1 }
            let lines = (0..<2).map { "rank \($0) of 2: \(sum)" } + ["token \(3 * laps)"]
            // `mpirun` gives ranks terminals, on which rr greets.
            #expect(output.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("rr: ") }.sorted() == lines.sorted().map { $0[...] })
            let anomalies = try run.index(options: ["--capture", "all"])
            #expect(anomalies.isEmpty, "\(anomalies)")
            #expect(try run.nodes().map(\.node) == ["rank-0", "rank-1"])
            let channels = try run.channels().filter { $0.kind == "tcp" }
            let outside = channels.filter { $0.b.outside == true }
            #expect(channels.count == 3 && outside.map(\.a.node) == ["rank-0", "rank-1"])
            let pair = try #require(channels.first { $0.b.node == "rank-1" })
            #expect(pair.a.node == "rank-0" && !pair.atLeast)
            let messages = try run.messages().filter { $0.channel == pair.channel }
            #expect(messages.allSatisfy { $0.isCertain && $0.delivered == $0.bytes && $0.payload?.count == Int($0.bytes) })
            for (sender, bytes) in [("rank-0", pair.bytesAToB), ("rank-1", pair.bytesBToA)] {
                #expect(messages.filter { $0.sender == sender }.reduce(0) { $0 + $1.bytes } == bytes)
                #expect(bytes > 8 * length / 2)
            }
            try expectToken(laps, messages)
            #expect(try run.expectEveryCallJoined().count == 2)
            try expectNothingUnknown(run, messages)
        }

        /// Expects the token's way from rank to rank, as the ranks counted it on.
        private func expectToken(_ laps: Int, _ messages: [ListedMessage]) throws {
            // Behind OpenMPI's own headers the four bytes of the number are a message's last.
            let passed = messages.filter { $0.bytes == Self.tokenSize }.prefix(2 * laps)
            let numbers = passed.map { ($0.payload ?? Data()).suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) } }
            let counted = (0..<laps).flatMap { lap in [3 * lap + 1, 3 * lap + 3] }
            #expect(numbers == counted)
            #expect(passed.map(\.sender) == (0..<2 * laps).map { "rank-\($0 % 2)" })
            let ranks = try passed.flatMap { [try #require($0.from?.rank), try #require($0.to.last?.rank)] }
            #expect(ranks == ranks.sorted())
        }

        /// Expects that replays have told all that the ranks sent each other.
        private func expectNothingUnknown(_ run: RecordedRun, _ messages: [ListedMessage]) throws {
            let comparison = try run.compareBytes()
            #expect(comparison.violations == 0 && comparison.unknownBytes == 0)
            #expect(comparison.comparedBytes >= messages.reduce(0) { $0 + $1.bytes })
        }

        /// The header of OpenMPI's TCP transport, that of its messages, and an `int`.
        private static let tokenSize: UInt64 = 26
    }
}
