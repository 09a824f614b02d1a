/// Bytes for people.
enum PayloadText {
    /// The bytes on one line: printable ASCII as it is, the usual escapes, everything else as `\xNN`.
    static func line(_ bytes: [UInt8], limit: Int = Int.max) -> String {
        var text: [UInt8] = []
        for byte in bytes where text.count < limit {
            switch byte {
            case UInt8(ascii: "\n"): text += "\\n".utf8
            case UInt8(ascii: "\r"): text += "\\r".utf8
            case UInt8(ascii: "\t"): text += "\\t".utf8
            case UInt8(ascii: "\\"): text += "\\\\".utf8
            case 0x20...0x7e: text.append(byte)
            default: text += ("\\x" + hex(byte)).utf8
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes as text, line by line, each as `line` gives it.
    static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line(Array($0)) }
    }

    /// Text that may hold anything (paths, command lines from a trace), made harmless for a terminal: control characters are escaped.
    static func harmless(_ text: String) -> String {
        if isHarmless(text) { return text }
        return text.unicodeScalars.map { scalar in
            switch scalar.value {
            case 0x0a: "\\n"
            case 0x0d: "\\r"
            case 0x09: "\\t"
            case 0..<0x20, 0x7f...0x9f: "\\x" + hex(UInt8(scalar.value))
            default: String(scalar)
            }
        }.joined()
    }

    /// The same for JSON that an encoder has made: it leaves the control characters beyond ASCII's as they are.
    static func harmless(json text: String) -> String {
        if isHarmless(text) { return text }
        return text.unicodeScalars.map { (0x7f...0x9f).contains($0.value) ? "\\u00" + hex(UInt8($0.value)) : String($0) }.joined()
    }

    private static func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
    }

    /// The words among the bytes, for labels: printable ASCII as it is, each run of other bytes as one space (line ends) or one `·`.
    static func words(_ bytes: [UInt8]) -> String {
        var text = ""
        for byte in bytes {
            let character: Character =
                switch byte {
                case 0x21...0x7e: Character(Unicode.Scalar(byte))
                case 0x09...0x0d, 0x20: " "
                default: "·"
                }
            let isFiller = character == " " || character == "·"
            if !isFiller || text.last != character { text.append(character) }
        }
        return text.last == " " ? String(text.dropLast()) : text
    }

    /// The bytes as a dump: offset, sixteen bytes, the same as text.
    static func dump(_ bytes: [UInt8]) -> [String] {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            let row = bytes[start..<min(start + 16, bytes.count)]
            let numbers = row.map(hex).joined(separator: " ")
            let text = row.map { (0x20...0x7e).contains($0) ? String(Unicode.Scalar($0)) : "." }.joined()
            let offset = String(start, radix: 16)
            let padding = String(repeating: "0", count: max(0, 8 - offset.count))
            return "  \(padding)\(offset)  \(numbers)\(String(repeating: " ", count: 49 - numbers.utf8.count))\(text)"
        }
    }

    private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
