import RRTrace
import RunModel

/// A message that one end of a pair was sent, and may have brought descriptors along: a trace does not hold what was sent.
struct Parcel {
    /// What a descriptor of the sender may stand for.
    enum Content: Hashable {
        /// Something that we follow.
        case file(Int)
        /// A plain file, by its opening.
        case plain(Int)
    }

    /// Where it begins among what the receiver takes: in bytes, or in messages.
    var start: UInt64
    /// Where the send was entered, and by which process.
    var sent: Stamp
    var process: Int32
    /// The sender's table.
    var table: Int
    /// Everything that the sender had, but the pair itself.
    var contents: Set<Content>
}

/// A connection that was taken for what came with a message, though its sender had more: it must not use it any more.
struct Assumption {
    var endpoint: Int32
    var sender: Int32
    var received: Moment
}

/// Descriptors that go from process to process (SCM_RIGHTS).
extension EndpointTracker {
    /// Processes with more descriptors than this are not looked into: which one is meant would not be told anyway.
    private static let mostContents = 256
    /// So many messages on their way to one endpoint are remembered.
    private static let mostParcels = 64
    /// The kernel takes no more with one message (SCM_MAX_FD).
    private static let mostDescriptors = 253

    /// sendmsg is entered: on one end of a pair it may send descriptors.
    mutating func sendParcel(_ task: Int, _ call: PendingCall) {
        guard let file = call.file, let serial = files[file].endpoint, case .pair(let twin) = reading.activity.endpoints[Int(serial)].birth,
            files[file].kind != .pipe, lostPlaces[Direction(endpoint: serial, kind: .send)] == nil
        else { return }
        let table = tables[tasks[task].table]
        guard table.slots.count + table.plain.count <= Self.mostContents else { return }
        var contents = Set(table.slots.values.map { Parcel.Content.file($0.file) }.filter { !isEnd($0, serial, twin) })
        contents.formUnion(table.plain.values.map { .plain($0.opening) })
        let parcel = Parcel(
            start: isCounted(serial) ? messageCounts[Int(serial)].sent : offsets[Int(serial)].sent, sent: call.entered,
            process: tasks.processes[tasks[task].process].record.id, table: tasks[task].table, contents: contents)
        var waiting = parcels[twin] ?? []
        if waiting.count == Self.mostParcels { waiting.removeFirst() }
        waiting.append(parcel)
        parcels[twin] = waiting
    }

    private func isEnd(_ content: Parcel.Content, _ serial: Int32, _ twin: Int32) -> Bool {
        guard case .file(let file) = content, let own = files[file].endpoint else { return false }
        return own == serial || own == twin
    }

    /// Whether what an endpoint takes is counted in messages.
    private func isCounted(_ serial: Int32) -> Bool { reading.activity.endpoints[Int(serial)].kind.keepsMessages }

    /// A message has come that `header` describes: its control data may hold new descriptors.
    mutating func takeDescriptors(
        _ header: MessageHeader, _ serial: Int32, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall,
        _ data: inout DataReader
    ) {
        let numbers = descriptors(header, frame, &data)
        guard !numbers.isEmpty else { return }
        let flags = frame.argument(call.syscall == .recvmmsg ? 3 : 2)
        let closeOnExec = flags & Self.closeReceivedOnExec != 0
        let parcel = openParcel(serial)
        if let parcel {
            let process = tasks.processes[tasks[task].process].record.id
            if parcel.process != process {
                link(.descriptor, from: parcel.sent.moment, parcel.process, to: stamp(frame).moment, process)
            }
        }
        // What the receiver has already, nobody needs to send it.
        let table = tables[tasks[task].table]
        var contents = parcel?.contents ?? []
        contents.subtract(table.slots.values.map { .file($0.file) })
        contents.subtract(table.plain.values.map { .plain($0.opening) })
        if numbers.count == 1, let content = meant(contents, parcel, at: stamp(frame).moment) {
            return receive(content, numbers[0], closeOnExec: closeOnExec, task, call, at: stamp(frame))
        }
        for number in numbers {
            note("descriptors-passed", at: stamp(frame).moment)
            let file = addFile(.unknownSocket)
            files[file].isPassed = true
            install(Int64(number), file, closeOnExec: closeOnExec, task, call, at: stamp(frame))
        }
    }

