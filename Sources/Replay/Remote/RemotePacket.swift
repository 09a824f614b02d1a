import Foundation

/// Packets of gdb's remote protocol, as both of its sides need them.
package enum RemotePacket {
    /// The bytes of a request or an answer as they are sent: `$`, the bytes, `#`, and their sum in two digits.
    package static func framed(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(ascii: "$")] + bytes + Array("#\(Hex.text([bytes.reduce(0, &+)]))".utf8)
    }

    /// Sends bytes through a socket; `false` if the other side has gone.
    package static func send(_ bytes: [UInt8], through descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}

/// Bytes as two digits each.
package enum Hex {
    /// The digits of `bytes`.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The bytes of `digits`; `nil` if they are none.
    package static func bytes(_ digits: some StringProtocol) -> [UInt8]? {
        let digits = Array(digits.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
