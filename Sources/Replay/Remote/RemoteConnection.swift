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
        try begin(Array(request.utf8))
        return String(decoding: try answer(before: .now + patience), as: UTF8.self)
    }

    /// Sends a request, the bytes between `$` and `#`. Nothing else may be asked until its answer was taken.
    func begin(_ request: [UInt8]) throws(RemoteFailure) {
        try send(RemotePacket.framed(request))
    }

    /// Asks for the program that runs to be stopped: Ctrl-C.
    func interrupt() throws(RemoteFailure) { try send([3]) }

    /// Waits for an answer, as it comes: the bytes between `$` and `#`.
    mutating func answer(before deadline: ContinuousClock.Instant) throws(RemoteFailure) -> [UInt8] {
        while true {
            if let answer = try takeAnswer() { return answer }
            guard try isReadable(before: deadline) else { throw .silent }
            try receive()
        }
    }

    /// Waits for an answer, or until `other`, another descriptor, has something to read: `nil`.
    mutating func answer(orReadable other: Int32, before deadline: ContinuousClock.Instant) throws(RemoteFailure) -> [UInt8]? {
        while true {
            if let answer = try takeAnswer() { return answer }
            guard try isReadable(orReadable: other, before: deadline) else { return nil }
            try receive()
        }
    }

    private func send(_ bytes: [UInt8]) throws(RemoteFailure) {
        guard RemotePacket.send(bytes, through: descriptor) else { throw .closed }
    }

    /// The first whole answer among what was received: `$`, bytes, `#`, two digits.
    private mutating func takeAnswer() throws(RemoteFailure) -> [UInt8]? {
        guard let start = received.firstIndex(of: UInt8(ascii: "$")) else { return nil }
        guard let end = received[start...].firstIndex(of: UInt8(ascii: "#")), received.count >= end + 3 else {
            guard received.count <= Self.largestAnswer else { throw .unexpected(request: "", answer: "\(received.count) bytes") }
            return nil
        }
        let answer = Array(received[(start + 1)..<end])
        received.removeFirst(end + 3)
        if acknowledges { try send([UInt8(ascii: "+")]) }
        return answer
    }

    /// Waits for something to read from the server; `false` if `other` has something first, or the time is over.
    private func isReadable(orReadable other: Int32 = -1, before deadline: ContinuousClock.Instant) throws(RemoteFailure) -> Bool {
        while true {
            let left = deadline - .now
            guard left > .zero else { return false }
            // A descriptor of -1 is passed over.
            var polled = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0)]
            let ready = poll(&polled, 2, Int32(clamping: left.components.seconds * 1000 + 1000))
            if ready < 0, errno == EINTR { continue }
            guard ready >= 0 else { throw .closed }
            if polled[0].revents != 0 { return true }
            if polled[1].revents != 0 { return false }
        }
    }

    private mutating func receive() throws(RemoteFailure) {
        var block = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &block, block.count, 0)
        if count < 0, errno == EINTR { return }
        guard count > 0 else { throw .closed }
        received += block[..<count]
    }
}
