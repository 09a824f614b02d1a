public import RunModel

/// What calls moved: few worlds have no two messages alike.
public struct SimulatedContents: Sendable {
    /// Whether the trace of each node tells.
    private let told: [Bool]
    /// For each node and operation the message, or the stream, that its bytes are of, and where they begin in it.
    private var sources: [[(seed: UInt64, start: UInt64)?]]
    /// How many values a byte can have.
    private let variety: UInt64

    init(_ observer: Observer) {
        let world = observer.world
        var random = SeededGenerator(seed: world.plan.seed ^ 0x7061_796c)
        let variety: UInt64 = [1, 2, 4, 256].randomElement(using: &random) ?? 1
        let isWhole = random.chance(60)
        let isOn = world.plan.features.contains(.payloads)
        told = observer.activities.map { _ in isOn && (isWhole || random.chance(70)) }
        self.variety = variety
        sources = observer.activities.map { [(UInt64, UInt64)?](repeating: nil, count: $0.operations.count) }
        var messages: [Int: UInt64] = [:]
        for (index, operation) in world.operations.enumerated() where operation.kind == .send {
            messages[index] = UInt64.random(in: 0..<variety, using: &random)
            if world.files[operation.file].kind.isDatagram {
                tell(observer.operationRefs[index], (messages[index] ?? 0, 0))
            } else if let bytes = operation.bytes {
                tell(observer.operationRefs[index], (UInt64(operation.file) << 32, bytes.lowerBound))
            }
        }
        for (index, operation) in world.operations.enumerated() where operation.kind == .receive {
            guard !world.files[operation.file].kind.isDatagram, let bytes = operation.bytes,
                let peer = world.files[operation.file].peer
            else { continue }
            tell(observer.operationRefs[index], (UInt64(peer) << 32, bytes.lowerBound))
        }
        for delivery in world.deliveries where world.files[world.operations[delivery.send].file].kind.isDatagram {
            tell(observer.operationRefs[delivery.receive], (messages[delivery.send] ?? 0, 0))
        }
    }

    private mutating func tell(_ operation: OperationRef?, _ source: (UInt64, UInt64)) {
        if let operation { sources[Int(operation.node.index)][Int(operation.index)] = source }
    }

    /// Whether the bytes of an operation are known.
    public func isKnown(_ operation: OperationRef) -> Bool {
        told[Int(operation.node.index)] && sources[Int(operation.node.index)][Int(operation.index)] != nil
    }

    /// At most `count` of the `length` bytes of an operation, from an offset on.
    public func bytes(_ operation: OperationRef, from offset: UInt64, count: Int, of length: UInt64) -> [UInt8]? {
        guard isKnown(operation), let source = sources[Int(operation.node.index)][Int(operation.index)] else { return nil }
        let end = min(length, offset + UInt64(count))
        return (offset..<max(offset, end)).map { byte(source.seed, source.start + $0) }
    }

    private func byte(_ seed: UInt64, _ offset: UInt64) -> UInt8 {
        let mixed = (seed &+ offset &+ 1) &* 0x9e37_79b9_7f4a_7c15
        return UInt8(truncatingIfNeeded: (mixed >> 32) % variety)
    }
}
