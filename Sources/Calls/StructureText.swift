import Glibc
import RRTrace

/// Structures of the kernel, written as strace writes them.
extension CallReader {
    /// A wait status.
    static func waitStatus(_ status: Int32) -> String {
        if status & 0x7f == 0 { return "{WIFEXITED(s) && WEXITSTATUS(s) == \(status >> 8 & 0xff)}" }
        if status & 0xff == 0x7f { return "{WIFSTOPPED(s) && WSTOPSIG(s) == \(SignalNames.name(Int64(status >> 8 & 0xff)))}" }
        if status == 0xffff { return "{WIFCONTINUED(s)}" }
        let core = status & 0x80 != 0 ? " && WCOREDUMP(s)" : ""
        return "{WIFSIGNALED(s) && WTERMSIG(s) == \(SignalNames.name(Int64(status & 0x7f)))\(core)}"
    }

    /// A `siginfo_t`: what it holds depends on the signal and on who sent it.
    static func information(_ bytes: [UInt8]) -> String {
        let field = { (offset: Int) in Int32(truncatingIfNeeded: bytes.number(at: offset, 4)) }
        let (signal, code) = (field(0), field(8))
        var fields = ["si_signo=\(SignalNames.name(Int64(signal)))", "si_code=\(SignalNames.code(code, signal: signal))"]
        switch (signal, code) {
        case (17, 1...6):
            let status = field(24)
            let text = code == 1 ? "\(status)" : SignalNames.name(Int64(status))
            fields += ["si_pid=\(field(16))", "si_uid=\(UInt32(bitPattern: field(20)))", "si_status=\(text)"]
        case (_, 0), (_, -6), (_, -1):
            fields += ["si_pid=\(field(16))", "si_uid=\(UInt32(bitPattern: field(20)))"]
        case (_, -2): fields += ["si_timerid=\(field(16))", "si_overrun=\(field(20))"]
        case (4, _), (7, _), (8, _), (11, _):
            fields.append("si_addr=" + (bytes.number(at: 16, 8) == 0 ? "NULL" : hexadecimal(bytes.number(at: 16, 8))))
        default: break
        }
        return "{" + fields.joined(separator: ", ") + "}"
    }

    /// The mode and size of a `struct stat`.
    static func status(_ bytes: [UInt8], _ architecture: Architecture) -> String {
        let mode = bytes.number(at: architecture == .x86_64 ? 24 : 16, 4)
        let kinds: [UInt64: String] = [
            0o010: "S_IFIFO", 0o020: "S_IFCHR", 0o040: "S_IFDIR", 0o060: "S_IFBLK", 0o100: "S_IFREG", 0o120: "S_IFLNK", 0o140: "S_IFSOCK",
        ]
        let kind = kinds[mode >> 9 & 0o170].map { "\($0)|" } ?? ""
        let permissions = mode & 0o7777
        let size = kind == "S_IFREG|" || kind == "S_IFDIR|" || kind == "S_IFLNK|" ? ", st_size=\(bytes.number(at: 48, 8))" : ""
        return "{st_mode=\(kind)\(permissions == 0 ? "000" : "0" + String(permissions, radix: 8))\(size), ...}"
    }

    /// A `struct timespec` or `timeval` at `offset`.
    static func time(_ bytes: [UInt8], _ offset: Int, _ fraction: String) -> String {
        "{tv_sec=\(Int64(bitPattern: bytes.number(at: offset, 8))), tv_\(fraction)=\(Int64(bitPattern: bytes.number(at: offset + 8, 8)))}"
    }

    static func limit(_ bytes: [UInt8], _ offset: Int) -> String {
        let value = bytes.number(at: offset, 8)
        return value == .max ? "RLIM64_INFINITY" : "\(value)"
    }

    /// A `struct utsname`: six strings in 65 bytes each.
    static func systemName(_ bytes: [UInt8]) -> String {
        let names = ["sysname", "nodename", "release", "version", "machine", "domainname"]
        let fields = names.enumerated().map { index, name in
            "\(name)=" + Quoted.text(Array(bytes.dropFirst(65 * index).prefix(65).prefix { $0 != 0 }), limit: 65)
        }
        return "{" + fields.joined(separator: ", ") + "}"
    }
}

extension SocketAddress {
    /// `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}`.
    var text: String {
        switch family {
        case Self.ipv4:
            return "{sa_family=AF_INET, sin_port=htons(\(port)), sin_addr=inet_addr(\"\(bytes.map { "\($0)" }.joined(separator: "."))\")}"
        case Self.ipv6:
            return "{sa_family=AF_INET6, sin6_port=htons(\(port)), inet_pton(AF_INET6, \"\(presentation)\", &sin6_addr)}"
        case Self.unix where bytes.isEmpty: return "{sa_family=AF_UNIX}"
        case Self.unix where bytes[0] == 0: return "{sa_family=AF_UNIX, sun_path=@\(Quoted.text(Array(bytes.dropFirst()), limit: .max))}"
        default: return "{sa_family=AF_UNIX, sun_path=\(Quoted.text(Array(bytes.prefix { $0 != 0 }), limit: .max))}"
        }
    }

    /// An IPv6 address as inet_ntop writes it.
    private var presentation: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard bytes.count == 16, inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Bytes as strace quotes them.
enum Quoted {
    /// `"GET /\r\n\0\377"`, and `"..."...` for a longer string of which only `limit` bytes are shown.
    static func text(_ bytes: [UInt8], limit: Int) -> String { text(bytes.prefix(limit), isCut: bytes.count > limit) }

    /// The bytes as they are, with `...` behind them if they are only the beginning.
    static func text(_ bytes: some Collection<UInt8>, isCut: Bool) -> String {
        var text: [UInt8] = [quote]
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            switch byte {
            case quote, UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case 0x20...0x7e: text.append(byte)
            case 0x09...0x0d: text += [UInt8(ascii: "\\"), Array("tnvfr".utf8)[Int(byte) - 9]]
            default:
                // Octal, as short as the next byte allows.
                let digits = String(byte, radix: 8)
                let isFollowedByDigit = rest.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
                let padding = isFollowedByDigit ? String(repeating: "0", count: 3 - digits.utf8.count) : ""
                text += ("\\" + padding + digits).utf8
            }
        }
        text.append(quote)
        return String(decoding: text, as: UTF8.self) + (isCut ? "..." : "")
    }

    private static let quote = UInt8(ascii: "\"")
}
