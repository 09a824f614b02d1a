import RunModel

/// What leads to one line, packed: delta varints, some 10 bytes each. A block stands alone.
enum InfluenceCoding {
    /// The bits of an influence's first byte: its kind, and the flags below.
    private enum Flag {
        static let kindMask: UInt8 = 0x3f
        /// It leads to a buffered call, not to the event itself.
        static let toCall: UInt8 = 0x40
        /// It comes from a buffered call.
        static let fromCall: UInt8 = 0x80
    }

    /// What deltas are taken from.
    private struct Context {
        var to: Int64 = 0
        var toChain: Int64 = 0
        var from: Int64 = 0
        var fromChain: Int64 = 0
        var channel: Int64 = 0
    }

    /// The packed form of `influences`.
    static func encode(_ influences: [Influence]) -> [UInt8] {
        var out = ByteWriter(capacity: influences.count * 12)
        var context = Context()
        for influence in influences {
            let (to, from) = (influence.to, influence.from)
            out.byte(influence.kind.rawValue | (to.call > 0 ? Flag.toCall : 0) | (from.call > 0 ? Flag.fromCall : 0))
            out.delta(Int64(to.event), &context.to)
            if to.call > 0 { out.unsigned(UInt64(to.call)) }
            out.delta(Int64(influence.toChain), &context.toChain)
            out.delta(Int64(from.event), &context.from)
            if from.call > 0 { out.unsigned(UInt64(from.call)) }
            out.delta(Int64(influence.fromChain), &context.fromChain)
            out.delta(Int64(influence.channel), &context.channel)
        }
        return out.bytes
    }

    /// Influences from their packed form, all between chains below `chains`.
    static func decode(_ bytes: [UInt8], chains: Int) throws(IndexError) -> [Influence] {
        var input = ByteReader(bytes)
        var context = Context()
        var influences: [Influence] = []
        influences.reserveCapacity(bytes.count / 8)
        while !input.isAtEnd {
            let head = try input.byte()
            guard let kind = Influence.Kind(rawValue: head & Flag.kindMask) else { throw .damaged("influence of kind \(head)") }
            let to = try moment(&input, &context.to, hasCall: head & Flag.toCall != 0)
            let toChain = try input.delta(&context.toChain)
            let from = try moment(&input, &context.from, hasCall: head & Flag.fromCall != 0)
            let fromChain = try input.delta(&context.fromChain)
            let channel = try input.delta(&context.channel)
            guard 0..<Int64(chains) ~= toChain, 0..<Int64(chains) ~= fromChain else {
                throw .damaged("influence of chain \(fromChain) on \(toChain)")
            }
            influences.append(
                Influence(
                    kind: kind, from: from, fromChain: Int32(fromChain), to: to, toChain: Int32(toChain),
                    channel: Int32(truncatingIfNeeded: channel)))
        }
        return influences
    }

    private static func moment(_ input: inout ByteReader, _ previous: inout Int64, hasCall: Bool) throws(IndexError) -> Moment {
        let event = UInt64(bitPattern: try input.delta(&previous))
        return Moment(event: event, call: hasCall ? UInt32(truncatingIfNeeded: try input.unsigned()) : 0)
    }

    /// The packed form of a checkpoint.
    static func encode(checkpoint: [Reach]) -> [UInt8] {
        var out = ByteWriter(capacity: checkpoint.count * 5)
        var line: Int64 = 0
        for reach in checkpoint {
            out.delta(Int64(reach.line), &line)
            out.unsigned(reach.moment.event << 1 | (reach.moment.call > 0 ? 1 : 0))
            if reach.moment.call > 0 { out.unsigned(UInt64(reach.moment.call)) }
        }
        return out.bytes
    }

    /// A checkpoint from its packed form.
    static func decode(checkpoint bytes: [UInt8]) throws(IndexError) -> [Reach] {
        var input = ByteReader(bytes)
        var checkpoint: [Reach] = []
        var line: Int64 = 0
        while !input.isAtEnd {
            let number = Int32(truncatingIfNeeded: try input.delta(&line))
            let head = try input.unsigned()
            let call = head & 1 == 0 ? 0 : UInt32(truncatingIfNeeded: try input.unsigned())
            checkpoint.append(Reach(line: number, moment: Moment(event: head >> 1, call: call)))
        }
        return checkpoint
    }
}

/// The moments of a block of one node's operations, packed: to find an operation without unpacking all that is known of its neighbours.
enum MomentBlock {
    /// The packed form of the moments of `operations`.
    static func encode(_ operations: ArraySlice<RunModel.Operation>) -> [UInt8] {
        var out = ByteWriter(capacity: operations.count * 2)
        var previous: Int64 = 0
        for operation in operations {
            out.delta(Int64(operation.at.event) << 1 | (operation.at.call > 0 ? 1 : 0), &previous)
            if operation.at.call > 0 { out.unsigned(UInt64(operation.at.call)) }
        }
        return out.bytes
    }

    /// The index of the last moment at or before `moment`; `nil` if there is none. Unpacks those before it.
    static func last(atOrBefore moment: Moment, _ bytes: [UInt8]) throws(IndexError) -> Int? {
        var input = ByteReader(bytes)
        var previous: Int64 = 0
        var count = 0
        while !input.isAtEnd {
            let head = UInt64(bitPattern: try input.delta(&previous))
            if Moment(event: head >> 1, call: head & 1 == 0 ? 0 : UInt32(truncatingIfNeeded: try input.unsigned())) > moment { break }
            count += 1
        }
        return count == 0 ? nil : count - 1
    }
}
