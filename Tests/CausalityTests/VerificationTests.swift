import Causality
import Matching
import RunModel
import TestSupport
import Testing

/// An index in which one thing was changed: the verifier must notice.
struct Fault: CustomTestStringConvertible, Sendable {
    /// An index in memory.
    struct Index {
        var nodes: [NodeActivity]
        var channels: [Channel]
        var deliveries: [Delivery]
        var totals: [ChannelTotals]
        var order: TotalOrder

        var violations: [Violation] {
            verify(nodes: nodes, channels: channels, deliveries: deliveries, totals: totals, order: order)
        }

        func keepsMessages(_ delivery: Int) -> Bool { channels[Int(deliveries[delivery].channel)].kind.keepsMessages }

        mutating func reorder(_ body: (inout [NodeID]) -> Void) {
            var sequence = order.sequence
            body(&sequence)
            order = TotalOrder(sequence: sequence, nodes: nodes.count)
        }
    }

    let testDescription: String
    /// The rule that is violated.
    let rule: String
    /// Makes the fault at a place that depends on the number.
    let inject: @Sendable (inout Index, Int) -> Void

    init(_ description: String, _ rule: String, _ inject: @escaping @Sendable (inout Index, Int) -> Void) {
        (testDescription, self.rule, self.inject) = (description, rule, inject)
    }

    static let all = [
        Fault("a rank is missing", "order-incomplete") { index, place in
            index.reorder { $0.remove(at: place % $0.count) }
        },
        Fault("a receive is moved before its send", "receive-before-send") { index, place in
            let between = index.deliveries.filter { $0.sent.node != $0.received.node }
            let delivery = between[place % between.count]
            let last = index.order.rank(of: delivery.received) ?? 0
            // All of the receiver's first: the receive, and all that it follows, come before the send.
            index.reorder {
                $0 =
                    $0[...last].filter { $0 == delivery.received.node } + $0[...last].filter { $0 != delivery.received.node }
                    + $0[(last + 1)...]
            }
        },
        Fault("operations are swapped", "operations-unsorted") { index, place in
            let node = Int(index.deliveries[place % index.deliveries.count].received.node.index)
            index.nodes[node].operations.swapAt(0, index.nodes[node].operations.count - 1)
        },
        Fault("a delivery is forgotten", "byte-account") { index, place in
            let streams = index.deliveries.indices.filter { !index.keepsMessages($0) }
            index.deliveries.remove(at: streams[place % streams.count])
        },
        Fault("the delivery of a message is forgotten", "totals-wrong") { index, place in
            let last = index.deliveries.indices.last { index.keepsMessages($0) }
            index.deliveries.remove(at: last ?? place % index.deliveries.count)
        },
        Fault("a delivery is there twice", "byte-delivered-twice") { index, place in
            index.deliveries.insert(index.deliveries[place % index.deliveries.count], at: place % index.deliveries.count)
        },
        Fault("a delivery is longer than what was moved", "delivery-out-of-range") { index, place in
            let bytes = index.deliveries[place % index.deliveries.count].bytes
            index.deliveries[place % index.deliveries.count].bytes = bytes.lowerBound..<bytes.upperBound + 5000
        },
        Fault("a delivery goes the other way", "delivery-elsewhere") { index, place in
            index.deliveries[place % index.deliveries.count].forward.toggle()
        },
        Fault("a delivery comes from nowhere", "delivery-of-nothing") { index, place in
            index.deliveries[place % index.deliveries.count].sent = OperationRef(node: NodeID(0), index: 1 << 30)
        },
        Fault("a channel is forgotten", "end-without-channel") { index, _ in index.channels.removeLast() },
        Fault("a channel is there twice", "end-in-two-channels") { index, place in
            index.channels.append(index.channels[place % index.channels.count])
        },
        Fault("a channel is of another kind", "end-of-other-kind") { index, place in
            index.channels[place % index.channels.count].kind = .unknown
        },
        Fault("a channel ends nowhere", "end-missing") { index, _ in
            index.channels[0].a = .endpoint(EndpointID(node: NodeID(4711), serial: 0))
        },
        Fault("a channel ends in a listening socket", "end-listens") { index, place in
            let delivery = index.deliveries[place % index.deliveries.count]
            let node = Int(delivery.sent.node.index)
            let serial = Int(index.nodes[node].operations[Int(delivery.sent.index)].endpoint)
            index.nodes[node].endpoints[serial].birth = .listen
        },
        Fault("bytes of a send are missing", "offset-gap") { index, place in
            let sent = index.deliveries[place % index.deliveries.count].sent
            let bytes = index.nodes[Int(sent.node.index)].operations[Int(sent.index)].bytes ?? 0..<0
            index.nodes[Int(sent.node.index)].operations[Int(sent.index)].bytes = bytes.lowerBound + 1..<bytes.upperBound + 1
        },
        Fault("an operation is on no endpoint", "endpoint-missing") { index, place in
            let sent = index.deliveries[place % index.deliveries.count].sent
            index.nodes[Int(sent.node.index)].operations[Int(sent.index)].endpoint = -7
        },
        Fault("a byte is counted as delivered that is not", "totals-wrong") { index, place in
            index.totals[place % index.totals.count].forward.delivered += 1
        },
        Fault("bytes are in the wrong account", "totals-wrong") { index, place in
            let accounts: [WritableKeyPath<StreamTotals, UInt64>] = [
                \.unread, \.receiverCut, \.lostByReset, \.lost, \.discarded, \.toOutside, \.opaqueSent,
            ]
            for number in index.totals.indices {
                guard let full = accounts.first(where: { index.totals[number].forward[keyPath: $0] > 0 }) else { continue }
                let other = accounts.filter { $0 != full }[place % (accounts.count - 1)]
                let bytes = index.totals[number].forward[keyPath: full]
                index.totals[number].forward[keyPath: other] = bytes
                index.totals[number].forward[keyPath: full] = 0
                return
            }
            index.totals[0].forward.unread = 1
        },
        Fault("a byte is counted twice", "totals-wrong") { index, place in
            index.totals[place % index.totals.count].backward.unread += 1
        },
    ]
}

