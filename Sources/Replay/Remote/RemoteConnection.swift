import Foundation

/// What goes wrong with a debug server.
enum RemoteFailure: Error {
    /// It did not answer in time.
    case silent
    /// It has gone.
    case closed
    /// It has gone, after saying this.
    case died(saying: String)
    /// It said something else than it should.
    case unexpected(request: String, answer: String)

    /// As part of a sentence.
    var text: String {
        switch self {
        case .silent: "its debug server did not answer"
        case .closed: "its debug server has gone"
        case .died(let saying): "its debug server has gone; rr said: \(saying)"
        case .unexpected(let request, let answer): "its debug server answered ‘\(answer.prefix(60))’ to ‘\(request.prefix(60))’"
        }
    }
}

/// A connection to a debug server that speaks gdb's remote protocol: one request, one answer.
///
/// rr's server hangs if it gets a second request before it has answered the first.
struct RemoteConnection: ~Copyable {
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var acknowledges = true

    /// The longest answer, in bytes: memory comes as two digits a byte.
    private static let largestAnswer = 4 << 20

    /// Connects to `port` of this machine's loopback address.
    init(port: UInt16) throws(RemoteFailure) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard result == 0 else { throw .closed }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Leaves out the acknowledgements, which TCP makes needless.
    mutating func stopAcknowledging(within patience: Duration) throws(RemoteFailure) {
        guard try ask("QStartNoAckMode", within: patience) == "OK" else { return }
        acknowledges = false
    }

    /// Sends a request and waits for its answer.
    mutating func ask(_ request: String, within patience: Duration) throws(RemoteFailure) -> String {
        let sum = request.utf8.reduce(UInt8(0), &+)
        try send(Array("$\(request)#\(sum < 16 ? "0" : "")\(String(sum, radix: 16))".utf8))
        let deadline = ContinuousClock.now + patience
        while true {
            if let answer = try takeAnswer() { return answer }
            try receive(before: deadline)
        }
    }

    private func send(_ bytes: [UInt8]) throws(RemoteFailure) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .closed }
            done += count
        }
    }

    /// The first whole answer among what was received: `$`, text, `#`, two digits.
    private mutating func takeAnswer() throws(RemoteFailure) -> String? {
        guard let start = received.firstIndex(of: UInt8(ascii: "$")) else { return nil }
        guard let end = received[start...].firstIndex(of: UInt8(ascii: "#")), received.count >= end + 3 else {
            guard received.count <= Self.largestAnswer else { throw .unexpected(request: "", answer: "\(received.count) bytes") }
            return nil
        }
        let text = String(decoding: received[(start + 1)..<end], as: UTF8.self)
        received.removeFirst(end + 3)
        if acknowledges { try send([UInt8(ascii: "+")]) }
        return text
    }

    private mutating func receive(before deadline: ContinuousClock.Instant) throws(RemoteFailure) {
        let left = (deadline - ContinuousClock.now).components.seconds
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = poll(&polled, 1, Int32(clamping: max(0, left) * 1000 + 1000))
        if ready < 0, errno == EINTR { return }
        guard ready > 0 else { throw .silent }
        var block = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &block, block.count, 0)
        guard count > 0 else { throw .closed }
        received += block[..<count]
    }
}
