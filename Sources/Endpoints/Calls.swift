import Capture
import RRTrace
import RunModel

/// Which calls are followed, from their entry to their return.
extension EndpointTracker {
    /// A task enters a call.
    mutating func enter(_ syscall: Syscall, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ data: inout DataReader) {
        guard syscall.isFollowed else {
            captured = nil
            tasks[task].pending = nil
            return
        }
        var call = PendingCall(syscall: syscall, entered: stamp(frame))
        if syscall.takesDescriptor { call.file = file(frame.descriptor(0), task, toMoveBytes: syscall.movesBytes, &data) }
        if syscall.handsOver { call.captured = captured }
        captured = nil
        if let second = syscall.secondDescriptor { call.other = file(frame.descriptor(second), task, toMoveBytes: true, &data) }
        switch syscall {
        case .clone, .fork, .vfork:
            if syscall != .fork { call.cloneFlags = syscall == .vfork ? Self.vforkFlags : frame.argument(0) }
            if isBeyondTaskList(frame.event) { tasks.beginClone(task) }
        case .execve, .execveat: tasks.processes[tasks[task].process].enterExec(call.entered.moment)
        case .exit where tasks.processes[tasks[task].process].liveTasks > 1: break
        case .exit, .exitGroup: tasks.processes[tasks[task].process].isEnding = true
        case .kill, .tkill, .tgkill, .rtSigqueueinfo, .rtTgsigqueueinfo: shoot(frame, task, call)
        case .write: if let file = call.file, files[file].kind == .eventCounter { raise(file, task, call) }
        case .connect: enterConnect(call)
        case .sendto: offerUrgent(frame, call)
        case .sendmsg, .sendmmsg:
            offerUrgent(frame, call)
            sendParcels(task, &call)
        case .close:
            // The descriptor is free again before the call returns, so another thread may get the same number meanwhile.
            let count = reading.activity.operations.count
            closeDescriptor(frame.descriptor(0), table: tasks[task].table, task, at: call.entered, latest: frame.time)
            if reading.activity.operations.count > count { call.operation = count }
        default: break
        }
        tasks[task].pending = call
    }

    /// CLONE_VFORK and CLONE_VM, as vfork implies.
    private static let vforkFlags: UInt64 = 0x4100

    /// A task returns from a call.
    mutating func leave(_ syscall: Syscall, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ data: inout DataReader) {
        guard let call = tasks[task].pending else { return }
        tasks[task].pending = nil
        // The kernel restarts the call by itself: nothing has happened yet as far as the program can see.
        guard call.syscall == syscall, !Self.restarts.contains(frame.result) else { return }
        switch syscall {
        case .clone, .fork, .vfork: returnFromClone(frame, task, call)
        case .socket: openSocket(frame, task, call)
        case .socketpair, .pipe, .pipe2: openPair(frame, task, call, &data)
        case .listen: listen(frame, task, call)
        case .accept, .accept4: accept(frame, task, call, &data)
        case .bind: bind(frame, call)
        case .connect: connect(frame, task, call)
        case .getsockopt: socketOption(frame, call, &data)
        case .getsockname, .getpeername: socketName(frame, call, &data)
        case .shutdown: shutDown(frame, task, call)
        case .close:
            if let operation = call.operation { reading.activity.operations[operation].latest = frame.time }
        case .closeRange: closeRange(frame, task, call)
        case .dup: copy(frame, to: frame.result, closeOnExec: false, task, call)
        case .fstat, .newfstatat, .statx: status(frame, task, call, &data)
        case .dup2, .dup3: duplicateOnto(frame, task, call)
        case .fcntl: control(frame, task, call)
        case .poll, .ppoll: poll(frame, task, call, &data)
        case .select, .pselect6: select(frame, task, call, &data)
        case .ioctl: inputControl(frame, task, call, &data)
        case .wait4, .waitpid: waited(for: frame.result, frame, task)
        case .waitid: waited(frame, task, &data)
        case .kill, .tkill, .tgkill, .rtSigqueueinfo, .rtTgsigqueueinfo: if frame.result < 0 { missed(task, call) }
        case .mmap, .shmat: mapped(frame, task, call)
        case .eventfd, .eventfd2: openCounter(frame, task, call)
        case .socketcall: oldSocketCall(frame, task, call, &data)
        case .ioUringEnter: note("not-understood", syscall.rawValue, at: stamp(frame).moment)
        default:
            if syscall.movesBytes {
                moveBytes(frame, task, call, &data)
            } else if syscall.opensFile {
                openFile(frame, task, call)
            } else if syscall.makesDescriptor {
                install(frame.result, nil, closeOnExec: false, task, call, at: stamp(frame))
            }
        }
    }

    /// ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK.
    private static let restarts: ClosedRange<Int64> = -516 ... -512
}
