import RunModel

/// Operations of one node, packed: delta varints, some 20 bytes each.
///
/// A block stands alone: nothing in it refers to another. The bits of an operation's first byte are its kind and the flags below.
enum OperationBlock {
    /// Operations in a full block.
    static let capacity = 1024

    private enum Flag {
        static let kindMask: UInt8 = 0x07
        /// `bytes` is known.
        static let bytes: UInt8 = 0x08
        /// `entered` is not `at`.
        static let entered: UInt8 = 0x10
        /// The payload is in one piece in the trace.
        static let tracePayload: UInt8 = 0x20
        /// The payload is in the trace, but not in one piece. With the flag before: it is in what a replay has captured.
        static let framePayload: UInt8 = 0x40
        /// A datagram's peer is known.
        static let peer: UInt8 = 0x80
    }

    /// What deltas are taken from; the same steps in both directions keep it equal.
    private struct Context {
        var endpoint: Int64 = 0
        var event: Int64 = 0
        var process: Int64 = 0
        var task: Int64 = 0
        var earliest: Int64 = 0
        var payload: Int64 = 0
        /// Where the stream of each endpoint and direction goes on.
        var next: [Int64: UInt64] = [:]

        static func stream(_ endpoint: Int64, _ kind: RunModel.Operation.Kind) -> Int64 { endpoint &* 2 &+ (kind == .send ? 0 : 1) }
    }

    /// The packed form of `operations`.
    static func encode(_ operations: ArraySlice<RunModel.Operation>) -> [UInt8] {
        var out = ByteWriter(capacity: operations.count * 24)
        var context = Context()
        for operation in operations { encode(operation, &out, &context) }
        return out.bytes
    }

    private static func encode(_ operation: RunModel.Operation, _ out: inout ByteWriter, _ context: inout Context) {
        var head = operation.kind.rawValue
        if operation.bytes != nil { head |= Flag.bytes }
        if operation.entered != operation.at { head |= Flag.entered }
        if operation.peer >= 0 { head |= Flag.peer }
        switch operation.payload {
        case .unknown: break
        case .trace: head |= Flag.tracePayload
        case .frame: head |= Flag.framePayload
        case .captured: head |= Flag.tracePayload | Flag.framePayload
        }
        out.byte(head)
        out.delta(Int64(operation.endpoint), &context.endpoint)
        out.delta(Int64(operation.at.event), &context.event)
        // Few operations are calls of a flush: the lowest bit is for something else.
        out.unsigned(UInt64(operation.at.call) << 1 | (operation.isFull ? 1 : 0))
        if operation.entered != operation.at {
            out.signed(Int64(operation.at.event) &- Int64(operation.entered.event))
            out.unsigned(UInt64(operation.entered.call))
        }
        out.delta(Int64(operation.process), &context.process)
        out.delta(Int64(operation.task), &context.task)
        out.signed(operation.result)
        if operation.kind == .shutdown { out.byte(operation.halves.rawValue) }
        if operation.peer >= 0 { out.unsigned(UInt64(operation.peer)) }
        if let bytes = operation.bytes {
            let stream = Context.stream(context.endpoint, operation.kind)
            out.signed(Int64(bitPattern: bytes.lowerBound &- (context.next[stream] ?? 0)))
            out.signed(Int64(bitPattern: bytes.upperBound &- bytes.lowerBound) &- operation.result)
            context.next[stream] = bytes.upperBound
        }
        out.delta(operation.earliest, &context.earliest)
        out.signed(operation.latest &- operation.earliest)
        switch operation.payload {
        case .trace(let offset, let count), .captured(let offset, let count):
            out.delta(Int64(bitPattern: offset), &context.payload)
            out.signed(Int64(count) &- operation.result)
        case .unknown, .frame: break
        }
    }

    /// The operations of a packed block.
    static func decode(_ bytes: [UInt8], count: Int) throws(IndexError) -> [RunModel.Operation] {
        var input = ByteReader(bytes)
        var context = Context()
        var operations: [RunModel.Operation] = []
        operations.reserveCapacity(min(count, capacity))
        while !input.isAtEnd { operations.append(try decode(&input, &context)) }
        guard operations.count == count else { throw .damaged("\(operations.count) operations in a block of \(count)") }
        return operations
    }

    private static func decode(_ input: inout ByteReader, _ context: inout Context) throws(IndexError) -> RunModel.Operation {
        let head = try input.byte()
        guard let kind = RunModel.Operation.Kind(rawValue: head & Flag.kindMask) else { throw .damaged("operation of kind \(head)") }
        let endpoint = Int32(truncatingIfNeeded: try input.delta(&context.endpoint))
        let event = try input.delta(&context.event)
        let call = try input.unsigned()
        let at = Moment(event: UInt64(bitPattern: event), call: UInt32(truncatingIfNeeded: call >> 1))
        var entered = at
        if head & Flag.entered != 0 {
            let before = event &- (try input.signed())
            entered = Moment(event: UInt64(bitPattern: before), call: UInt32(truncatingIfNeeded: try input.unsigned()))
        }
        let process = Int32(truncatingIfNeeded: try input.delta(&context.process))
        let task = Int32(truncatingIfNeeded: try input.delta(&context.task))
        let result = try input.signed()
        let halves = kind == .shutdown ? try Self.halves(input.byte()) : .write
        let peer = head & Flag.peer == 0 ? -1 : Int32(truncatingIfNeeded: (try input.unsigned()) & UInt64(Int32.max))
        var range: Range<UInt64>?
        if head & Flag.bytes != 0 {
            let stream = Context.stream(context.endpoint, kind)
            let start = UInt64(bitPattern: try input.signed()) &+ (context.next[stream] ?? 0)
            let end = start &+ UInt64(bitPattern: (try input.signed()) &+ result)
            guard start <= end else { throw .damaged("operation with \(start) > \(end)") }
            range = start..<end
            context.next[stream] = end
        }
        let earliest = try input.delta(&context.earliest)
        let latest = earliest &+ (try input.signed())
        var payload = head & Flag.framePayload != 0 ? PayloadRef.frame : .unknown
        if head & Flag.tracePayload != 0 {
            let offset = UInt64(bitPattern: try input.delta(&context.payload))
            let count = UInt32(truncatingIfNeeded: (try input.signed()) &+ result)
            payload = payload == .frame ? .captured(offset: offset, count: count) : .trace(offset: offset, count: count)
        }
        var operation = Operation(
            endpoint: endpoint, kind: kind, entered: entered, at: at, process: process, task: task, bytes: range, result: result,
            earliest: earliest, latest: latest, payload: payload)
        (operation.peer, operation.halves, operation.isFull) = (peer, halves, call & 1 == 1)
        return operation
    }

    private static func halves(_ byte: UInt8) throws(IndexError) -> Endpoint.Access {
        guard let halves = Endpoint.Access(rawValue: byte) else { throw .damaged("shutdown of halves \(byte)") }
        return halves
    }
}
