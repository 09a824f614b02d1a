import Foundation
import Replay
import RunModel
import RunStore

/// The commands of the user that are not gdb's own, as they stand behind `monitor`.
///
/// With an `@` before it, a command is answered as JSON, for our own script in gdb, and the words behind it are the process and the
/// thread that the user has selected: gdb tells the server no other way.
extension RunSession {
    /// Answers the words behind `monitor`.
    func answer(_ text: String) throws -> String {
        var words = text.split(separator: " ").map(String.init)
        guard let first = words.first else { throw DebugError.unknownCommand(text: text) }
        words.removeFirst()
        guard first.hasPrefix("@") else {
            if let arrival = try move(first, words, nil) { return (arrival.headline + arrival.notes).map { $0 + "\n" }.joined() }
            return try tell(first, words, nil)
        }
        if first == "@arrival" { return try json(latest) }
        guard words.count >= 2, let number = Int(words[0]), let task = Int32(words[1]) else { throw DebugError.unknownCommand(text: text) }
        server?.choose(number)
        words.removeFirst(2)
        if first == "@return" { return try json(comeBack(task, words)) }
        let name = String(first.dropFirst())
        if let arrival = try move(name, words, task > 0 ? task : nil) { return try json(arrival) }
        return try json(tell(name, words, task > 0 ? task : nil))
    }

    /// What takes the user elsewhere; `nil` if the words are not that.
    private func move(_ name: String, _ words: [String], _ task: Int32?) throws -> Arrival? {
        switch name {
        case "ride":
            guard let ride = Ride(rawValue: words.joined(separator: " ")) else { throw DebugError.unknownCommand(text: "ride \(words)") }
            let here = try here(task)
            let end = try end(of: ride, from: here)
            return try leaving(here) { try go(to: end) }
        case "goto":
            let word = words.joined(separator: " ")
            if let spot = history.bookmark(word) { return try leaving(here(task)) { try go(to: spot) } }
            let position = try Int(word).map(position(ofRank:)) ?? wording.position(word)
            return try leaving(here(task)) { try go(to: position) }
        case "run", "restart", "seek-ticks":
            let here = try here(task)
            return try leaving(here) { try run(name, words.first, here.debuggee) }
        case "back", "forward":
            let here = try here(task)
            var history = history
            let spot = try history.step(back: name == "back", from: spot(here))
            let arrival = try go(to: spot)
            self.history = history
            return arrival
        default: return nil
        }
    }

    /// What tells the user something.
    private func tell(_ name: String, _ words: [String], _ task: Int32?) throws -> String {
        switch name {
        case "when": return try when(here(task))
        case "bookmark":
            guard let mark = words.first else {
                return history.bookmarks.map { "\($0.name)  \($0.spot.text)\n" }.joined()
            }
            history.mark(mark, try spot(here(task)))
            return ""
        case "checkpoint":
            return try server?.focus.replay.command("checkpoint", [words.joined(separator: " ")]) ?? ""
        case "checkpoints", "when-ticks", "when-tid", "elapsed-time":
            return try server?.focus.replay.command(name == "checkpoints" ? "info checkpoints" : name, []) ?? ""
        case "nodes": return try wording.listing(["nodes"])
        case "messages":
            switch words.first {
            case nil: return try wording.listing(["messages"])
            case "here":
                let here = try here(task)
                let rank = try index.ranks(of: [here.position])[0]
                let (from, to) = (max(1, rank - Self.around), rank + Self.around)
                return try wording.listing(["messages", "--node", here.debuggee.node, "--from", String(from), "--to", String(to)])
            case let word?:
                return try wording.listing(["messages", index.node(named: word) == nil ? "--channel" : "--node", word])
            }
        default: throw DebugError.unknownCommand(text: ([name] + words).joined(separator: " "))
        }
    }

    /// rr's own movements, within the process: to an event, to a checkpoint, to a count of ticks.
    private func run(_ name: String, _ word: String?, _ debuggee: Debuggee) throws -> Arrival {
        switch (name, word) {
        case ("run", nil): try debuggee.replay.seek(to: debuggee.replay.subject.life.first)
        case ("run", let word?):
            guard let event = UInt64(word) else { throw DebugError.unknownCommand(text: "run \(word)") }
            try debuggee.replay.seek(to: event)
        case (_, let word): try debuggee.replay.restart(at: (name == "restart" ? "c" : "t") + (word ?? ""))
        }
        return arrive(debuggee, task: nil, returned: false, [], [])
    }

    /// How many ranks before and after it count as lying around a place.
    private static let around = 20

    /// Does what takes the user away from `here`, which is kept if it works.
    private func leaving(_ here: Here, _ move: () throws -> Arrival) throws -> Arrival {
        let spot = try spot(here)
        let arrival = try move()
        history.leave(spot)
        return arrival
    }

    private func spot(_ here: Here) throws -> History.Spot {
        History.Spot(debuggee: here.debuggee, place: try here.debuggee.replay.place(), text: index.text(here.position))
    }

    /// Goes to a place where the user was.
    private func go(to spot: History.Spot) throws -> Arrival {
        let isThere = try spot.debuggee.replay.go(to: spot.place)
        let notes = isThere ? [] : ["the place was not found again: this is where its event is done"]
        return arrive(spot.debuggee, task: spot.place.task, returned: false, ["back at \(spot.text)"], notes)
    }

    /// Runs the process in focus to where a call comes back to.
    private func comeBack(_ task: Int32, _ words: [String]) throws -> Bool {
        guard words.count == 2, let address = UInt64(words[0]), let stack = UInt64(words[1]), let server else {
            throw DebugError.unknownCommand(text: "@return")
        }
        return try server.focus.replay.run(task, to: address, stackAtLeast: stack)
    }

    /// Where the user stands, in events, ranks and time.
    private func when(_ here: Here) throws -> String {
        let rank = try index.ranks(of: [here.position])[0]
        let count = index.nodes.reduce(0) { $0 + $1.operations }
        return """
            \(index.text(here.position)), process \(here.debuggee.replay.subject.life.process), thread \(here.task)
            rank \(rank) of \(count)

            """
    }

    private func position(ofRank rank: Int) throws -> Position {
        var found: OperationRef?
        try index.forEachOperation { (other, ref) throws(IndexError) in
            if other == rank { found = ref }
            return other < rank
        }
        guard let found else { throw DebugError.noRank(rank: rank) }
        return Position(node: found.node, moment: try index.operation(found).at)
    }

    private func json(_ value: some Encodable) throws -> String { String(decoding: try JSONEncoder().encode(value), as: UTF8.self) }
}
