import RunModel

/// What messages hold: few worlds have no two alike.
extension Observer {
    /// For each node and operation a number that is the same for the same bytes; `nil` where the trace does not tell.
    func contents() -> [[UInt64?]] {
        var contents = activities.map { [UInt64?](repeating: nil, count: $0.operations.count) }
        guard world.plan.features.contains(.payloads) else { return contents }
        var random = SeededGenerator(seed: world.plan.seed ^ 0x7061_796c)
        let variety: UInt64 = [1, 2, 4, 1 << 40].randomElement(using: &random) ?? 1
        let isWhole = random.chance(60)
        let told = activities.map { _ in isWhole || random.chance(70) }
        func tell(_ operation: Int, _ content: UInt64) {
            guard let ref = operationRefs[operation], told[Int(ref.node.index)] else { return }
            contents[Int(ref.node.index)][Int(ref.index)] = content << 20 | UInt64(world.operations[operation].bytes?.count ?? 0)
        }
        var sent: [Int: UInt64] = [:]
        for (index, operation) in world.operations.enumerated() where operation.kind == .send {
            guard world.files[operation.file].kind.isDatagram else { continue }
            let content = UInt64.random(in: 0..<variety, using: &random)
            sent[index] = content
            tell(index, content)
        }
        for delivery in world.deliveries { if let content = sent[delivery.send] { tell(delivery.receive, content) } }
        return contents
    }
}
