import RunModel
import TestSupport
import Testing

@testable import RunStore

/// What goes into a block comes out of it, and what is damaged is not believed.
@Suite struct BlockTests {
    @Test(arguments: 0..<50 as Range<UInt64>)
    func operationsSurvive(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let operations = (0..<200).map { _ in Operation.random(using: &random) }
        let bytes = OperationBlock.encode(operations[...])
        #expect(try OperationBlock.decode(bytes, count: 200) == operations, "seed \(seed)")
    }

    @Test func aTypicalOperationTakesAboutTwentyBytes() {
        let operations = (0..<1000).map { number -> RunModel.Operation in
            let at = Moment(event: UInt64(1000 + number * 6))
            let start = UInt64(number * 27)
            return Operation(
                endpoint: Int32(number % 50), kind: .receive, entered: Moment(event: at.event - 1), at: at, process: 7000, task: 7000,
                bytes: start..<(start + 27), result: 27, earliest: Int64(number) * 300_000, latest: Int64(number) * 300_000 + 40_000,
                payload: .trace(offset: UInt64(number * 10_000), count: 27))
        }
        #expect(OperationBlock.encode(operations[...]).count < 24 * operations.count)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func damageIsFoundOrHarmless(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let operations = (0..<20).map { _ in Operation.random(using: &random) }
        var bytes = OperationBlock.encode(operations[...])
        for _ in 0..<3 { bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random) }
        if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
        // Any outcome but a trap.
        do { _ = try OperationBlock.decode(bytes, count: 20) } catch { #expect(error.description.contains("damaged"), "seed \(seed)") }
    }

    @Test func deliveriesSurvive() throws {
        let deliveries = [
            Delivery(channel: 3, forward: true, bytes: 0..<10, sent: ref(0, 5), received: ref(1, 9)),
            Delivery(channel: 3, forward: true, bytes: 10..<12, sent: ref(0, 5), received: ref(2, 1), check: .verified),
            Delivery(channel: 1, forward: false, bytes: 5..<6, sent: ref(0, 8), received: ref(0, 9), check: .differs(at: 5)),
        ]
        let bytes = DeliveryBlock.encode(deliveries[...], stored: [40, 17, 99])
        let read = try DeliveryBlock.decode(bytes, sender: NodeID(0), node: [40: NodeID(0), 17: NodeID(1), 99: NodeID(2)])
        #expect(read == deliveries)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func surroundingsSurvive(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let links = (0..<50).map { _ in
            Link(
                kind: Link.Kind.allCases.randomElement(using: &random) ?? .fork,
                from: Moment(packed: .random(in: 0...(.max), using: &random)),
                fromProcess: .random(in: 0...(.max), using: &random), to: Moment(packed: .random(in: 0...(.max), using: &random)),
                toProcess: .random(in: 0...(.max), using: &random))
        }
        let owners = Dictionary(uniqueKeysWithValues: (1..<50 as Range<Int32>).map { ($0 * 7, Int32.random(in: 1...$0, using: &random)) })
        let addresses = [Address.unixUnnamed, .ipv4(1, port: 2), .unixPath("/x"), .ipv6(high: 1, low: 2, port: 3), .unixAbstract([])]
        #expect(try SurroundingsBlock.links(SurroundingsBlock.encode(links)) == links, "seed \(seed)")
        #expect(try SurroundingsBlock.memoryOwners(SurroundingsBlock.encode(owners)) == owners, "seed \(seed)")
        #expect(try SurroundingsBlock.addresses(SurroundingsBlock.encode(addresses)) == addresses)
        let passings = [0, 1, 253].map { (count: Int32) in
            Passing(
                isSend: count > 0, carrier: count, place: UInt64(count)..<UInt64(count) + 9, at: Moment(event: 7, call: UInt32(count)),
                endpoints: (0..<count).map { $0 - 1 })
        }
        #expect(try SurroundingsBlock.passings(SurroundingsBlock.encode(passings)) == passings)
        for count in 1..<SurroundingsBlock.encode(passings).count {
            _ = try? SurroundingsBlock.passings(Array(SurroundingsBlock.encode(passings).prefix(count)))
        }
        var damaged = SurroundingsBlock.encode(links)
        damaged.removeLast()
        #expect(throws: IndexError.self) { try SurroundingsBlock.links(damaged) }
    }

    @Test func theOrderSurvives() throws {
        let nodes: [Int64] = [1, 1, 1, 2, 1, 7, 7, 2]
        #expect(try OrderBlock.decode(OrderBlock.encode(nodes[...])) == nodes)
        let ranks = [1, 5, 6, 4000, 4001]
        #expect(try RankBlock.decode(RankBlock.encode(ranks[...])) == ranks)
    }

    @Test(arguments: [
        Address.ipv4(0x7f00_0001, port: 80), .ipv6(high: 1, low: .max, port: 65535), .unixPath("/run/x"), .unixAbstract([0, 1]),
        .unixUnnamed,
    ])
    func addressesSurvive(address: Address) throws {
        #expect(try Address(stored: address.stored) == address)
    }

    private func ref(_ node: Int, _ index: Int) -> OperationRef { OperationRef(node: NodeID(node), index: index) }
}

extension RunModel.Operation {
    /// Any operation at all, extreme values included.
    static func random(using random: inout SeededGenerator) -> RunModel.Operation {
        let wide = { (random: inout SeededGenerator) in
            UInt64.random(in: 0...(.max), using: &random) >> UInt64.random(in: 0...63, using: &random)
        }
        let at = Moment(packed: wide(&random))
        let start = wide(&random) / 2
        let bytes = Bool.random(using: &random) ? start..<(start + wide(&random) / 2) : nil
        let payloads: [PayloadRef] = [
            .unknown, .frame, .captured(offset: wide(&random), count: UInt32(truncatingIfNeeded: wide(&random))),
            .trace(offset: wide(&random), count: UInt32(truncatingIfNeeded: wide(&random))),
        ]
        var operation = Operation(
            endpoint: Int32(truncatingIfNeeded: wide(&random)), kind: Kind.allCases.randomElement(using: &random) ?? .send,
            entered: Bool.random(using: &random) ? at : Moment(packed: wide(&random)), at: at,
            process: Int32(truncatingIfNeeded: wide(&random)),
            task: Int32(truncatingIfNeeded: wide(&random)), bytes: bytes, result: Int64(bitPattern: wide(&random)),
            earliest: Int64(bitPattern: wide(&random)), latest: Int64(bitPattern: wide(&random)),
            payload: payloads.randomElement(using: &random) ?? .unknown)
        operation.peer = Int32.random(in: -1...100, using: &random)
        if operation.kind == .shutdown { operation.halves = Endpoint.Access.allCases.randomElement(using: &random) ?? .both }
        operation.isFull = Bool.random(using: &random)
        return operation
    }
}
