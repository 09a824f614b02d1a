public import Foundation

/// The two streams of a TCP connection, as somebody saw them: ports of the sender and of the receiver, and the bytes.
public typealias Streams = [StreamKey: Data]

/// One direction of a TCP connection.
public struct StreamKey: Hashable, Sendable, CustomStringConvertible {
    /// The sender's port.
    public let from: UInt16
    /// The receiver's port.
    public let to: UInt16
    /// From one port to another.
    public init(from: UInt16, to: UInt16) {
        self.from = from
        self.to = to
    }
    /// `1 -> 2`.
    public var description: String { "\(from) -> \(to)" }
}

/// A datagram that went over the loopback interface.
public struct CapturedDatagram: Hashable, Sendable {
    /// The sender's port.
    public let from: UInt16
    /// The receiver's port.
    public let to: UInt16
    /// What it says.
    public let bytes: Data
}

/// What went over the loopback interface to or from some ports, captured by tcpdump while it went.
public final class LoopbackCapture {
    private let tcpdump: Command
    private let file: URL
    private let workshop: URL

    /// What is captured.
    public enum Transport: String, Sendable {
        case tcp
        case udp
    }

    /// Starts capturing.
    public init(of ports: [UInt16], over transport: Transport = .tcp, for run: RecordedRun) throws {
        workshop = run.workshop
        file = run.workshop.appendingPathComponent("loopback-\(transport).pcap")
        let filter = ports.map { "\(transport) port \($0)" }.joined(separator: " or ")
        // A large buffer, and every packet written when it comes: none may be lost. As root it would else give up its rights to the file.
        let asRoot = getuid() == 0 ? ["-Z", "root"] : []
        tcpdump = try run.start(
            [try Programs.installed("tcpdump"), "-i", "lo", "-B", "65536", "--immediate-mode", "-U", "-w", file.path] + asRoot + [filter])
        let tcpdump = tcpdump
        try wait(for: "tcpdump") {
            guard tcpdump.isRunning else { throw Failure("tcpdump: \(try tcpdump.errors())") }
            return try tcpdump.errors().contains("listening on")
        }
    }

    /// Ends the capture; returns the fields of all packets that pass the filter, as tshark prints them.
    private func packets(_ filter: String, _ fields: [String]) throws -> [[Substring]] {
        // What has gone over the interface is in its buffer already; it writes that down before it ends.
        usleep(200_000)
        tcpdump.send(SIGINT)
        let finished = try tcpdump.finish(within: 20)
        guard finished.status == 0, finished.errors.contains("0 packets dropped by kernel") else {
            throw Failure("tcpdump ended with \(finished.status): \(finished.errors)")
        }
        let listing = try Command(
            [try Programs.installed("tshark"), "-n", "-r", file.path, "-Y", filter, "-T", "fields"] + fields.flatMap { ["-e", $0] },
            in: workshop
        ).succeed()
        return listing.output.split(separator: "\n").map { $0.split(separator: "\t") }
    }

    /// Ends the capture; returns all UDP datagrams that have bytes, in the order in which they went.
    public func finishDatagrams() throws -> [CapturedDatagram] {
        try packets("udp.length>8 && !icmp", ["udp.srcport", "udp.dstport", "udp.payload"]).map { columns in
            guard columns.count == 3, let from = UInt16(columns[0]), let to = UInt16(columns[1]), let bytes = Data(hex: columns[2])
            else { throw Failure("tshark printed ‘\(columns)’") }
            return CapturedDatagram(from: from, to: to, bytes: bytes)
        }
    }

    /// Ends the capture and puts the streams together, as tshark numbers their bytes.
    public func finish() throws -> Streams {
        var streams = Streams()
        for columns in try packets("tcp.len>0", ["tcp.srcport", "tcp.dstport", "tcp.seq", "tcp.payload"]) {
            guard columns.count == 4, let from = UInt16(columns[0]), let to = UInt16(columns[1]), let sequence = Int(columns[2]),
                let bytes = Data(hex: columns[3])
            else { throw Failure("tshark printed ‘\(columns)’") }
            // Numbers count from 1, the SYN being 0. What was sent again says the same again.
            let key = StreamKey(from: from, to: to)
            let known = streams[key]?.count ?? 0
            guard sequence >= 1, sequence - 1 <= known else { throw Failure("packets are missing before ‘\(columns)’") }
            if sequence - 1 + bytes.count > known { streams[key, default: Data()].append(bytes.dropFirst(known - (sequence - 1))) }
        }
        return streams
    }
}

extension Data {
    /// The bytes of a hexadecimal text.
    init?(hex: Substring) {
        var bytes = [UInt8]()
        var high: UInt8?
        for digit in hex.utf8 {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x61...0x66: value = digit - 0x61 + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        guard high == nil else { return nil }
        self.init(bytes)
    }
}

extension RecordedRun {
    /// The streams of all TCP channels of the index, put together from the bytes of its messages in their order.
    public func streams() throws -> Streams {
        var streams = Streams()
        let channels = try channels().filter { $0.kind == "tcp" }
        let ports = { (address: String?) in address.flatMap { $0.split(separator: ":").last.flatMap { UInt16($0) } } }
        var ends: [String: (a: UInt16, b: UInt16, node: String?)] = [:]
        for channel in channels {
            guard let a = ports(channel.a.address), let b = ports(channel.b.address) else { throw Failure("\(channel) has no address") }
            ends[channel.channel] = (a, b, channel.a.node)
        }
        for message in try messages() {
            guard let end = ends[message.channel] else { continue }
            let forward = message.sender.map { $0 == end.node } ?? (end.node == nil)
            let key = StreamKey(from: forward ? end.a : end.b, to: forward ? end.b : end.a)
            streams[key, default: Data()].append(message.payload ?? Data())
        }
        return streams
    }
}
