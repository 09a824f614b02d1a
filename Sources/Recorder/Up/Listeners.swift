/// Who can be reached in this network namespace at one moment, as the kernel lists it.
///
/// Read, never tried: a connection of ours would be accepted by the recorded program, and be part of the run.
struct Listeners {
    /// The ports that somebody listens on. (The kernel lists these sockets first: the limit on what is read cuts off others.)
    private lazy var tcp = Self.ports(["/proc/net/tcp", "/proc/net/tcp6"], state: "0A")
    /// The ports that somebody has bound. A UDP socket without a peer is in the state that the kernel calls closed.
    private lazy var udp = Self.ports(["/proc/net/udp", "/proc/net/udp6"], state: "07")
    private lazy var unix = Self.names()

    /// The flag in `/proc/net/unix` of a socket that accepts connections: __SO_ACCEPTCON of linux/net.h.
    private static let accepting: UInt32 = 1 << 16
    /// The type there of a datagram socket, which needs no more than a name: SOCK_DGRAM.
    private static let datagram = "0002"

    /// Whether somebody listens where `condition` says; false for conditions of another kind.
    mutating func hold(_ condition: UpSpec.Condition) -> Bool {
        switch condition {
        case .tcp(let port): tcp.contains(port)
        case .udp(let port): udp.contains(port)
        case .unix(let name): unix.contains(name)
        case .started, .ended: false
        }
    }

    /// The local ports of sockets in `state` (hexadecimal, of net/tcp_states.h). Lines: `NUMBER: ADDRESS:PORT ADDRESS:PORT STATE …`.
    private static func ports(_ files: [String], state: String) -> Set<UInt16> {
        var ports: Set<UInt16> = []
        for line in files.flatMap({ Proc.lines($0) ?? [] }) {
            let columns = line.split(separator: " ", maxSplits: 4)
            guard columns.count > 3, columns[3] == state, let port = columns[1].split(separator: ":").last else { continue }
            if let number = UInt16(port, radix: 16) { ports.insert(number) }
        }
        return ports
    }

    /// The names of sockets that can be reached. Lines: `NUMBER: REFERENCES PROTOCOL FLAGS TYPE STATE INODE NAME`.
    private static func names() -> Set<String> {
        var names: Set<String> = []
        for line in Proc.lines("/proc/net/unix") ?? [] {
            let columns = line.split(separator: " ", maxSplits: 7)
            guard columns.count == 8, let flags = UInt32(columns[3], radix: 16) else { continue }
            if flags & accepting != 0 || columns[4] == datagram { names.insert(String(columns[7])) }
        }
        return names
    }
}
