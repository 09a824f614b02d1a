import Endpoints
import RRTrace
import RunModel

/// A call that a task is in at a cut, as far as its own node tells.
struct WaitingCall {
    /// Who can end it, seen from its own node.
    enum Waker {
        /// Whoever holds the other ends of these endpoints.
        case peers([Int32])
        /// These processes of the node.
        case processes([Int32])
    }

    let call: PendingCall
    let arguments: [String]
    var reason: Wait.Reason
    var waker: Waker
    /// Whether something else can end it, too.
    var isOpen: Bool
}

extension CallReader {
    /// The calls that tasks are in before the first frame, or call of a flush, that is beyond a cut. Reads up to there, and tells of no
    /// calls on the way.
    func waiting(until isBeyond: (_ moment: Moment, _ time: Int64) -> Bool) -> [WaitingCall] {
        advanceSilently(until: isBeyond)
        let processes = walk.livingProcesses
        return pending.values.sorted { $0.entered < $1.entered }.compactMap { call in waiting(in: call, processes) }
    }

    private func waiting(in call: PendingCall, _ processes: [DescriptorWalk.LivingProcess]) -> WaitingCall? {
        var call = call
        learn(&call)
        var found = WaitingCall(
            call: call, arguments: arguments(of: call, result: nil), reason: .unknown, waker: .processes([]), isOpen: true)
        switch call.name {
        case "read", "readv", "recvfrom", "recvmsg", "recvmmsg": waits(for: .data, &found)
        case "write", "writev", "sendto", "sendmsg", "sendmmsg", "sendfile": waits(for: .room, &found)
        case "splice", "tee": waits(for: .unknown, &found)
        case "accept", "accept4": found.reason = .client
        case "connect": found.reason = .answer
        case "wait4", "waitid": if !waitsForChild(&found, processes) { return nil }
        case "futex": waitsForThreads(&found, processes)
        case "epoll_wait", "epoll_pwait", "epoll_pwait2": waitsForEvents(&found)
        case "poll", "ppoll", "select", "pselect6": found.reason = .ready
        case "pause", "rt_sigsuspend", "rt_sigtimedwait": found.reason = .signal
        case "nanosleep", "clock_nanosleep": found.reason = .time
        case "flock", "msgrcv", "msgsnd", "semop", "semtimedop", "mq_timedreceive", "mq_timedsend": found.reason = .lock
        case "fcntl" where [7, 38].contains(call.values[1]): found.reason = .lock
        default: return nil
        }
        return found
    }

    /// A call on one descriptor.
    private func waits(for reason: Wait.Reason, _ found: inout WaitingCall) {
        found.reason = reason
        let serials = found.call.meanings.compactMap { entry in
            if case .endpoint(let serial) = entry.meaning { serial } else { nil }
        }
        guard let first = serials.first else { return }
        found.waker = .peers(reason == .unknown ? serials : [first])
        found.isOpen = false
    }

    /// The end of one child, or of any; `false` if it does not wait at all.
    private func waitsForChild(_ found: inout WaitingCall, _ processes: [DescriptorWalk.LivingProcess]) -> Bool {
        let values = found.call.values
        let isWaitID = found.call.name == "waitid"
        guard values[isWaitID ? 3 : 2] & 1 == 0 else { return false }
        let wanted = Int32(truncatingIfNeeded: values[isWaitID ? 1 : 0])
        let isOne = isWaitID ? values[0] == 1 : wanted > 0
        let children = processes.filter { $0.parent == found.call.process && (!isOne || $0.id == wanted) }.map(\.id)
        (found.reason, found.waker, found.isOpen) = (.child, .processes(children), children.isEmpty)
        return true
    }

    /// A futex: only other threads of the process are known to be able to end it.
    private func waitsForThreads(_ found: inout WaitingCall, _ processes: [DescriptorWalk.LivingProcess]) {
        found.reason = .threads
        let operation = found.call.values[1] & 0x7f
        let hasLimit = [0, 6, 9, 11].contains(operation) && found.call.values[3] != 0
        let hasOthers = processes.contains { $0.id == found.call.process && $0.tasks.count > 1 }
        found.waker = .processes(hasOthers ? [found.call.process] : [])
        found.isOpen = hasLimit || !hasOthers
    }

    /// epoll_wait: on whatever was added by epoll_ctl and still names the same thing.
    private func waitsForEvents(_ found: inout WaitingCall) {
        found.reason = .ready
        let values = found.call.values
        let hasLimit = found.call.name == "epoll_pwait2" ? values[3] != 0 : Int32(truncatingIfNeeded: values[3]) >= 0
        guard let watched = watched[found.call.process]?[Int32(truncatingIfNeeded: values[0])] else { return }
        let meanings = watched.sorted().map { walk.meaning(of: $0, task: found.call.task) }
        let serials = meanings.compactMap { meaning in
            if case .endpoint(let serial) = meaning { serial } else { nil }
        }
        found.waker = .peers(serials)
        // What is no endpoint (a timer, a terminal) may become ready whenever it likes.
        found.isOpen = hasLimit || serials.count < meanings.count
    }
}
