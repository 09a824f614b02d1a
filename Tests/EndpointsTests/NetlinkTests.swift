import Endpoints
import RunModel
import Testing

/// Talking to the kernel is no channel.
@Suite struct NetlinkTests {
    @Test func aNetlinkSocketIsNotTakenForOneThatWasInherited() throws {
        var history = History()
        history.call(.socket, [16, 3, 0], result: 3)
        history.call(.sendto, [3, History.buffer, 20, 0], result: 20)
        history.call(.recvfrom, [3, History.buffer, 4096, 0], result: 2, wrote: [[1, 2]])
        history.call(.close, [3], result: 0)
        let reading = try history.read()
        #expect(reading.story.isEmpty && reading.activity.endpoints.isEmpty)
        #expect(reading.anomalies.all.map(\.subject).allSatisfy { $0.hasSuffix("on netlink socket") })
        #expect(reading.anomalies.all.map(\.count) == [1, 1])
    }
}