    /// Which of these is the one that was sent: the only one; or the only connection that nobody has used, as a server hands it on and
    /// closes it.
    private mutating func meant(_ contents: Set<Parcel.Content>, _ parcel: Parcel?, at moment: Moment) -> Parcel.Content? {
        guard let parcel, contents.count > 1 else { return contents.first }
        let connections = contents.filter { content in
            guard case .file(let file) = content, let serial = files[file].endpoint else { return false }
            let birth = reading.activity.endpoints[Int(serial)].birth
            return (birth == .accept || birth == .connect) && offsets[Int(serial)] == (0, 0) && messageCounts[Int(serial)] == (0, 0)
        }
        guard connections.count == 1, let connection = connections.first, case .file(let file) = connection,
            let serial = files[file].endpoint
        else { return nil }
        let isClosed = !tables[parcel.table].slots.values.contains { $0.file == file }
        let mayBePlain = contents.contains { if case .plain = $0 { true } else { false } }
        guard isClosed || !mayBePlain else { return nil }
        assumptions.append(Assumption(endpoint: serial, sender: parcel.process, received: moment))
        return connection
    }

    /// Counts the connections that their senders went on using.
    mutating func checkAssumptions() {
        for assumption in assumptions {
            let wasUsed = reading.activity.operations.contains {
                $0.endpoint == assumption.endpoint && $0.process == assumption.sender && $0.at > assumption.received
                    && ($0.kind == .send || $0.kind == .receive)
            }
            if wasUsed { note("descriptor-assumed", at: assumption.received) }
        }
    }

    /// MSG_CMSG_CLOEXEC.
    private static let closeReceivedOnExec: UInt64 = 0x4000_0000

    /// The message whose last byte `serial` has just taken: the kernel ends a receive behind a message with descriptors.
    private mutating func openParcel(_ serial: Int32) -> Parcel? {
        guard reading.activity.endpoints[Int(serial)].opaqueFrom == nil, let waiting = parcels[serial] else { return nil }
        let taken = isCounted(serial) ? messageCounts[Int(serial)].received : offsets[Int(serial)].received
        guard let place = waiting.lastIndex(where: { $0.start < taken }) else { return nil }
        parcels[serial] = Array(waiting[place...])
        return waiting[place]
    }

    private mutating func receive(
        _ content: Parcel.Content, _ number: Int32, closeOnExec: Bool, _ task: Int, _ call: PendingCall, at stamp: Stamp
    ) {
        switch content {
        case .plain(let opening):
            install(Int64(number), nil, closeOnExec: closeOnExec, task, call, at: stamp)
            var plain: PlainFile?
            for table in tables where plain == nil { plain = table.plain.values.first { $0.opening == opening } }
            plain?.closeOnExec = closeOnExec
            tables[tasks[task].table].plain[number] = plain
        case .file(let file):
            if files[file].references == 0, let closing = files[file].closing, let serial = files[file].endpoint {
                // Its last descriptor was on the way.
                withdrawn.insert(closing)
                reading.activity.endpoints[Int(serial)].closed = nil
            }
            install(Int64(number), file, closeOnExec: closeOnExec, task, call, at: stamp)
        }
    }

    /// The descriptors in a message's control data: that of level SOL_SOCKET and type SCM_RIGHTS.
    private func descriptors(_ header: MessageHeader, _ frame: borrowing some CallView & ~Copyable, _ data: inout DataReader) -> [Int32] {
        let width = frame.isNarrow ? 4 : 8
        guard header.controlLength > width + 8, header.controlLength <= Self.largestControl,
            let bytes = readMemory(frame, at: header.control, count: Int(header.controlLength), &data)
        else { return [] }
        var found: [Int32] = []
        var start = 0
        while start + width + 8 <= bytes.count {
            let length = littleEndian(bytes, start, width)
            guard length >= UInt64(width + 8), length <= UInt64(bytes.count - start) else { break }
            let end = start + Int(length)
            if littleEndian32(bytes, start + width) == 1, littleEndian32(bytes, start + width + 4) == 1 {
                found += stride(from: start + width + 8, to: end - 3, by: 4).map { littleEndian32(bytes, $0) }
            }
            start = (end + width - 1) / width * width
        }
        return Array(found.prefix(Self.mostDescriptors))
    }

    /// More control data than any program has room for is not looked at.
    private static let largestControl: UInt64 = 1 << 16
}
