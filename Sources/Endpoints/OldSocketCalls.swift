import RRTrace
import RunModel

/// i386's one call for everything about sockets (socketcall). Its arguments are in memory, which the trace does not hold: neither which
/// descriptor it works on nor what was asked for.
extension EndpointTracker {
    private enum Call: UInt64 {
        case socket = 1
        case bind, connect, listen, accept, getsockname, getpeername, socketpair, send, recv, sendto, recvfrom, shutdown, setsockopt
        case getsockopt, sendmsg, recvmsg, accept4, recvmmsg, sendmmsg

        /// Whether it moves bytes of some endpoint.
        var movesBytes: Bool {
            switch self {
            case .send, .recv, .sendto, .recvfrom, .sendmsg, .recvmsg, .recvmmsg, .sendmmsg: true
            default: false
            }
        }
    }

    /// socketcall has returned.
    mutating func oldSocketCall(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader) {
        guard frame.result >= 0, let kind = Call(rawValue: frame.argument(0)) else { return }
        switch kind {
        case .socket:
            installUnknown(frame.result, .unknownSocket, task, call, at: stamp(frame))
        case .socketpair:
            guard frame.memoryWriteCount > 0, case let write = frame.memoryWrite(frame.memoryWriteCount - 1), write.size == 8,
                let bytes = data.read(write, address: write.address, count: 8)
            else { return note("unreadable-memory", call.syscall.rawValue, at: stamp(frame).moment) }
            for place in [0, 4] { installUnknown(Int64(littleEndian32(bytes, place)), .unknownSocket, task, call, at: stamp(frame)) }
        case .accept, .accept4:
            let addresses = frame.socketAddresses()
            let file = installUnknown(frame.result, addresses == nil ? .unknownSocket : .tcp, task, call, at: stamp(frame))
            let serial = addEndpoint(file, .accept, task, opened: stamp(frame).moment)
            reading.activity.endpoints[Int(serial)].established = stamp(frame).moment
            if let addresses {
                learn(serial, local: Address(recordedLocal: addresses.local), remote: Address(recordedRemote: addresses.remote))
            }
            record(.accept, serial, task, entered: call.entered, at: stamp(frame), latest: frame.time)
        case .connect, .listen, .shutdown:
            note("not-understood", "socketcall \(kind)", at: stamp(frame).moment)
        case _ where kind.movesBytes && frame.result > 0:
            note("not-understood", "socketcall \(kind)", at: stamp(frame).moment)
            hideCalls(of: task, from: call.entered.moment)
        default: break
        }
    }

    /// A socket of which calls may not be understood: its offsets are never known.
    @discardableResult
    private mutating func installUnknown(_ number: Int64, _ kind: OpenFile.Kind, _ task: Int, _ call: PendingCall, at stamp: Stamp) -> Int {
        let file = addFile(kind)
        files[file].hasMoved = true
        install(number, file, closeOnExec: false, task, call, at: stamp)
        return file
    }
}
