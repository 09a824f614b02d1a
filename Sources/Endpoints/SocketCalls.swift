import RRTrace
import RunModel

/// Sockets: how connections begin, and what their addresses are.
extension EndpointTracker {
    private enum Errno {
        static let interrupted: Int64 = -4
        static let inProgress: Int64 = -115
        static let alreadyConnecting: Int64 = -114
        static let isConnected: Int64 = -106
    }

    /// What a socket of this domain, type and protocol is to us.
    private func socketKind(domain: UInt64, type: UInt64) -> OpenFile.Kind {
        let (stream, datagram, sequenced) = (1 as UInt64, 2 as UInt64, 5 as UInt64)
        switch (UInt32(truncatingIfNeeded: domain), type & 0xf) {
        case (1, stream): return .unixStream
        case (1, sequenced): return .unixSequenced
        case (1, datagram): return .unixDatagram
        case (2, stream), (10, stream): return .tcp
        case (2, datagram), (10, datagram): return .udp
        case (2, _), (10, _): return .other("raw socket")
        case (16, _): return .other("netlink socket")
        case (let family, _): return .other("socket of family \(family)")
        }
    }

    /// socket.
    mutating func openSocket(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        guard frame.result >= 0 else { return }
        let type = frame.argument(1)
        let file = addFile(socketKind(domain: frame.argument(0), type: type))
        install(frame.result, file, closeOnExec: type & OpenFlag.closeOnExec != 0, task, call, at: stamp(frame))
        // A datagram socket needs no connection to be an end of something.
        if files[file].kind.endpointKind.isDatagram { _ = addEndpoint(file, .made, task, opened: call.entered.moment) }
    }

    /// socketpair, pipe, pipe2: two descriptors, written to memory.
    mutating func openPair(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader) {
        guard frame.result == 0 else { return }
        let isPipe = call.syscall != .socketpair
        let address = frame.argument(isPipe ? 0 : 3)
        guard let bytes = readMemory(frame, at: address, count: 8, &data) else {
            return note("unreadable-memory", call.syscall.rawValue, at: stamp(frame).moment)
        }
        let numbers = [littleEndian32(bytes, 0), littleEndian32(bytes, 4)]
        let flags = isPipe ? (call.syscall == .pipe2 ? frame.argument(1) : 0) : frame.argument(1)
        let kind = isPipe ? .pipe : socketKind(domain: frame.argument(0), type: flags)
        let made = numbers.map { number in
            let file = addFile(kind)
            install(Int64(number), file, closeOnExec: flags & OpenFlag.closeOnExec != 0, task, call, at: stamp(frame))
            return file
        }
        guard kind.endpointKind != .unknown else { return }
        let (first, second) = (made[0], made[1])
        if isPipe { (files[first].access, files[second].access) = (.read, .write) }
        let serial = Int32(truncatingIfNeeded: reading.activity.endpoints.count)
        for (file, twin) in [(first, serial + 1), (second, serial)] {
            let mine = addEndpoint(file, .pair(twin: twin), task, opened: call.entered.moment)
            reading.activity.endpoints[Int(mine)].established = stamp(frame).moment
        }
    }

    /// listen.
    mutating func listen(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        guard frame.result == 0, let file = call.file, files[file].endpoint == nil else { return }
        files[file].isListening = true
        let serial = addEndpoint(file, .listen, task, opened: call.entered.moment)
        record(.listen, serial, task, entered: call.entered, at: stamp(frame), latest: frame.time)
    }

    /// accept, accept4.
    mutating func accept(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall, _ data: inout DataReader) {
        guard frame.result >= 0 else { return }
        let addresses = frame.socketAddresses()
        var kind = call.file.map { files[$0].kind } ?? .unknownSocket
        if kind == .unknownSocket, addresses != nil { kind = .tcp }
        let file = addFile(kind)
        let flags = call.syscall == .accept4 ? frame.argument(3) : 0
        install(frame.result, file, closeOnExec: flags & OpenFlag.closeOnExec != 0, task, call, at: stamp(frame))
        if case .other(let name) = kind { return note("not-understood", "\(call.syscall.rawValue) on \(name)", at: stamp(frame).moment) }
        let serial = addEndpoint(file, .accept, task, opened: stamp(frame).moment)
        reading.activity.endpoints[Int(serial)].established = stamp(frame).moment
        if let addresses {
            learn(serial, local: Address(recordedLocal: addresses.local), remote: Address(recordedRemote: addresses.remote))
        } else if kind == .tcp {
            // rr did not find the socket in its own network namespace; the kernel's answer to the program still names the peer.
            let remote = readSocketAddress(frame, addressArgument: 1, lengthArgument: 2, &data)
            learn(serial, local: call.file.flatMap { files[$0].ownAddress }, remote: remote)
        } else if kind == .unixStream || kind == .unixSequenced {
            learn(serial, local: call.file.flatMap { files[$0].local }, remote: nil)
        }
        if let listener = call.file, let listening = files[listener].endpoint, reading.activity.endpoints[Int(listening)].local == nil {
            reading.activity.endpoints[Int(listening)].local = reading.activity.endpoints[Int(serial)].local
        }
        record(.accept, serial, task, entered: call.entered, at: stamp(frame), latest: frame.time)
    }

    /// connect is entered: the connection may be under way from here on, whatever the call returns.
    mutating func enterConnect(_ call: PendingCall) {
        guard let file = call.file, files[file].connecting == nil else { return }
        files[file].connecting = call.entered
    }

