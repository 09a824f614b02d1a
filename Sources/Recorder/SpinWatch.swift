#if canImport(Glibc)
    import Glibc
#endif

/// Sees that one thread of a node runs for seconds without a traced system call while others stand still that could run.
///
/// rr runs one thread at a time. Without a CPU's counter nothing ends a thread's turn but a traced call, or rr's last resort three seconds
/// later: a thread that spins until another has done something makes its node crawl, and nothing says why. While it runs, rr sleeps without
/// waking; whoever has to wait for its turn is held in a ptrace stop. Threads that wait for something else are in a call of the kernel: a
/// program that just computes for long keeps nobody waiting. How much time the thread gets says nothing, since the machine may be busy.
struct SpinWatch {
    /// How often to look, in nanoseconds: four times in the three seconds that a turn may last.
    static let interval = 700_000_000
    /// How often rr must have been found not to have woken.
    private static let looksNeeded = 2

    private let recorder: pid_t
    private var wakings: UInt64?
    private var runner: pid_t?
    private var looks = 0

    /// Watches what `rr` records.
    init(_ rr: Child) { recorder = rr.id }

    /// Looks; returns the thread that runs alone, if one does.
    mutating func look() -> pid_t? {
        let now = Self.wakings(of: recorder)
        let isAsleep = now != nil && now == wakings
        let holder = Self.holder(Proc.tasks(under: recorder).map { ($0.thread, Self.state(of: $0)) })
        looks = isAsleep && holder != nil && holder == runner ? looks + 1 : 0
        (wakings, runner) = (now, holder)
        return looks >= Self.looksNeeded ? holder : nil
    }

    /// The thread that runs while another stands still, if that is so.
    static func holder(_ tasks: [(thread: pid_t, state: Character?)]) -> pid_t? {
        guard tasks.contains(where: { $0.state == "t" }) else { return nil }
        return tasks.first { $0.state == "R" }?.thread
    }

    /// How often a process's first thread has gone to sleep by itself.
    private static func wakings(of process: pid_t) -> UInt64? {
        let label = "voluntary_ctxt_switches:\t"
        return Proc.lines("/proc/\(process)/status")?.first { $0.hasPrefix(label) }.flatMap { UInt64($0.dropFirst(label.count)) }
    }

    /// The state of a task, `R` or `t` for instance: the field of its `stat` behind the name, which may contain anything.
    private static func state(of task: Proc.Task) -> Character? {
        guard let text = Proc.text("/proc/\(task.process)/task/\(task.thread)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        return text[name...].dropFirst(2).first
    }
}
