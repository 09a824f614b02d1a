import Causality
import Matching
import RunModel
import TestSupport
import Testing

/// In a recording with the syscall buffer, the close that ended a stream may be hidden, and a later one seen.
@Suite struct HiddenCloseTests {
    /// A socketpair of which one end sees the end of the stream before the other is known to be closed.
    private func check(isHidden: Bool) -> (graph: CausalGraph, violations: [Violation]) {
        let builder = ActivityBuilder(Clock())
        let (reader, writer) = builder.pair()
        if isHidden { builder.change(writer) { $0.opaqueFrom = $0.opened } }
        builder.receiveEnd(reader)
        builder.close(writer)
        builder.close(reader)
        let matches = match([builder.node])
        let graph = CausalGraph(nodes: [builder.node], channels: matches.channels, deliveries: matches.deliveries)
        let violations = verify(
            nodes: [builder.node], channels: matches.channels, deliveries: matches.deliveries, totals: matches.totals, order: graph.order)
        return (graph, violations)
    }

    @Test func anEndThatIsSeenBeforeTheCloseIsNoViolationIfClosesAreHidden() {
        #expect(check(isHidden: true).violations.isEmpty)
        #expect(check(isHidden: false).violations.map(\.rule) == ["end-before-close"])
    }

    @Test func theLaterCloseIsNotTheCauseOfTheEnd() {
        let graph = check(isHidden: true).graph
        #expect(!graph.edges.contains { $0.kind == .endOfStream } && graph.anomalies.isEmpty)
    }
}
