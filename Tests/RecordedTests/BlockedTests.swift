import TestSupport
import Testing

extension RecordedTests {
    /// Who waits for whom, asked at every send and receive, also at those in the middle of a flush.
    @Suite(.inBothModes) struct BlockedTests {
        private struct Row: Decodable {
            struct Process: Decodable {
                let node: String
            }
            let position: String?
            let reason: String?
            let waitsFor: [Process]?
            let over: Bool?
        }

        @Test func whoseBytesAreOnTheirWayWaitsNoMore() throws {
            let run = try RecordedRun("blocked-everywhere")
            let client = try Programs.compile("message-client", in: run.workshop)
            let (server, port) = try run.recordForkingServer(workers: 1, connections: 4, options: [])
            try run.record([client, "\(port)", "4"], as: "client").succeed()
            try server.succeed()
            #expect(try run.index().isEmpty)
            let channels = Set(try run.channels().filter { $0.kind == "tcp" }.map(\.channel))
            let operations = try run.log().sorted { $0.rank < $1.rank }.filter { channels.contains($0.channel ?? "") }
            // One connection after the other, so that what is on the way is on the way in that one.
            var moved: [String: UInt64] = [:]
            var (waits, over) = (0, 0)
            for operation in operations where ["send", "receive"].contains(operation.operation) {
                moved["\(operation.node) \(operation.operation)", default: 0] += operation.bytes ?? 0
                let rows: [Row] = try run.list("blocked", [operation.position])
                for row in rows where row.reason == "data" && row.waitsFor?.isEmpty == false {
                    let (own, other) = nodeName(row.position ?? "") == "client" ? ("client", "server") : ("server", "client")
                    let isOnTheWay = moved["\(other) send", default: 0] > moved["\(own) receive", default: 0]
                    #expect(row.over == isOnTheWay, "at \(operation.position): \(row)")
                    waits += 1
                    over += isOnTheWay ? 1 : 0
                }
            }
            #expect(over > 0, "\(waits) \(over)")
        }
    }
}
