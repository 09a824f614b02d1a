import Foundation
import Recorder
import Synchronization

/// How much memory replays that run at the same time may take together.
///
/// Nobody knows beforehand what a replay takes: about what the recorded program did. So a further one begins only while the others take
/// less than half of the budget; if they then come to more than all of it, the one that began last is ended, and is to be made again when
/// it has the machine for itself. One alone may take what it needs.
public final class ReplayBudget: Sendable {
    /// The place of a replay that runs.
    public struct Place: Sendable {
        /// They are numbered as they begin.
        let number: Int
    }

    private struct Running {
        var number: Int
        var isAlone: Bool
        var bytes: UInt64 = 0
    }

    private struct State {
        var running: [Running] = []
        var next = 0
        /// How many wait to be alone: nobody else is let in before them.
        var reserved = 0

        var total: UInt64 { running.reduce(0) { $0 &+ $1.bytes } }
    }

    /// Microseconds between two looks whether there is a place.
    private static let pollInterval: UInt32 = 20_000

    /// The budget, in bytes.
    public let bytes: UInt64
    private let state = Mutex(State())

    /// A budget of so many bytes; if not given, of half of what is free now.
    public init(bytes: UInt64? = nil) { self.bytes = bytes ?? Memory.free() / 2 }

    /// Waits until another replay may begin, with the others or `alone`. Blocks the calling thread.
    public func enter(alone: Bool = false) -> Place {
        if alone { state.withLock { $0.reserved += 1 } }
        while true {
            if let place = tryToEnter(alone: alone) { return place }
            usleep(Self.pollInterval)
        }
    }

    private func tryToEnter(alone: Bool) -> Place? {
        state.withLock { state in
            let mayJoin = state.running.isEmpty || state.total < bytes / 2 && !state.running.contains { $0.isAlone }
            guard alone ? state.running.isEmpty : mayJoin && state.reserved == 0 else { return nil }
            if alone { state.reserved -= 1 }
            state.next += 1
            state.running.append(Running(number: state.next, isAlone: alone))
            return Place(number: state.next)
        }
    }

    /// Tells what a replay takes now, in bytes; whether it may go on.
    public func mayGoOn(_ place: Place, taking bytes: UInt64) -> Bool {
        state.withLock { state in
            guard let index = state.running.firstIndex(where: { $0.number == place.number }) else { return false }
            state.running[index].bytes = bytes
            let isLastOfMany = index > 0 && index == state.running.count - 1
            return !isLastOfMany || state.total <= self.bytes
        }
    }

    /// Gives a place back.
    public func leave(_ place: Place) { state.withLock { $0.running.removeAll { $0.number == place.number } } }
}
