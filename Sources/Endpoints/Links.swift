import RRTrace
import RunModel

/// What leads from one process of the node to another: forks, ends that are waited for, shared memory.
extension EndpointTracker {
    /// Adds a link, unless it stays within one process.
    mutating func link(_ kind: Link.Kind, from: Moment, _ fromProcess: Int32, to: Moment, _ toProcess: Int32) {
        guard fromProcess != toProcess, from < to else { return }
        reading.activity.links.append(Link(kind: kind, from: from, fromProcess: fromProcess, to: to, toProcess: toProcess))
    }

    /// The first event of a process that was forked.
    mutating func beginLife(_ process: Int, at stamp: Stamp) {
        tasks.processes[process].isUnborn = false
        let record = tasks.processes[process].record
        guard let parent = record.parent, let forked = record.forked else { return }
        link(.fork, from: Moment(event: forked), parent, to: stamp.moment, record.id)
    }

    /// A parent that waited for its child's exec or end (CLONE_VFORK) goes on.
    mutating func resume(_ task: Int, after child: Int32, at stamp: Stamp) {
        guard let process = tasks.process(child) else { return }
        let state = tasks.processes[process]
        let from = state.record.firstExec == nil && (state.isEnding || state.record.ended != nil) ? state.last.moment : state.execEntered
        guard let from else { return }
        link(.exit, from: from, child, to: stamp.moment, tasks.processes[tasks[task].process].record.id)
    }

    /// wait4 and waitpid have returned `child`.
    mutating func waited(for child: Int64, _ frame: borrowing some CallView & ~Copyable, _ task: Int) {
        guard let child = Int32(exactly: child), child > 0 else { return }
        linkEnd(of: child, .exit, to: stamp(frame).moment, task)
    }

    /// waitid has returned: `siginfo_t` tells for whom.
    mutating func waited(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ data: inout DataReader) {
        let place = frame.isNarrow ? 12 : 16
        guard frame.result == 0, frame.argument(2) != 0, let bytes = readMemory(frame, at: frame.argument(2), count: place + 4, &data)
        else { return }
        waited(for: Int64(littleEndian32(bytes, place)), frame, task)
    }

    /// `child` has ended, and the process of `task` takes note. A process that only stopped may have gone on since: it is not meant.
    mutating func linkEnd(of child: Int32, _ kind: Link.Kind, to moment: Moment, _ task: Int) {
        guard let process = tasks.process(child) else { return }
        let state = tasks.processes[process]
        let own = tasks.processes[tasks[task].process].record.id
        let parent = state.record.parent.flatMap { tasks.process($0) }
        // Its parent waits for it; if that has ended before, whoever inherited it.
        guard state.isEnding || state.record.ended != nil,
            state.record.parent == own || parent.map({ tasks.processes[$0].record.ended != nil }) ?? true
        else { return }
        link(kind, from: state.last.moment, child, to: moment, own)
    }

    // MARK: Shared memory

    private static let shared: UInt64 = 0x1

    /// mmap and shmat: memory that a process may share with those it forks, or with those who map the same file.
    mutating func mapped(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        guard !(-4095 ... -1).contains(frame.result), call.syscall == .shmat || frame.argument(3) & Self.shared != 0 else { return }
        let process = tasks[task].process
        guard tasks.processes[process].sharedMappings.count < Self.mostMappings else { return }
        tasks.processes[process].sharedMappings.append(frame.event)
    }

    /// What a process maps beyond this many times is not looked at.
    private static let mostMappings = 1 << 12

    /// Finds the processes that share memory which one of them at least may write to.
    mutating func findSharedMemory() {
        guard tasks.processes.count > 1, tasks.processes.contains(where: { !$0.sharedMappings.isEmpty }) else { return }
        let (mappings, anomalies) = trace.mappings()
        note(anomalies)
        /// What is mapped, and by which events.
        struct Memory: Hashable {
            var identity: Endpoint.FileIdentity
            var event: UInt64
        }
        let wanted = Set(tasks.processes.flatMap(\.sharedMappings))
        var memories: [UInt64: Memory] = [:]
        var written: Set<Memory> = []
        for mapping in mappings where UInt64(UInt32(bitPattern: mapping.flags)) & Self.shared != 0 && wanted.contains(mapping.event) {
            // Without an inode only those who inherit the mapping share it.
            let identity = Endpoint.FileIdentity(device: mapping.device, inode: mapping.inode)
            let memory = Memory(identity: identity, event: mapping.inode == 0 ? mapping.event : 0)
            memories[mapping.event] = memory
            if mapping.protection & 2 != 0 { written.insert(memory) }
        }
        var first: [Memory: Int32] = [:]
        for process in tasks.processes {
            for memory in process.sharedMappings.compactMap({ memories[$0] }) where written.contains(memory) {
                if let other = first[memory] { join(process.record.id, other) } else { first[memory] = process.record.id }
            }
        }
    }

    /// Two processes share memory: the owner of one's is the owner of the other's.
    private mutating func join(_ process: Int32, _ other: Int32) {
        let owner = reading.activity.memoryOwner[other] ?? other
        let old = reading.activity.memoryOwner[process] ?? process
        guard old != owner else { return }
        // The earlier process stays the owner.
        let (kept, gone) = (tasks.process(owner) ?? 0) <= (tasks.process(old) ?? 0) ? (owner, old) : (old, owner)
        for (member, its) in reading.activity.memoryOwner where its == gone { reading.activity.memoryOwner[member] = kept }
        reading.activity.memoryOwner[gone] = kept
    }
}

extension ProcessState {
    /// An exec is entered; only the first one that succeeds matters.
    mutating func enterExec(_ moment: Moment) {
        if record.firstExec == nil { execEntered = moment }
    }
}
