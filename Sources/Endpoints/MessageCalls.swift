import RRTrace
import RunModel

/// sendmmsg and recvmmsg: several messages with one call, each an operation of its own at the same moment.
extension EndpointTracker {
    /// A `struct mmsghdr`: a header, and the length of its message.
    private struct Message {
        var header: MessageHeader
        var length: UInt64
    }

    /// The kernel takes no more with one call (UIO_MAXIOV).
    private static let mostMessages: Int64 = 1024

    /// The messages that the call says it moved, in order; `nil` if the trace does not hold them all.
    private func messages(_ frame: borrowing some CallView & ~Copyable, _ data: inout DataReader) -> [Message]? {
        let isNarrow = frame.isNarrow
        let lengthPlace = MessageHeader.size(isNarrow)
        let size = isNarrow ? lengthPlace + 4 : lengthPlace + 8
        let count = Int(min(max(frame.result, 0), Self.mostMessages))
        guard count > 0 else { return [] }
        guard let bytes = readMemory(frame, at: frame.argument(1), count: count * size, &data) else { return nil }
        return (0..<count).map { index in
            Message(
                header: MessageHeader(bytes, at: index * size, isNarrow), length: littleEndian(bytes, index * size + lengthPlace, 4))
        }
    }

    /// sendmmsg.
    mutating func giveMessages(
        _ serial: Int32, _ file: Int, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall,
        _ data: inout DataReader
    ) {
        guard frame.result > 0 else {
            if frame.result < 0 { transfer(.send, serial, task, call, at: call.entered, latest: frame.time, result: frame.result) }
            return
        }
        guard let messages = messages(frame, &data) else {
            makeOpaque(serial, from: call.entered.moment)
            return note("unreadable-memory", call.syscall.rawValue, at: stamp(frame).moment)
        }
        for (index, message) in messages.enumerated() {
            let length = Int64(message.length)
            transfer(
                .send, serial, task, call, at: call.entered, latest: frame.time, result: length,
                payload: call.payload(index, count: length), peer: destination(of: file, call, message: index))
            notePassing(serial, message: index, count: length, call)
        }
    }

    /// recvmmsg. What it wrote for each message follows the array of headers: the sender's name, the buffers, the control data.
    mutating func takeMessages(
        _ serial: Int32, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader
    ) {
        guard frame.result >= 0 else {
            return transfer(.receive, serial, task, call, at: stamp(frame), latest: frame.time, result: frame.result)
        }
        guard let messages = messages(frame, &data) else {
            makeOpaque(serial, from: call.entered.moment)
            return note("unreadable-memory", call.syscall.rawValue, at: stamp(frame).moment)
        }
        let isDatagram = reading.activity.endpoints[Int(serial)].kind.isDatagram
        var write = 0
        for message in messages {
            let peer = isDatagram ? senderName(message.header, frame, &data) : nil
            let pieces = Payload.pieces(frame, message.header, array: frame.argument(1), from: &write, count: message.length)
            let isShort = pieces.count < message.length && isDatagram
            // The frame alone does not tell which of its messages is meant, so only what lies in one piece can be pointed to.
            var payload = Payload.reference(pieces, isShort: isShort)
            if payload == .frame { payload = .unknown }
            transfer(
                .receive, serial, task, call, at: stamp(frame), latest: frame.time, result: Int64(message.length),
                taken: isShort ? pieces.count : nil, payload: payload, peer: peer,
                isFull: !isShort && message.header.isCutShort)
            takeDescriptors(message.header, serial, frame, task, call, count: Int64(message.length), &data)
        }
    }
}
