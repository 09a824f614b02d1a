/// A breakpoint or watchpoint, as gdb's remote protocol names it.
public struct Breakpoint: Hashable, Sendable {
    /// Which: `0` software, `1` hardware breakpoint, `2` write, `3` read, `4` access watchpoint.
    public let kind: Character
    /// Where.
    public let address: UInt64
    /// How long what is watched is, in bytes; for breakpoints, the architecture's way of saying which instruction to use.
    public let size: UInt64

    /// The breakpoint of a request such as `Z0,401136,1` or `z0,401136,1`, and the conditions that follow; `nil` if it is none.
    public static func parse(_ request: String) -> (breakpoint: Breakpoint, conditions: Substring)? {
        let end = request.firstIndex(of: ";") ?? request.endIndex
        let words = request[..<end].dropFirst().split(separator: ",", omittingEmptySubsequences: false)
        guard words.count == 3, let kind = words[0].first, words[0].count == 1, "01234".contains(kind),
            let address = UInt64(words[1], radix: 16), let size = UInt64(words[2], radix: 16)
        else { return nil }
        return (Breakpoint(kind: kind, address: address, size: size), request[end...])
    }

    /// As in a request, behind `Z` or `z`.
    var text: String { "\(kind),\(String(address, radix: 16)),\(String(size, radix: 16))" }
}

/// gdb's agent expressions, in which conditions are sent to rr: a little stack machine.
enum AgentExpression {
    private static let equal: UInt8 = 0x13
    private static let load32: UInt8 = 0x19
    private static let load64: UInt8 = 0x1a
    private static let constant32: UInt8 = 0x24
    private static let constant64: UInt8 = 0x25
    private static let end: UInt8 = 0x27

    /// "The 32-bit number at the address that stands at `pointer` is `value`."
    static func word(atPointerAt pointer: UInt64, is value: UInt32) -> String {
        let code = [constant64] + bytes(pointer) + [load64, load32, constant32] + bytes(value) + [equal, end]
        return "X\(String(code.count, radix: 16)),\(Hex.text(code))"
    }

    /// Numbers in expressions have their high byte first.
    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
