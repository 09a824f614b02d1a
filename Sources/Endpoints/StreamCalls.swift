import Capture
import RRTrace
import RunModel

/// Flags of the send and receive families.
enum MessageFlag {
    static let urgent: UInt64 = 0x1
    static let peek: UInt64 = 0x2
    static let truncate: UInt64 = 0x20
    static let errorQueue: UInt64 = 0x2000
    static let fastOpen: UInt64 = 0x2000_0000
}

/// Calls that move bytes between the program and an endpoint.
extension EndpointTracker {
    private enum Errno {
        static let brokenPipe: Int64 = -32
        static let connectionReset: Int64 = -104
        static let inProgress: Int64 = -115
    }

    /// A call of the read, write, send and receive families has returned.
    mutating func moveBytes(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader) {
        guard let direction = call.syscall.direction else { return moveInKernel(frame, task, call) }
        guard let file = call.file ?? adoptSocket(frame, task, call) else { return }
        if files[file].kind == .eventCounter { return count(file, direction, frame, task, call) }
        if case .other(let name) = files[file].kind {
            if frame.result > 0 { note("not-understood", "\(call.syscall.rawValue) on \(name)", at: stamp(frame).moment) }
            return
        }
        switch direction {
        case .send: give(file, frame, task, call, &data)
        case .receive: take(file, frame, task, call, &data)
        }
    }

    // MARK: Sends

    /// A send is entered. Whether an urgent byte is one of the stream is for the receiver to say (SO_OOBINLINE), and how many there are
    /// left is a matter of when it looks; where it stands among what other threads send meanwhile, nobody tells.
    mutating func offerUrgent(_ frame: borrowing some CallView & ~Copyable, _ call: PendingCall) {
        guard messageFlags(frame, call) & MessageFlag.urgent != 0, let serial = call.file.flatMap({ files[$0].endpoint }) else { return }
        guard !reading.activity.endpoints[Int(serial)].kind.keepsMessages else { return }
        losePlaces(.send, serial, from: call.entered)
    }

    private mutating func give(
        _ file: Int, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader
    ) {
        let result = frame.result
        let flags = messageFlags(frame, call)
        if flags & MessageFlag.fastOpen != 0, files[file].kind == .tcp, files[file].endpoint == nil,
            result >= 0 || result == Errno.inProgress
        {
            // TCP Fast Open: this send is a connect, too.
            connectBySending(file, task, call, latest: frame.time)
        }
        guard result >= 0 || result == Errno.brokenPipe || result == Errno.connectionReset else { return }
        let keepsMessages = files[file].kind.endpointKind.keepsMessages
        guard result != 0 || keepsMessages, let serial = endpoint(of: file, .write, task, call, moved: result > 0) else { return }
        if result > 0, flags & MessageFlag.urgent != 0 {
            losePlaces(.send, serial, from: call.entered)
            note("not-understood", "urgent data", at: stamp(frame).moment)
        }
        if files[file].kind.endpointKind.isDatagram { files[file].isReachable = true }
        if call.syscall == .sendmmsg { return giveMessages(serial, file, frame, task, call, &data) }
        transfer(
            .send, serial, task, call, at: call.entered, latest: frame.time, result: result, payload: call.payload(0, count: result),
            peer: destination(of: file, call))
        notePassing(serial, count: result, call)
    }

    // MARK: Receives

    private mutating func take(
        _ file: Int, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader
    ) {
        let result = frame.result
        let flags = messageFlags(frame, call)
        guard result >= 0 || result == Errno.connectionReset, flags & MessageFlag.errorQueue == 0 else { return }
        let kind = files[file].kind.endpointKind
        if result == 0 && isEmptyRequest(frame, call, kind) { return }
        guard let serial = endpoint(of: file, .read, task, call, moved: result > 0) else { return }
        if flags & MessageFlag.peek != 0 {
            if result >= 0 { see(serial, frame, task, call, result: result) }
            return
        }
        if call.syscall == .recvmmsg { return takeMessages(serial, frame, task, call, &data) }
        // TCP throws bytes away on request; for messages the flag asks for their true length, of which the buffer may hold a part.
        let isDiscarded = flags & MessageFlag.truncate != 0 && !kind.keepsMessages && kind != .unixStream
        let found = result > 0 && !isDiscarded ? Payload.pieces(frame, call.syscall, count: UInt64(result), &data) : nil
        let isShort = kind.keepsMessages && flags & MessageFlag.truncate != 0
        let peer = kind.isDatagram ? sender(frame, call, &data) : nil
        if result > 0, flags & MessageFlag.urgent != 0 {
            // An urgent byte that is asked for stands beside the stream.
            return record(
                .receive, serial, task, entered: call.entered, at: stamp(frame), latest: frame.time, result: result,
                payload: Payload.reference(found, isShort: false))
        }
        transfer(
            .receive, serial, task, call, at: stamp(frame), latest: frame.time, result: result, taken: isShort ? found?.count : nil,
            payload: Payload.reference(found, isShort: isShort), peer: peer,
            isFull: kind.keepsMessages && !isShort && mayBeLonger(frame, call, &data))
        if call.syscall == .recvmsg, kind != .tcp, kind != .udp, let header = MessageHeader(frame, at: frame.argument(1), &data) {
            takeDescriptors(header, serial, frame, task, call, count: result, &data)
        }
    }

