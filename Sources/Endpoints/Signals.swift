import RRTrace
import RunModel

/// A signal that a process sent to another.
struct Shot {
    /// Whom it was sent to: a process or a task; `nil`: many (a process group).
    var target: Int32?
    var signal: Int32
    /// Where the call that sent it was entered.
    var sent: Stamp
    /// Who has taken it, of many.
    var taken: Set<Int32> = []
}

extension EndpointTracker {
    private enum Code {
        /// SI_USER, SI_TKILL, SI_QUEUE: a process sent it.
        static let sent: Set<Int32> = [0, -6, -1]
        /// CLD_EXITED, CLD_KILLED, CLD_DUMPED: a child has ended.
        static let ended: ClosedRange<Int32> = 1...3
        static let child: Int32 = 17
    }

    /// So many signals of one process may be on their way; more are not followed.
    private static let mostShots = 256

    /// kill and its like are entered.
    mutating func shoot(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        let target: Int32
        let signal: Int32
        switch call.syscall {
        case .tgkill, .rtTgsigqueueinfo: (target, signal) = (frame.descriptor(1), frame.descriptor(2))
        default: (target, signal) = (frame.descriptor(0), frame.descriptor(1))
        }
        let sender = tasks.processes[tasks[task].process].record.id
        guard signal > 0, target != sender, shots[sender, default: []].count < Self.mostShots else { return }
        shots[sender, default: []].append(Shot(target: target > 0 ? target : nil, signal: signal, sent: call.entered))
    }

    /// It failed.
    mutating func missed(_ task: Int, _ call: PendingCall) {
        shots[tasks.processes[tasks[task].process].record.id]?.removeAll { $0.sent.moment == call.entered.moment }
    }

    /// A signal arrives at a task; the event that delivers or handles it tells of it again.
    mutating func takeSignal(_ frame: borrowing FrameCursor, _ task: Int) {
        guard let signal = frame.signal else { return }
        if frame.kind == .signal {
            tasks[task].arrived = signal.number
        } else if tasks[task].arrived == signal.number {
            tasks[task].arrived = nil
            return
        }
        if signal.number == Code.child, Code.ended.contains(signal.code) {
            return linkEnd(of: signal.sender, .signal, to: stamp(frame).moment, task)
        }
        guard Code.sent.contains(signal.code), let sent = shots[signal.sender] else { return }
        let process = tasks.processes[tasks[task].process].record.id
        // The one that has waited longest: of several equal ones that wait, the kernel keeps the first.
        guard
            let index = sent.firstIndex(where: {
                $0.signal == signal.number && ($0.target == nil || $0.target == process || $0.target == tasks[task].id)
                    && !$0.taken.contains(process)
            })
        else { return }
        link(.signal, from: sent[index].sent.moment, signal.sender, to: stamp(frame).moment, process)
        if sent[index].target == nil {
            shots[signal.sender]?[index].taken.insert(process)
        } else {
            shots[signal.sender]?.remove(at: index)
        }
    }

    /// Where a process dies whose last event was at `last`: if another has sent it that signal since, not before. No event of its own tells
    /// of a signal that kills it while it waits. It may die before the sender's call returns, but rr notes nothing else in between.
    mutating func death(of process: Int, status: Int32, after last: Stamp, before end: Stamp) -> Stamp {
        let own = tasks.processes[process].record.id
        var fatal: (sender: Int32, shot: Shot)?
        for (sender, sent) in shots {
            for shot in sent where shot.target == own && shot.signal == status & 0x7f && last.moment < shot.sent.moment {
                if let known = fatal, known.shot.sent.moment <= shot.sent.moment { continue }
                fatal = (sender, shot)
            }
        }
        guard let fatal else { return last }
        let moment = min(Moment(event: fatal.shot.sent.moment.event + 1), end.moment)
        link(.signal, from: fatal.shot.sent.moment, fatal.sender, to: moment, own)
        return Stamp(moment: moment, time: fatal.shot.sent.time)
    }
}
