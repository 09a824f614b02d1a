/// Bytes for people.
enum PayloadText {
    /// The bytes on one line: printable ASCII as it is, the usual escapes, everything else as `\xNN`.
    static func line(_ bytes: [UInt8], limit: Int = Int.max) -> String {
        var text = ""
        for byte in bytes {
            if text.utf8.count >= limit { break }
            switch byte {
            case UInt8(ascii: "\n"): text += "\\n"
            case UInt8(ascii: "\r"): text += "\\r"
            case UInt8(ascii: "\t"): text += "\\t"
            case UInt8(ascii: "\\"): text += "\\\\"
            case 0x20...0x7e: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "\\x" + hex(byte)
            }
        }
        return text
    }

    /// The bytes as a dump: offset, sixteen bytes, the same as text.
    static func dump(_ bytes: [UInt8]) -> [String] {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            let row = bytes[start..<min(start + 16, bytes.count)]
            let numbers = row.map(hex).joined(separator: " ")
            let text = row.map { (0x20...0x7e).contains($0) ? String(Unicode.Scalar($0)) : "." }.joined()
            let offset = String(start, radix: 16)
            let padding = String(repeating: "0", count: max(0, 8 - offset.count))
            return "  \(padding)\(offset)  \(numbers)\(String(repeating: " ", count: 48 - numbers.count))\(text)"
        }
    }

    private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
