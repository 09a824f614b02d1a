public import RRTrace

/// What a capture says of each call of its trace, to be held against another capture of the same trace.
///
/// Left out is what may differ: rr's own start-up, elsewhere in memory each time; how rr stopped at a traced call; how much of a payload
/// could be read beyond what was sent. Memory: all of it, so only for small traces.
public struct CaptureComparison: Sendable {
    private struct Call: Sendable {
        var event: UInt64
        var number: UInt32
        var text: String
        var payloads: [[UInt8]]
    }

    /// How the calls fit with the trace.
    public let check: CaptureCheck
    private var calls: [Call] = []

    /// How many calls are compared.
    public var count: Int { calls.count }

    /// What `file` says of `trace`.
    public init(_ file: CaptureFile, of trace: TraceDirectory) throws(TraceError) {
        let firstExec = trace.tasks().events.firstExec?.event ?? 0
        var found: [Call] = []
        check = try CaptureCheck(file, of: trace) { call, event, number in
            guard event > firstExec else { return }
            let isBuffered = call.kind == .buffered || call.kind == .leaving
            let others = call.sections.filter { $0.kind != .payload }.map { "\($0.message) \(file.bytes(of: $0) ?? [])" }
            let text = [
                isBuffered ? "\(call.kind)" : "traced", SyscallTable.name(Int32(call.number), .x86_64), "task \(call.task)",
                "place \(call.place)", "= \(call.result)", "\(call.arguments)", "\(call.programArgument)", "\(others)",
            ].joined(separator: " ")
            let payloads = call.sections.filter { $0.kind == .payload }.map { file.bytes(of: $0) ?? [] }
            found.append(Call(event: event, number: number, text: text, payloads: payloads))
        }
        calls = found
    }

    /// The first call of which the other says something else, for people; `nil` if they say the same.
    public func difference(from other: CaptureComparison) -> String? {
        for (a, b) in zip(calls, other.calls) where !Self.areEqual(a, b) {
            return "at event \(a.event).\(a.number): \(a.text) \(a.payloads.map(\.count)); \(b.event).\(b.number): \(b.text) "
                + "\(b.payloads.map(\.count))"
        }
        return count == other.count ? nil : "\(count) calls, \(other.count)"
    }

    private static func areEqual(_ a: Call, _ b: Call) -> Bool {
        guard a.event == b.event, a.number == b.number, a.text == b.text, a.payloads.count == b.payloads.count else { return false }
        return zip(a.payloads, b.payloads).allSatisfy { mine, its in
            a.number > 0 ? mine == its : mine.prefix(its.count) == its.prefix(mine.count)
        }
    }
}
