import TestSupport
import Testing

extension RecordedTests {
    /// Servers and clients of languages whose runtime systems do their input and output in ways of their own.
    @Suite(.inBothModes) struct CountingTests {
        /// Threads that take goroutines from each other, and signals that make them.
        @Test func goCountsByHTTP() throws {
            let counting = try Counting("go") { [try Programs.build("counting", in: $0.workshop)] }
            try counting.expectTold()
        }

        /// A program without libc, into which rr can bring no buffer.
        @Test func goCountsWithoutLibc() throws {
            let counting = try Counting("go-static") {
                [try Programs.build("counting", in: $0.workshop, environment: ["CGO_ENABLED": "0"])]
            }
            try counting.expectTold()
        }

        @Test func nodeCountsByHTTP() throws {
            let program = [try Programs.installed("node"), Programs.source("counting.js")]
            let counting = try Counting("node") { _ in program }
            try counting.expectTold()
        }

        @Test func asyncioCounts() throws {
            let program = [try Programs.installed("python3"), Programs.source("counting.py")]
            let counting = try Counting("asyncio") { _ in program }
            try counting.expectTold()
        }
    }
}
