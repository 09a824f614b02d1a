import RRTrace
import RunModel

/// Files that are opened by name, and what `stat` says of descriptors: FIFOs show only so.
extension EndpointTracker {
    private static let pathOnly: UInt64 = 0x20_0000

    /// open, openat, creat.
    mutating func openFile(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        install(frame.result, nil, closeOnExec: false, task, call, at: stamp(frame))
        guard let number = Int32(exactly: frame.result), number >= 0 else { return }
        // openat2 has its flags in memory, which the trace does not hold.
        let flags: UInt64 =
            switch call.syscall {
            case .open: frame.argument(1)
            case .openat: frame.argument(2)
            case .creat: 1
            default: 2
            }
        guard flags & Self.pathOnly == 0 else { return }
        openings += 1
        tables[tasks[task].table].plain[number] = PlainFile(
            opening: openings, opened: call.entered, closeOnExec: flags & OpenFlag.closeOnExec != 0, access: Self.access(flags))
    }

    /// What flags of `open` ask for.
    static func access(_ flags: UInt64) -> Endpoint.Access {
        switch flags & 3 {
        case 0: .read
        case 1: .write
        default: .both
        }
    }

    /// The open file that descriptor `number` of `task` names, if it is one that we follow. Asked for a call that moves bytes, a plain
    /// file shows whether it is a FIFO.
    mutating func file(_ number: Int32, _ task: Int, toMoveBytes: Bool, _ data: inout DataReader) -> Int? {
        let table = tasks[task].table
        if let slot = tables[table].slots[number] { return slot.file }
        guard toMoveBytes, !tables[table].plain.isEmpty, let plain = tables[table].plain[number] else { return nil }
        guard let place = plain.status else {
            if !plain.hasMoved { tables[table].plain[number]?.hasMoved = true }
            return nil
        }
        tables[table].plain[number]?.status = nil
        guard let status = place.read(&data), status.isFIFO else { return nil }
        return becomeFIFO(plain, status)
    }

    /// All descriptors that came from one `open` name a FIFO.
    private mutating func becomeFIFO(_ plain: PlainFile, _ status: FileStatus) -> Int {
        let file = addFile(.pipe)
        files[file].access = plain.access
        files[file].identity = status.identity
        files[file].opened = plain.opened
        files[file].isInherited = plain.isInherited
        files[file].hasMoved = plain.hasMoved
        for table in tables.indices {
            for (number, other) in tables[table].plain where other.opening == plain.opening {
                tables[table].plain[number] = nil
                tables[table].slots[number] = FileTable.Slot(file: file, closeOnExec: other.closeOnExec)
                files[file].references += tables[table].users > 0 ? 1 : 0
            }
        }
        return file
    }

    /// fstat and its like.
    mutating func status(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader) {
        let number = frame.descriptor(0)
        guard number >= 0 else { return }
        let table = tasks[task].table
        if let file = call.file {
            if files[file].identity?.device == nil, let status = FileStatus.Place(frame, call.syscall)?.read(&data) {
                identify(file, status)
            }
        } else if let plain = tables[table].plain[number] {
            if plain.status == nil { tables[table].plain[number]?.status = FileStatus.Place(frame, call.syscall) }
        } else if let status = FileStatus.Place(frame, call.syscall)?.read(&data) {
            // A descriptor that no call made: it was there before the recording.
            if status.isFIFO || status.isSocket {
                let file = addFile(status.isFIFO ? .pipe : .unknownSocket)
                files[file].isInherited = true
                files[file].references = 1
                identify(file, status)
                tables[table].slots[number] = FileTable.Slot(file: file, closeOnExec: false)
            } else {
                openings += 1
                tables[table].plain[number] = PlainFile(
                    opening: openings, opened: call.entered, closeOnExec: false, access: .both, isInherited: true)
            }
        }
    }

    /// `stat` told what `file` is.
    private mutating func identify(_ file: Int, _ status: FileStatus) {
        if files[file].kind == .unknownSocket, status.isFIFO { files[file].kind = .pipe }
        files[file].identity = status.identity
        guard let serial = files[file].endpoint else { return }
        reading.activity.endpoints[Int(serial)].kind = files[file].kind.endpointKind
        reading.activity.endpoints[Int(serial)].identity = status.identity
        if files[file].kind == .pipe, case .pair(let twin) = reading.activity.endpoints[Int(serial)].birth {
            reading.activity.endpoints[Int(twin)].identity = status.identity
        }
    }
}
