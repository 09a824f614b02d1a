#if canImport(Glibc)
    import Glibc
#endif

/// Sees that one thread of a node runs for seconds without a traced system call while the node has others.
///
/// rr runs one thread at a time. Without a CPU's counter nothing ends a thread's turn but a traced call, or rr's last resort three seconds
/// later: a thread that spins until another has done something makes its node crawl, and nothing says why. While the thread runs, rr sleeps
/// without waking, and the thread's own time goes on.
struct SpinWatch {
    /// How often to look, in nanoseconds: four times in the three seconds that a turn may last.
    static let interval = 700_000_000
    /// How often rr must have been found not to have woken.
    private static let looksNeeded = 2
    /// The time that the thread must have run between two looks, in the hundredths of a second that the kernel counts in. Who waits does
    /// not run at all; who spins may get little of a machine that has much else to do.
    private static let busyTime: UInt64 = 5

    private let recorder: pid_t
    private var wakings: UInt64?
    private var looks = 0
    private var times: [pid_t: UInt64] = [:]

    /// Watches what `rr` records.
    init(_ rr: Child) { recorder = rr.id }

    /// Looks; returns the thread that runs alone, if one does.
    mutating func look() -> pid_t? {
        let now = Self.wakings(of: recorder)
        defer { wakings = now }
        guard let now, now == wakings else {
            (looks, times) = (0, [:])
            return nil
        }
        looks += 1
        let before = times
        times = Proc.tasks(under: recorder).reduce(into: [:]) { times, task in times[task.thread] = Self.time(of: task) }
        guard looks >= Self.looksNeeded, times.count > 1 else { return nil }
        return times.first { task, time in before[task].map { time >= $0 &+ Self.busyTime } ?? false }?.key
    }

    /// How often a process's first thread has gone to sleep by itself.
    private static func wakings(of process: pid_t) -> UInt64? {
        let label = "voluntary_ctxt_switches:\t"
        return Proc.lines("/proc/\(process)/status")?.first { $0.hasPrefix(label) }.flatMap { UInt64($0.dropFirst(label.count)) }
    }

    /// What a task has run, outside and inside the kernel: fields 14 and 15 of its `stat`, whose second, a name, may contain anything.
    private static func time(of task: Proc.Task) -> UInt64? {
        guard let text = Proc.text("/proc/\(task.process)/task/\(task.thread)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[name...].split(separator: " ")
        guard fields.count > 13, let user = UInt64(fields[12]), let system = UInt64(fields[13]) else { return nil }
        return user &+ system
    }
}
