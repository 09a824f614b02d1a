import RRTrace
import RunModel

/// What is known of an event counter: who raised it and has not been read.
struct EventCounter {
    /// A write that adds to it.
    struct Raise {
        var entered: Moment
        var process: Int32
        /// Where it returned; until then it may not have happened yet.
        var done: Moment?
    }

    /// Whether a read takes one, and not all that is there (EFD_SEMAPHORE).
    var isSemaphore = false
    /// What it was made with, and has not been taken.
    var initial: UInt64 = 0
    var raises: [Raise] = []
}

extension EndpointTracker {
    private static let semaphore: UInt64 = 1
    /// More writes than this wait for no read.
    private static let mostRaises = 1024

    /// eventfd, eventfd2.
    mutating func openCounter(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        guard frame.result >= 0 else { return }
        let flags = call.syscall == .eventfd2 ? frame.argument(1) : 0
        let file = addFile(.eventCounter)
        files[file].counter.isSemaphore = flags & Self.semaphore != 0
        files[file].counter.initial = UInt64(UInt32(truncatingIfNeeded: frame.argument(0)))
        install(frame.result, file, closeOnExec: flags & OpenFlag.closeOnExec != 0, task, call, at: stamp(frame))
    }

    /// A write is entered: what it adds may be read before it returns.
    mutating func raise(_ file: Int, _ task: Int, _ call: PendingCall) {
        guard files[file].counter.raises.count < Self.mostRaises else { return }
        let process = tasks.processes[tasks[task].process].record.id
        files[file].counter.raises.append(EventCounter.Raise(entered: call.entered.moment, process: process))
    }

    /// A write or a read has returned.
    mutating func count(
        _ file: Int, _ direction: Syscall.Direction, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall
    ) {
        switch direction {
        case .send:
            guard let index = files[file].counter.raises.firstIndex(where: { $0.entered == call.entered.moment }) else { return }
            if frame.result > 0 {
                files[file].counter.raises[index].done = stamp(frame).moment
            } else {
                files[file].counter.raises.remove(at: index)
            }
        case .receive:
            if frame.result > 0 { lower(file, frame, task, call) }
        }
    }

    /// A read took what was there: all that had been added when it was entered. If that was nothing, it waited for the first to come.
    /// A semaphore gives one of what is there, and that is the first's.
    private mutating func lower(_ file: Int, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        let counter = files[file].counter
        if counter.initial > 0 {
            files[file].counter.initial = counter.isSemaphore ? counter.initial - 1 : 0
            if counter.isSemaphore { return }
        }
        var taken = counter.raises.indices.filter { counter.raises[$0].done.map { $0 < call.entered.moment } ?? false }
        if counter.isSemaphore || (taken.isEmpty && counter.initial == 0) { taken = Array(counter.raises.indices.prefix(1)) }
        // Of each process the last one says it all.
        var last: [Int32: Moment] = [:]
        for index in taken {
            let raise = counter.raises[index]
            last[raise.process] = max(last[raise.process] ?? .beginning, raise.entered)
        }
        let process = tasks.processes[tasks[task].process].record.id
        for (giver, moment) in last { link(.counter, from: moment, giver, to: stamp(frame).moment, process) }
        for index in taken.reversed() { files[file].counter.raises.remove(at: index) }
    }
}
