import Foundation
import TestSupport
import Testing

extension RecordedTests {
    /// What processes of one node have to do with each other: nothing, unless something leads from one to the other.
    @Suite(.inBothModes) struct WorkerTests {
        /// Two workers, each of which talks to itself; returns the positions of what each did, in order.
        private func work(_ run: RecordedRun, _ node: String, _ arguments: [String]) throws -> (first: [String], second: [String]) {
            let program = try Programs.compile("two-workers", in: run.workshop)
            let output = try run.record([program] + arguments, as: node).succeed().output
            let workers = output.matches(of: /(?:first|second) (\d+)/).compactMap { Int32($0.1) }
            try run.index()
            let talk = try Talk(run)
            let work = try run.log().filter { $0.node == node && ["send", "receive"].contains($0.operation) && $0.bytes == 4 }
            let positions = workers.map { worker in work.map(\.position).filter { talk.process(of: $0) == worker } }
            try #require(positions.map(\.count) == [40, 40])
            return (positions[0], positions[1])
        }

        private func relation(_ run: RecordedRun, _ a: String, _ b: String, _ options: [String] = []) throws -> String? {
            try run.list("happens-before", [a, b] + options, as: ListedRelation.self).first?.relation
        }

        @Test func workersWithNothingBetweenThemAreConcurrent() throws {
            let run = try RecordedRun("workers-apart")
            let (first, second) = try work(run, "apart", [])
            for (one, other) in [(0, 0), (0, 39), (39, 0), (39, 39), (20, 20)] {
                #expect(try relation(run, first[one], second[other]) == "concurrent")
                // rr ran them in one order all the same.
                #expect(try relation(run, first[one], second[other], ["--recorded"]) != "concurrent")
            }
            #expect(try relation(run, first[0], first[39]) == "before" && relation(run, second[0], second[39]) == "before")
        }

        @Test func aPipeBetweenWorkersOrdersThem() throws {
            let run = try RecordedRun("workers-joined")
            let (first, second) = try work(run, "joined", ["pipe"])
            for (one, other) in [(0, 0), (0, 39), (39, 0), (39, 39)] {
                #expect(try relation(run, first[one], second[other]) == "before")
                #expect(try relation(run, second[other], first[one]) == "after")
            }
        }
    }
}
