import Replay

/// Which threads there are, and whose turn it is.
extension DebugServer {
    func threads(_ text: String) throws -> String? {
        switch text {
        case "qfThreadInfo":
            let names = try debuggees.filter(\.isAttached).flatMap { debuggee in try debuggee.replay.threads().map(debuggee.name) }
            return "m" + names.joined(separator: ",")
        case "qsThreadInfo": return "l"
        default: break
        }
        if text.hasPrefix("vAttach;") {
            guard let debuggee = debuggee(Int(text.dropFirst(8), radix: 16)) else { return "E01" }
            debuggee.isAttached = true
            asked = debuggee
            focus = debuggee
            return "T05thread:\(debuggee.name);"
        }
        if text.hasPrefix("D;") || text.hasPrefix("vKill;") {
            // The recording cannot be killed: gdb lets go of it.
            if let debuggee = debuggee(Int(text.drop { $0 != ";" }.dropFirst(), radix: 16)) { debuggee.isAttached = false }
            return "OK"
        }
        if text.hasPrefix("Hg") { return try ask(about: ThreadName(text.dropFirst(2))) }
        if text.hasPrefix("Hc") {
            guard let name = ThreadName(text.dropFirst(2)) else { return "E01" }
            moved = (debuggee(name.debuggee) ?? focus, name.task)
            return "OK"
        }
        if text.hasPrefix("T"), let name = ThreadName(text.dropFirst()), let task = name.task, let debuggee = debuggee(name.debuggee) {
            return try debuggee.replay.threads().contains(task) ? "OK" : "E01"
        }
        if text.hasPrefix("qThreadExtraInfo,"), let name = ThreadName(text.dropFirst(17)), let debuggee = debuggee(name.debuggee) {
            return Hex.text("\(debuggee.node) \(debuggee.replay.subject.life.process)".utf8)
        }
        return nil
    }

    /// The debuggee of a number.
    func debuggee(_ number: Int?) -> Debuggee? {
        guard let number, debuggees.indices.contains(number - 1) else { return nil }
        return debuggees[number - 1]
    }

    private func ask(about name: ThreadName?) throws -> String {
        guard let name else { return "E01" }
        asked = debuggee(name.debuggee) ?? asked
        guard let task = name.task else { return try asked.replay.select(asked.replay.task) ? "OK" : "E01" }
        return try asked.replay.select(task) ? "OK" : "E01"
    }
}
