import RRTrace
import RunModel

/// Calls that move bytes.
extension EndpointTracker {
    private enum MessageFlag {
        static let urgent: UInt64 = 0x1
        static let peek: UInt64 = 0x2
        static let truncate: UInt64 = 0x20
        static let errorQueue: UInt64 = 0x2000
    }
    private enum Errno {
        static let brokenPipe: Int64 = -32
        static let connectionReset: Int64 = -104
    }

    /// A call of the read, write, send and receive families has returned.
    mutating func moveBytes(_ frame: borrowing FrameCursor, _ task: Int, _ call: PendingCall, _ data: inout DataReader) {
        let result = frame.result
        guard let file = call.file ?? adoptSocket(frame, task, call) else { return }
        if case .other(let name) = files[file].kind {
            if result > 0 { note("not-understood", "\(call.syscall.rawValue) on \(name)", at: stamp(frame).moment) }
            return
        }
        let flags = messageFlags(frame, call)
        if flags & (MessageFlag.peek | MessageFlag.errorQueue) != 0, call.syscall.direction == .receive { return }
        if result < 0 && result != Errno.brokenPipe && result != Errno.connectionReset { return }
        guard let serial = endpoint(of: file, task, call, moved: result > 0) else { return }
        if result > 0, flags & MessageFlag.urgent != 0 {
            makeOpaque(serial, from: call.entered.moment)
            note("not-understood", "urgent data", at: stamp(frame).moment)
            return
        }
        guard let direction = call.syscall.direction else {
            // How many bytes went which way is not known: offsets are lost from here on.
            makeOpaque(serial, from: call.entered.moment)
            return note("not-understood", call.syscall.rawValue, at: stamp(frame).moment)
        }
        switch direction {
        case .send:
            if result == 0 { return }
            transfer(.send, serial, task, call, at: call.entered, frame, payload: .unknown)
        case .receive:
            if result == 0 && isEmptyRequest(frame, call) { return }
            let isDiscarded = flags & MessageFlag.truncate != 0
            let pieces = result > 0 && !isDiscarded ? Payload.pieces(frame, call.syscall, count: UInt64(result), &data) : nil
            transfer(.receive, serial, task, call, at: stamp(frame), frame, payload: Payload.reference(pieces))
            if call.syscall == .recvmsg, files[file].kind != .tcp { lookForPassedDescriptors(frame, &data) }
        }
    }

    private mutating func transfer(
        _ kind: Operation.Kind, _ serial: Int32, _ task: Int, _ call: PendingCall, at: Stamp, _ frame: borrowing FrameCursor,
        payload: PayloadRef
    ) {
        let result = frame.result
        var bytes: Range<UInt64>?
        let endpoint = Int(serial)
        if result >= 0, reading.activity.endpoints[endpoint].opaqueFrom == nil {
            let start = kind == .send ? offsets[endpoint].sent : offsets[endpoint].received
            let (end, overflow) = start.addingReportingOverflow(UInt64(result))
            if !overflow {
                bytes = start..<end
                if kind == .send { offsets[endpoint].sent = end } else { offsets[endpoint].received = end }
            }
        }
        if result >= 0, reading.activity.endpoints[endpoint].established == nil {
            reading.activity.endpoints[endpoint].established = at.moment
        }
        record(kind, serial, task, entered: call.entered, at: at, latest: frame.time, bytes: bytes, result: result, payload: payload)
    }

    /// A receive that asked for no bytes says nothing about the stream.
    private func isEmptyRequest(_ frame: borrowing FrameCursor, _ call: PendingCall) -> Bool {
        (call.syscall == .read || call.syscall == .recvfrom) && frame.argument(2) == 0
    }

    private func messageFlags(_ frame: borrowing FrameCursor, _ call: PendingCall) -> UInt64 {
        switch call.syscall {
        case .sendto, .recvfrom, .sendmmsg, .recvmmsg: frame.argument(3)
        case .sendmsg, .recvmsg: frame.argument(2)
        default: 0
        }
    }

    /// A descriptor that we never saw made, used as only sockets can be: it was inherited, or passed.
    private mutating func adoptSocket(_ frame: borrowing FrameCursor, _ task: Int, _ call: PendingCall) -> Int? {
        guard call.syscall.isSocketCall, frame.result > 0, let number = Int32(exactly: frame.argument(0)) else { return nil }
        let file = addFile(.unknownSocket)
        files[file].isInherited = true
        files[file].references = 1
        tables[tasks[task].table].slots[number] = FileTable.Slot(file: file, closeOnExec: false)
        return file
    }

    /// The endpoint behind a socket on which bytes move. One that was never connected as far as the trace shows is one we were born
    /// with, or one that connects by its first send (TCP Fast Open).
    private mutating func endpoint(of file: Int, _ task: Int, _ call: PendingCall, moved: Bool) -> Int32? {
        if let serial = files[file].endpoint { return serial }
        guard moved else { return nil }
        return addEndpoint(file, files[file].isInherited ? .inherited : .connect, task, opened: call.entered.moment)
    }

    /// recvmsg on a Unix socket may bring descriptors along (SCM_RIGHTS); which files they name, the trace does not tell.
    private mutating func lookForPassedDescriptors(_ frame: borrowing FrameCursor, _ data: inout DataReader) {
        guard let header = MessageHeader(frame, at: frame.argument(1), &data), header.controlLength > 0 else { return }
        note("descriptors-passed", at: stamp(frame).moment)
    }
}
