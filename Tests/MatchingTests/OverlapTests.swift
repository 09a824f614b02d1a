import Matching
import RunModel
import TestSupport
import Testing

/// Calls of several threads that overlap on one stream.
struct OverlapTests {
    private let clock = Clock()
    private let a: ActivityBuilder

    init() { a = ActivityBuilder(clock) }

    /// Two threads write at the same time, ten bytes each, which one receive takes.
    private func twoWriters() {
        let (one, other) = a.pair(.unixStream)
        let start = clock.now
        a.send(one, 10)
        a.task = 2
        a.send(one, 10)
        a.changeLast(startingAt: start)
        a.task = 3
        a.receive(other, 15)
        a.receive(other, 5)
    }

    /// The writers wrote ones and twos; what was received is `received`.
    private func contents(_ received: [UInt8], known: Set<Int32> = [0, 1, 2, 3]) -> Contents {
        let bytes: [[UInt8]] = [
            .init(repeating: 1, count: 10), .init(repeating: 2, count: 10), Array(received.prefix(15)), Array(received.dropFirst(15)),
        ]
        return Contents(
            isKnown: { known.contains($0.index) },
            bytes: { operation, offset, count in Array(bytes[Int(operation.index)].dropFirst(Int(offset)).prefix(count)) })
    }

    private static let secondFirst = [UInt8](repeating: 2, count: 10) + [UInt8](repeating: 1, count: 10)

    @Test func theirBytesTellWhichWasFirst() {
        twoWriters()
        let found = match([a.node], contents: contents(Self.secondFirst))
        #expect(found.deliveries.map { [Int($0.sent.index), Int($0.received.index)] } == [[1, 2], [0, 2], [0, 3]])
        #expect(found.deliveries.map(\.bytes) == [0..<10, 10..<15, 15..<20])
        #expect(found.deliveries.allSatisfy { $0.isCertain } && found.anomalies.isEmpty)
    }

    @Test(arguments: [[], [0, 1], [0, 2, 3], [2, 3]] as [Set<Int32>])
    func withoutBytesOfBothSidesItStaysOpen(known: Set<Int32>) {
        twoWriters()
        let found = match([a.node], contents: contents(Self.secondFirst, known: known))
        let isTold = known.contains(0) && known.contains(2)
        #expect(found.deliveries.allSatisfy { $0.isCertain == isTold } && found.anomalies.isEmpty == isTold)
    }

    @Test func bytesThatFitNoOrderLeaveItOpen() {
        twoWriters()
        let found = match([a.node], contents: contents([UInt8](repeating: 7, count: 20)))
        #expect(!found.deliveries.contains { $0.isCertain })
        #expect(found.totals[0].forward.delivered == 20)
    }

    @Test func moreOrdersThanCanBeFollowedLeaveThemOpenAndNothingIsLost() {
        let (one, other) = a.pair(.unixStream)
        let start = clock.now
        var total: UInt64 = 0
        for task in 1...400 {
            a.task = Int32(task)
            a.send(one, UInt64(task))
            a.changeLast(startingAt: start)
            total += UInt64(task)
        }
        a.receive(other, total)
        let found = match([a.node])
        #expect(found.totals[0].forward.delivered == total && found.deliveries.count == 400)
        #expect(!found.deliveries.contains { $0.isCertain })
    }
}