    /// connect returns.
    mutating func connect(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        guard let file = call.file, let entered = files[file].connecting else { return }
        if case .other = files[file].kind { return }
        if files[file].kind.endpointKind.isDatagram { return redirect(file, frame.result, call) }
        if files[file].endpoint == nil { files[file].remote = destination(of: call) }
        switch frame.result {
        case 0, Errno.isConnected:
            let addresses = frame.socketAddresses()
            if files[file].kind == .unknownSocket, addresses != nil { files[file].kind = .tcp }
            let serial = connecting(file, task, entered, at: frame.time)
            if reading.activity.endpoints[Int(serial)].established == nil {
                reading.activity.endpoints[Int(serial)].established = stamp(frame).moment
            }
            if let addresses {
                learn(serial, local: Address(recordedLocal: addresses.local), remote: Address(recordedRemote: addresses.remote))
            }
            learn(serial, local: nil, remote: files[file].remote)
        case Errno.inProgress, Errno.alreadyConnecting, Errno.interrupted:
            _ = connecting(file, task, entered, at: frame.time)
        default:
            note("connect-failed", "errno \(-frame.result)", at: stamp(frame).moment)
            giveUpConnecting(file, at: stamp(frame).moment)
        }
    }

    /// The endpoint of a connection that this file is making, made now if it has none.
    private mutating func connecting(_ file: Int, _ task: Int, _ entered: Stamp, at time: Int64) -> Int32 {
        if let serial = files[file].endpoint { return serial }
        let serial = addEndpoint(file, .connect, task, opened: entered.moment)
        record(.connect, serial, task, entered: entered, at: entered, latest: time)
        return serial
    }

    /// connect on a datagram socket only says whom it talks to from here on, if not to nobody; whom, only a replay tells.
    ///
    /// What it receives is from there, unless it came before.
    private mutating func redirect(_ file: Int, _ result: Int64, _ call: PendingCall) {
        files[file].connecting = nil
        guard result == 0 else { return }
        files[file].remote = destination(of: call)
        if let serial = files[file].endpoint {
            reading.activity.endpoints[Int(serial)].remote = files[file].isReachable ? nil : files[file].remote
        }
        files[file].isReachable = true
    }

    /// bind returns: the socket has an address, which a replay tells. One that the kernel has chosen the program may ask for.
    mutating func bind(_ frame: borrowing some CallView & ~Copyable, _ call: PendingCall) {
        guard frame.result == 0, let file = call.file else { return }
        files[file].isReachable = true
        guard files[file].local == nil, let address = address(of: call), address != .unixUnnamed, address.port != 0 else { return }
        files[file].local = address
        if let serial = files[file].endpoint { learn(serial, local: address, remote: nil) }
    }

    /// A send that connects first.
    mutating func connectBySending(_ file: Int, _ task: Int, _ call: PendingCall, latest: Int64) {
        if files[file].connecting == nil { files[file].connecting = call.entered }
        _ = connecting(file, task, call.entered, at: latest)
    }

    /// A connection could not be made: the file may try again, with another endpoint.
    private mutating func giveUpConnecting(_ file: Int, at moment: Moment) {
        files[file].connecting = nil
        guard let serial = files[file].endpoint, reading.activity.endpoints[Int(serial)].established == nil else { return }
        reading.activity.endpoints[Int(serial)].closed = moment
        files[file].endpoint = nil
    }

    /// getsockopt(SO_ERROR) on a connection under way tells that it failed.
    mutating func socketOption(_ frame: borrowing some CallView & ~Copyable, _ call: PendingCall, _ data: inout DataReader) {
        guard frame.result == 0, frame.argument(1) == 1, frame.argument(2) == 4, let file = call.file, files[file].connecting != nil,
            let serial = files[file].endpoint, reading.activity.endpoints[Int(serial)].established == nil,
            let bytes = readMemory(frame, at: frame.argument(3), count: 4, &data)
        else { return }
        let error = littleEndian32(bytes, 0)
        guard error != 0 else { return }
        note("connect-failed", "errno \(error)", at: stamp(frame).moment)
        giveUpConnecting(file, at: stamp(frame).moment)
    }

    /// getsockname, getpeername: read only where the trace has not told the address yet.
    mutating func socketName(_ frame: borrowing some CallView & ~Copyable, _ call: PendingCall, _ data: inout DataReader) {
        guard frame.result == 0, let file = call.file else { return }
        if case .other = files[file].kind { return }
        let isPeer = call.syscall == .getpeername
        guard let serial = files[file].endpoint else {
            if !isPeer, files[file].local == nil {
                files[file].local = readSocketAddress(frame, addressArgument: 1, lengthArgument: 2, &data)
            }
            return
        }
        let known = isPeer ? reading.activity.endpoints[Int(serial)].remote : reading.activity.endpoints[Int(serial)].local
        if known.map(\.isAny) ?? true {
            let address = readSocketAddress(frame, addressArgument: 1, lengthArgument: 2, &data)
            if address != nil, !isPeer { reading.activity.endpoints[Int(serial)].local = nil }
            learn(serial, local: isPeer ? nil : address, remote: isPeer ? address : nil)
        }
        if isPeer, reading.activity.endpoints[Int(serial)].established == nil {
            reading.activity.endpoints[Int(serial)].established = stamp(frame).moment
        }
    }

    /// shutdown of one half, or of both: SHUT_RD, SHUT_WR and SHUT_RDWR are 0, 1 and 2.
    mutating func shutDown(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        guard frame.result == 0, let file = call.file, let serial = files[file].endpoint else { return }
        // The kernel reads an int.
        let halves: [UInt32: Endpoint.Access] = [0: .read, 1: .write, 2: .both]
        guard let ended = halves[UInt32(truncatingIfNeeded: frame.argument(1))] else { return }
        record(.shutdown, serial, task, entered: call.entered, at: call.entered, latest: frame.time, halves: ended)
    }
}