    /// Whether the message that a call took may have been longer than what the call had room for.
    private func mayBeLonger(_ frame: borrowing some CallView & ~Copyable, _ call: PendingCall, _ data: inout DataReader) -> Bool {
        switch call.syscall {
        case .read, .recvfrom: frame.result >= 0 && UInt64(frame.result) >= frame.argument(2)
        case .recvmsg: MessageHeader(frame, at: frame.argument(1), &data)?.isCutShort ?? true
        default: true
        }
    }

    /// Whom a datagram came from, if the program asked.
    private mutating func sender(_ frame: borrowing some CallView & ~Copyable, _ call: PendingCall, _ data: inout DataReader) -> Address? {
        switch call.syscall {
        case .recvfrom: return readSocketAddress(frame, addressArgument: 4, lengthArgument: 5, &data)
        case .recvmsg:
            guard let header = MessageHeader(frame, at: frame.argument(1), &data) else { return nil }
            return senderName(header, frame, &data)
        default: return nil
        }
    }

    /// The address that `header` names.
    mutating func senderName(_ header: MessageHeader, _ frame: borrowing some CallView & ~Copyable, _ data: inout DataReader) -> Address? {
        guard header.name != 0, header.nameLength >= 2, header.nameLength <= Self.largestSocketAddress,
            let bytes = readMemory(frame, at: header.name, count: header.nameLength, &data)
        else { return nil }
        return Address(kernel: bytes)
    }

    // MARK: What both share

    /// Adds a send or a receive, and moves the endpoint's offset on by what it moved: `result` bytes, or `taken` if that is not the same.
    mutating func transfer(
        _ kind: Operation.Kind, _ serial: Int32, _ task: Int, _ call: PendingCall, at: Stamp, latest: Int64, result: Int64,
        taken: UInt64? = nil, payload: PayloadRef = .unknown, peer: Address? = nil, isFull: Bool = false
    ) {
        var bytes: Range<UInt64>?
        let endpoint = Int(serial)
        if result >= 0 {
            if kind == .send { messageCounts[endpoint].sent &+= 1 } else { messageCounts[endpoint].received &+= 1 }
        }
        let isLost = !lostPlaces.isEmpty && lostPlaces[Direction(endpoint: serial, kind: kind)] != nil
        if result >= 0, reading.activity.endpoints[endpoint].opaqueFrom == nil, !isLost {
            let start = kind == .send ? offsets[endpoint].sent : offsets[endpoint].received
            let (end, overflow) = start.addingReportingOverflow(taken ?? UInt64(result))
            if !overflow {
                bytes = start..<end
                if kind == .send { offsets[endpoint].sent = end } else { offsets[endpoint].received = end }
            }
        }
        if result >= 0, reading.activity.endpoints[endpoint].established == nil {
            reading.activity.endpoints[endpoint].established = at.moment
        }
        record(
            kind, serial, task, entered: call.entered, at: at, latest: latest, bytes: bytes, result: result, payload: payload, peer: peer,
            isFull: isFull)
    }

    /// A receive that asked for no bytes says nothing about the stream. (A message is taken even so, but not by `read`.)
    private func isEmptyRequest(_ frame: borrowing some CallView & ~Copyable, _ call: PendingCall, _ kind: Endpoint.Kind) -> Bool {
        (call.syscall == .read || (call.syscall == .recvfrom && !kind.keepsMessages)) && frame.argument(2) == 0
    }

    private func messageFlags(_ frame: borrowing some CallView & ~Copyable, _ call: PendingCall) -> UInt64 {
        switch call.syscall {
        case .sendto, .recvfrom, .sendmmsg, .recvmmsg: frame.argument(3)
        case .sendmsg, .recvmsg: frame.argument(2)
        default: 0
        }
    }

    /// A descriptor that we never saw made, used as only sockets can be: it was inherited, or passed.
    private mutating func adoptSocket(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) -> Int? {
        guard call.syscall.isSocketCall, frame.result > 0 else { return nil }
        let file = addFile(.unknownSocket)
        files[file].isInherited = true
        files[file].references = 1
        tables[tasks[task].table].slots[frame.descriptor(0)] = FileTable.Slot(file: file, closeOnExec: false)
        return file
    }

    /// The endpoint behind a file on which bytes move one way. One that was never connected as far as the trace shows is one we were
    /// born with.
    mutating func endpoint(of file: Int, _ access: Endpoint.Access, _ task: Int, _ call: PendingCall, moved: Bool) -> Int32? {
        if let serial = files[file].endpoint { return serial }
        guard moved else { return nil }
        // An end of a pipe that came from elsewhere shows by its use which one it is.
        if files[file].kind == .pipe, files[file].access == .both, files[file].opened == nil { files[file].access = access }
        let opened = files[file].birth == .open ? files[file].opened : nil
        return addEndpoint(file, files[file].birth, task, opened: (opened ?? call.entered).moment)
    }
}

extension PendingCall {
    /// The `count` bytes of message `message` that it has sent, if a replay has captured them all.
    func payload(_ message: Int, count: Int64) -> PayloadRef {
        guard let short = UInt32(exactly: count), short > 0, let section = captured?.section(.payload, message: message),
            section.count >= Int(short)
        else { return .unknown }
        return .captured(offset: section.offset, count: short)
    }
}
