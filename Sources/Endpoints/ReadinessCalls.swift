import RRTrace
import RunModel

/// Calls that show that there is something to take, without taking it.
extension EndpointTracker {
    private enum Poll {
        /// `struct pollfd`: the descriptor, what was asked for, what is there.
        static let size = 8
        static let events = 6
        /// POLLIN, POLLHUP, POLLRDNORM, POLLRDHUP.
        static let readable: UInt64 = 0x1 | 0x10 | 0x40 | 0x2000
        /// No table of descriptors is larger by far.
        static let most: UInt64 = 1 << 16
    }

    /// `serial` was seen to have something to take: `result` bytes; or, if that is 0, at least one, or the end of its stream. The operation
    /// moves no bytes; the place of its empty range is that of the first byte to take.
    mutating func see(_ serial: Int32, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, result: Int64) {
        var bytes: Range<UInt64>?
        if reading.activity.endpoints[Int(serial)].opaqueFrom == nil, reading.activity.endpoints[Int(serial)].birth != .listen {
            bytes = offsets[Int(serial)].received..<offsets[Int(serial)].received
        }
        record(.ready, serial, task, entered: call.entered, at: stamp(frame), latest: frame.time, bytes: bytes, result: result)
    }

    /// poll and ppoll show their descriptors, and what each is ready for.
    mutating func poll(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader) {
        let count = UInt64(UInt32(truncatingIfNeeded: frame.argument(1)))
        guard frame.result > 0, count > 0, count <= Poll.most, !tables[tasks[task].table].slots.isEmpty else { return }
        guard let bytes = readMemory(frame, at: frame.argument(0), count: Int(count) * Poll.size, &data) else {
            return note("unreadable-memory", call.syscall.rawValue, at: stamp(frame).moment)
        }
        let ready = stride(from: 0, to: bytes.count, by: Poll.size).filter {
            littleEndian(bytes, $0 + Poll.events, 2) & Poll.readable != 0
        }
        see(ready.map { littleEndian32(bytes, $0) }, frame, task, call)
    }

    /// select and pselect6 leave the descriptors that can be read in their first set.
    mutating func select(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader) {
        let count = UInt64(UInt32(truncatingIfNeeded: frame.argument(0)))
        guard frame.result > 0, frame.argument(1) != 0, count > 0, count <= Poll.most, !tables[tasks[task].table].slots.isEmpty else {
            return
        }
        guard let bytes = readMemory(frame, at: frame.argument(1), count: Int(count + 7) / 8, &data) else {
            return note("unreadable-memory", call.syscall.rawValue, at: stamp(frame).moment)
        }
        see((0..<Int32(count)).filter { bytes[Int($0) / 8] >> ($0 % 8) & 1 != 0 }, frame, task, call)
    }

    private mutating func see(_ numbers: [Int32], _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        var seen: [Int32] = []
        for number in numbers {
            guard let file = file(number, task), files[file].access != .write, let serial = files[file].endpoint,
                isOpen(serial), !seen.contains(serial)
            else { continue }
            seen.append(serial)
            see(serial, frame, task, call, result: 0)
        }
    }

    /// Whether something can come: a connection that is still being made is "ready" only when it has failed.
    private func isOpen(_ serial: Int32) -> Bool {
        reading.activity.endpoints[Int(serial)].established != nil || reading.activity.endpoints[Int(serial)].birth != .connect
    }

    /// ioctl(FIONREAD) tells how many bytes could be read.
    mutating func inputControl(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader) {
        guard frame.result == 0, UInt32(truncatingIfNeeded: frame.argument(1)) == Self.bytesToRead, let file = call.file,
            let serial = files[file].endpoint, let bytes = readMemory(frame, at: frame.argument(2), count: 4, &data)
        else { return }
        let count = littleEndian32(bytes, 0)
        if count > 0 { see(serial, frame, task, call, result: Int64(count)) }
    }

    /// FIONREAD.
    private static let bytesToRead: UInt32 = 0x541b
}
