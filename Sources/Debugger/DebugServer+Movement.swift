import Replay

/// The movements that gdb asks for.
extension DebugServer {
    func movement(_ text: String) throws -> String? {
        if text == "bc" || text == "bs" {
            let debuggee = moved?.debuggee ?? focus
            let task = moved?.task ?? debuggee.replay.task
            return try resume(debuggee, .backward(stepping: text == "bs" ? task : nil))
        }
        if text.hasPrefix("vCont;") { return try move(forward: text.dropFirst(6)) }
        if text.hasPrefix("vRun;") {
            let words = text.split(separator: ";", omittingEmptySubsequences: false)
            let argument = words.count > 2 ? String(decoding: Hex.bytes(words[2]) ?? [], as: UTF8.self) : ""
            try asked.replay.seek(to: UInt64(argument) ?? asked.replay.subject.life.first)
            asked.hasPendingStop = true
            asked.isAttached = true
            focus = asked
            return "T05thread:\(asked.name);"
        }
        return nil
    }

    private func move(forward text: Substring) throws -> String {
        var chosen: Debuggee?
        var actions: [(name: ThreadName?, isStep: Bool)] = []
        for part in text.split(separator: ";") {
            let words = part.split(separator: ":", maxSplits: 1)
            guard let kind = words.first?.first, "cCsS".contains(kind) else { return "E01" }
            let name = words.count > 1 ? ThreadName(words[1]) : nil
            let isStep = kind == "s" || kind == "S"
            if let debuggee = debuggee(name?.debuggee), chosen == nil || isStep { chosen = debuggee }
            actions.append((name, isStep))
        }
        // A function that is called returns before anything else moves.
        let debuggee = debuggees.first { $0.replay.isDiverted } ?? chosen ?? focus
        if debuggee.hasPendingStop {
            debuggee.hasPendingStop = false
            return stopped(debuggee, ProcessReplay.Stop(task: debuggee.replay.task))
        }
        let own = actions.filter { $0.name?.debuggee == nil || self.debuggee($0.name?.debuggee) === debuggee }
        let motions = own.map { ProcessReplay.Action(isStep: $0.isStep, task: $0.name?.task) }
        return try resume(debuggee, .forward(motions.isEmpty ? [ProcessReplay.Action(isStep: false, task: nil)] : motions))
    }

    private func resume(_ debuggee: Debuggee, _ motion: ProcessReplay.Motion) throws -> String {
        debuggee.hasPendingStop = false
        if isInterrupted {
            // Ctrl-C came when nothing ran any more.
            isInterrupted = false
            return "T02thread:\(debuggee.name);"
        }
        let stop = try debuggee.replay.resume(motion, orReadable: gdb.descriptor) { gdb.hasInterrupt() }
        return stopped(debuggee, stop)
    }

    /// What gdb is told about a stop.
    private func stopped(_ debuggee: Debuggee, _ stop: ProcessReplay.Stop) -> String {
        focus = debuggee
        asked = debuggee
        showTroubles()
        if let restart = stop.restart { gdb.show("ridealong: \(restart)\n") }
        var signal = stop.signal
        var text = "thread:\(debuggee.name(stop.task));\(stop.reason)"
        if let edge = stop.edge {
            signal = 5
            text += "replaylog:\(edge.rawValue);"
        }
        return "T\(Hex.text([signal]))\(text)"
    }
}
