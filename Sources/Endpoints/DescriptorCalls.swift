import RRTrace
import RunModel

/// Descriptors: what names what, and when the last name goes.
extension EndpointTracker {
    /// The open file that descriptor `number` of `task` names, if it is one that we follow.
    func file(_ number: Int32, _ task: Int) -> Int? { tables[tasks[task].table].slots[number]?.file }

    /// A new open file without descriptors.
    mutating func addFile(_ kind: OpenFile.Kind) -> Int {
        files.append(OpenFile(kind))
        return files.count - 1
    }

    /// Makes descriptor `number` name `file`. `nil`: something that we do not follow.
    ///
    /// A descriptor that is in use already must have been closed where the trace does not show it.
    mutating func install(_ number: Int64, _ file: Int?, closeOnExec: Bool, _ task: Int, _ call: PendingCall, at stamp: Stamp) {
        guard let number = Int32(exactly: number), number >= 0 else { return }
        let table = tasks[task].table
        if tables[table].slots[number] != nil { note("implied-close", at: stamp.moment) }
        closeDescriptor(number, table: table, task, at: call.entered, latest: stamp.time)
        guard let file else { return }
        files[file].references += 1
        tables[table].slots[number] = FileTable.Slot(file: file, closeOnExec: closeOnExec)
    }

    /// Takes descriptor `number` out of `table`; with the last name of an open file its endpoint closes, at `stamp`.
    mutating func closeDescriptor(_ number: Int32, table: Int, _ task: Int, at stamp: Stamp, latest: Int64) {
        if !tables[table].plain.isEmpty { tables[table].plain[number] = nil }
        guard let slot = tables[table].slots.removeValue(forKey: number) else { return }
        files[slot.file].references -= 1
        guard files[slot.file].references == 0, let serial = files[slot.file].endpoint else { return }
        reading.activity.endpoints[Int(serial)].closed = stamp.moment
        files[slot.file].closing = reading.activity.operations.count
        record(.close, serial, task, entered: stamp, at: stamp, latest: latest)
    }

    /// Makes descriptor `number` name what the call's first argument does.
    mutating func copy(_ frame: borrowing some CallView & ~Copyable, to number: Int64, closeOnExec: Bool, _ task: Int, _ call: PendingCall)
    {
        install(number, call.file, closeOnExec: closeOnExec, task, call, at: stamp(frame))
        guard call.file == nil, let target = Int32(exactly: number), target >= 0 else { return }
        let table = tasks[task].table
        guard var plain = tables[table].plain[frame.descriptor(0)] else { return }
        plain.closeOnExec = closeOnExec
        tables[table].plain[target] = plain
    }

    /// dup2, dup3.
    mutating func duplicateOnto(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        let result = frame.result
        guard result >= 0, frame.descriptor(0) != frame.descriptor(1) else { return }
        let closeOnExec = call.syscall == .dup3 && frame.argument(2) & OpenFlag.closeOnExec != 0
        // The name is taken over: what it stood for before is closed, and that is no surprise.
        closeDescriptor(Int32(truncatingIfNeeded: result), table: tasks[task].table, task, at: call.entered, latest: frame.time)
        copy(frame, to: result, closeOnExec: closeOnExec, task, call)
    }

    /// fcntl.
    mutating func control(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        let result = frame.result
        guard result >= 0 else { return }
        let command = frame.descriptor(1)
        switch command {
        case FileControl.duplicate, FileControl.duplicateCloseOnExec:
            let closeOnExec = command == FileControl.duplicateCloseOnExec
            copy(frame, to: result, closeOnExec: closeOnExec, task, call)
        case FileControl.setFlags:
            let table = tasks[task].table
            tables[table].slots[frame.descriptor(0)]?.closeOnExec = frame.argument(2) & 1 != 0
            tables[table].plain[frame.descriptor(0)]?.closeOnExec = frame.argument(2) & 1 != 0
        default: break
        }
    }

    /// close_range.
    mutating func closeRange(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        guard frame.result == 0 else { return }
        if frame.argument(2) & CloseRange.unshare != 0 { unshareTable(of: task) }
        let table = tasks[task].table
        let closeOnExec = frame.argument(2) & CloseRange.onlyMark != 0
        let (first, last) = (UInt32(truncatingIfNeeded: frame.argument(0)), UInt32(truncatingIfNeeded: frame.argument(1)))
        for number in tables[table].slots.keys.sorted() where number >= first && number <= last {
            if closeOnExec {
                tables[table].slots[number]?.closeOnExec = true
            } else {
                closeDescriptor(number, table: table, task, at: call.entered, latest: frame.time)
            }
        }
        for number in tables[table].plain.keys where number >= first && number <= last {
            if closeOnExec { tables[table].plain[number]?.closeOnExec = true } else { tables[table].plain[number] = nil }
        }
    }
}

/// Values of fcntl's second argument.
enum FileControl {
    static let duplicate: Int32 = 0
    static let setFlags: Int32 = 2
    static let duplicateCloseOnExec: Int32 = 1030
}

/// Flags of calls that make descriptors (the same bit everywhere).
enum OpenFlag {
    static let closeOnExec: UInt64 = 0x80000
}

/// Flags of close_range.
enum CloseRange {
    static let unshare: UInt64 = 2
    static let onlyMark: UInt64 = 4
}
