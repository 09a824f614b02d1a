import Foundation
import Replay
import SystemPackage

/// The side of the remote protocol that serves gdb: a port on the loopback address, and the one client that has connected to it.
///
/// Packets are `$`, bytes, `#` and a sum of two digits; a lone byte 3 is Ctrl-C.
final class GDBConnection {
    /// What comes from gdb.
    enum Event: Equatable {
        /// A request: the bytes between `$` and `#`.
        case request([UInt8])
        /// Ctrl-C.
        case interrupt
        /// gdb has gone.
        case closed
    }

    /// The port that it listens at.
    let port: UInt16
    private let listener: Int32
    /// The descriptor of the client; -1 if there is none.
    private(set) var descriptor: Int32 = -1
    private var received: [UInt8] = []
    private var acknowledges = true

    /// The longest request, in bytes: `PacketSize` as gdb is told.
    static let largestRequest = 0x20000

    /// Listens at `port` of the loopback address; 0 for one that is free.
    init(port: UInt16 = 0) throws(Errno) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw Errno(rawValue: errno) }
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 1) == 0 ? getsockname(listener, $0, &length) : -1
            }
        }
        guard result == 0 else {
            let number = errno
            close(listener)
            throw Errno(rawValue: number)
        }
        self.listener = listener
        self.port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        close(listener)
    }

    /// Waits for a client, at most `milliseconds`; whether there is one.
    func accept(within milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&polled, 1, milliseconds) > 0 else { return false }
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return false }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        var on: Int32 = 1
        setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        descriptor = client
        received = []
        acknowledges = true
        return true
    }

    /// Lets go of the client.
    func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Waits for what comes next.
    func next() -> Event {
        while true {
            if let event = takeEvent() { return event }
            guard receive() else { return .closed }
        }
    }

    /// Whether gdb wants what runs to be stopped: reads what is there, and does not wait.
    func hasInterrupt() -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, 0) > 0 {
            // A client that has gone will not stop it any more.
            guard receive() else { return true }
        }
        guard let first = received.first, first == 3 else { return false }
        received.removeFirst()
        return true
    }

    /// Answers a request.
    func reply(_ bytes: [UInt8]) {
        send(RemotePacket.framed(bytes))
    }

    /// Answers a request.
    func reply(_ text: String) { reply(Array(text.utf8)) }

    /// Shows a text to the user, before an answer.
    func show(_ text: String) { reply("O" + Hex.text(text.utf8)) }

    /// From the next packet on, nothing is acknowledged: TCP makes it needless.
    func stopAcknowledging() { acknowledges = false }

    private func takeEvent() -> Event? {
        while let first = received.first {
            switch first {
            case 3:
                received.removeFirst()
                return .interrupt
            case UInt8(ascii: "$"):
                guard let end = received.firstIndex(of: UInt8(ascii: "#")), received.count >= end + 3 else {
                    return received.count > 2 * Self.largestRequest ? .closed : nil
                }
                let request = Array(received[1..<end])
                received.removeFirst(end + 3)
                if acknowledges { send([UInt8(ascii: "+")]) }
                return .request(request)
            default:
                received.removeFirst()
            }
        }
        return nil
    }

    private func receive() -> Bool {
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &block, block.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            received += block[..<count]
            return true
        }
    }

    private func send(_ bytes: [UInt8]) {
        // That the client has gone shows when it is next read from.
        _ = RemotePacket.send(bytes, through: descriptor)
    }
}
