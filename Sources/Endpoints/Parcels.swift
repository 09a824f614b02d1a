import Capture
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
    /// What was sent, in this order, if a replay has captured it.
    var passed: [Passed]?
}

/// What a descriptor names that is passed.
enum Passed {
    /// Something that we follow.
    case file(Int)
    /// A plain file.
    case plain(PlainFile)
    /// Neither.
    case other
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

    /// sendmsg or sendmmsg is entered: it may send descriptors. Which ones, only a replay tells.
    mutating func sendParcels(_ task: Int, _ call: inout PendingCall) {
        guard let file = call.file, let serial = files[file].endpoint else { return }
        if let captured = call.captured {
            for section in captured.sections where section.kind == .control {
                let passed = passedDescriptors(section).map { self.passed($0, task) }
                if !passed.isEmpty { call.passes[section.message] = passed }
            }
        }
        guard case .pair(let twin) = reading.activity.endpoints[Int(serial)].birth, files[file].kind != .pipe,
            lostPlaces[Direction(endpoint: serial, kind: .send)] == nil
        else { return }
        guard let captured = call.captured else {
            return sendParcel(from: serial, to: twin, task, call, behind: 0, contents(task, serial, twin))
        }
        for (message, passed) in call.passes.sorted(by: { $0.key < $1.key }) {
            let before = captured.sections.filter { $0.kind == .payload && $0.message < message }.reduce(UInt64(0)) { $0 &+ $1.offered }
            sendParcel(
                from: serial, to: twin, task, call, behind: isCounted(serial) ? UInt64(clamping: message) : before, [], passed)
        }
    }

    /// Notes a message that may have descriptors, so far behind what was sent before the call.
    private mutating func sendParcel(
        from serial: Int32, to twin: Int32, _ task: Int, _ call: PendingCall, behind: UInt64, _ contents: Set<Parcel.Content>?,
        _ passed: [Passed]? = nil
    ) {
        guard let contents else { return }
        let start = isCounted(serial) ? messageCounts[Int(serial)].sent : offsets[Int(serial)].sent
        let parcel = Parcel(
            start: start &+ behind, sent: call.entered, process: tasks.processes[tasks[task].process].record.id,
            table: tasks[task].table, contents: contents, passed: passed)
        var waiting = parcels[twin] ?? []
        if waiting.count == Self.mostParcels { waiting.removeFirst() }
        waiting.append(parcel)
        parcels[twin] = waiting
    }

    /// All that a task could send, but the pair that it would send it through; `nil` if that is too much.
    private func contents(_ task: Int, _ serial: Int32, _ twin: Int32) -> Set<Parcel.Content>? {
        let table = tables[tasks[task].table]
        guard table.slots.count + table.plain.count <= Self.mostContents else { return nil }
        let contents = Set(table.slots.values.map { Parcel.Content.file($0.file) }.filter { !isEnd($0, serial, twin) })
        return contents.union(table.plain.values.map { .plain($0.opening) })
    }

    /// What descriptor `number` of a task names.
    private func passed(_ number: Int32, _ task: Int) -> Passed {
        if let file = file(number, task) { return .file(file) }
        return tables[tasks[task].table].plain[number].map { .plain($0) } ?? .other
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
        count result: Int64, _ data: inout DataReader
    ) {
        let numbers = newDescriptors(header, frame, &data)
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
        if let passed = parcel?.passed, passed.count >= numbers.count {
            for (number, passed) in zip(numbers, passed) {
                receive(passed, number, closeOnExec: closeOnExec, task, call, at: stamp(frame))
            }
            return
        }
        // What the receiver has already, nobody needs to send it.
        let table = tables[tasks[task].table]
        var contents = parcel?.contents ?? []
        contents.subtract(table.slots.values.map { .file($0.file) })
        contents.subtract(table.plain.values.map { .plain($0.opening) })
        if numbers.count == 1, let content = meant(contents, parcel, at: stamp(frame).moment) {
            return receive(content, numbers[0], closeOnExec: closeOnExec, task, call, at: stamp(frame))
        }
        let made = numbers.map { number in
            let file = addFile(.unknownSocket)
            files[file].isPassed = true
            install(Int64(number), file, closeOnExec: closeOnExec, task, call, at: stamp(frame))
            return file
        }
        let isTold = parcel == nil && notePassing(isSend: false, serial, count: result, made, at: stamp(frame))
        if !isTold { for _ in numbers { note("descriptors-passed", at: stamp(frame).moment) } }
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
        var passed = Passed.other
        switch content {
        case .plain(let opening):
            for table in tables {
                guard let plain = table.plain.values.first(where: { $0.opening == opening }) else { continue }
                passed = .plain(plain)
                break
            }
        case .file(let file): passed = .file(file)
        }
        receive(passed, number, closeOnExec: closeOnExec, task, call, at: stamp)
    }

    private mutating func receive(
        _ passed: Passed, _ number: Int32, closeOnExec: Bool, _ task: Int, _ call: PendingCall, at stamp: Stamp
    ) {
        switch passed {
        case .other: install(Int64(number), nil, closeOnExec: closeOnExec, task, call, at: stamp)
        case .plain(var plain):
            install(Int64(number), nil, closeOnExec: closeOnExec, task, call, at: stamp)
            plain.closeOnExec = closeOnExec
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
}