@Suite struct VerificationTests {
    /// Indexes without fault, each with deliveries between nodes; of streams, so that endpoints tell where bytes lie.
    static let indexes = (1...12).map { Trial(seed: $0, features: [.resets, .buffers, .links, .pipes, .sequenced]) }.filter {
        $0.matches.deliveries.contains { $0.sent.node != $0.received.node }
    }.map {
        Fault.Index(
            nodes: $0.simulation.nodes, channels: $0.matches.channels, deliveries: $0.matches.deliveries, totals: $0.matches.totals,
            order: $0.graph.order)
    }

    @Test func anIndexWithoutFaultHasNoViolations() {
        #expect(Self.indexes.count >= 6)
        for index in Self.indexes { #expect(index.violations == []) }
    }

    @Test(arguments: Fault.all) func everyFaultIsNoticed(fault: Fault) {
        for (place, index) in Self.indexes.enumerated() {
            var changed = index
            fault.inject(&changed, place * 17)
            #expect(changed.violations.contains { $0.rule == fault.rule }, "\(place): \(changed.violations)")
        }
    }

    /// A client (node 0) connects and closes, a server (node 1) accepts and sees the end: what is wrong with them in this order?
    func violations(inOrder sequence: [Int]) -> [String] {
        let clock = Clock()
        let (client, server) = (ActivityBuilder(clock), ActivityBuilder(clock))
        let (local, remote) = (Address.ipv4(0x0a00_0001, port: 1), Address.ipv4(0x0a00_0002, port: 2))
        let connected = client.connect(local: local, remote: remote)
        let accepted = server.accept(local: remote, remote: local)
        client.close(connected)
        server.receiveEnd(accepted)
        let nodes = [client.node, server.node]
        let order = TotalOrder(sequence: sequence.map { NodeID($0) }, nodes: 2)
        return verify(nodes: nodes, channels: match(nodes).channels, deliveries: [], order: order).map(\.rule)
    }

    @Test func acceptsComeAfterConnectsAndEndsAfterCloses() {
        #expect(violations(inOrder: [0, 1, 0, 1]) == [])
        #expect(violations(inOrder: [0, 0, 1, 1]) == [])
        #expect(violations(inOrder: [1, 0, 0, 1]) == ["accept-before-connect"])
        #expect(violations(inOrder: [0, 1, 1, 0]) == ["end-before-close"])
    }

    @Test func theNumberOfViolationsIsLimited() {
        let index = Self.indexes[0]
        let none = TotalOrder(sequence: [], nodes: index.nodes.count)
        #expect(verify(nodes: index.nodes, channels: [], deliveries: [], order: none, limit: 3).count == 3)
    }
}
