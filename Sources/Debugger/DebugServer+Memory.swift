import Replay

/// What is passed on to the process that gdb asks about: its memory, its registers, what it was started with, and rr's own commands.
extension DebugServer {
    func breakpoints(_ text: String) throws -> String? {
        guard let first = text.first, first == "Z" || first == "z", let parsed = Breakpoint.parse(text) else { return nil }
        do {
            try asked.replay.change(parsed.breakpoint, conditions: parsed.conditions, set: first == "Z")
        } catch {
            // It is on the list all the same, and the list is what counts: told of an error, gdb would not go on at all.
            note(error)
        }
        return "OK"
    }

    func memory(_ request: [UInt8], _ text: String) throws -> [UInt8] {
        let replay = asked.replay
        if text.hasPrefix("qXfer:siginfo:read") { return try replay.beginDiversion(replay.task, asking: request) }
        if text.hasPrefix("qXfer:siginfo:write") {
            return try (debuggees.first { $0.replay.isDiverted } ?? asked).replay.endDiversion(request)
        }
        if let file = text.wholeMatch(of: /qXfer:exec-file:read:([0-9a-f]*):(.*)/) {
            let debuggee = debuggee(Int(file.1, radix: 16)) ?? asked
            let process = String(debuggee.replay.subject.life.process, radix: 16)
            return try debuggee.replay.pass(Array("qXfer:exec-file:read:\(process):\(file.2)".utf8))
        }
        let isKnown = Self.passed.contains { text.hasPrefix($0) }
        // An empty answer: not supported.
        return isKnown ? try replay.pass(request) : []
    }

    /// The beginnings of what rr is asked as it comes: registers, memory, and objects.
    private static let passed = ["g", "G", "p", "P", "m", "M", "x", "X", "qXfer:auxv:", "qXfer:features:", "qRRCmd:"]
}
