/// Undoes the packing of Cap'n Proto messages (https://capnproto.org/encoding.html#packing), as far as the bytes at hand go.
///
/// Each word is a tag byte, whose bits say which bytes of the word are not zero, and those bytes. After a tag of 0 follows a
/// number of further zero words; after a tag of 255 and its eight bytes, a number of words that follow as they are.
struct Unpacker {
    /// The longest tag with what belongs to it: tag, eight bytes, number.
    static let longestTag = 10

    /// Where in the input to read on. It can get beyond the end of the bytes only after the last of them.
    private(set) var position: Int
    /// Where the input's bytes end. There must be `longestTag` more that can be read.
    private(set) var end: Int
    /// Whether no more input follows.
    private let isLast: Bool
    /// What is left of a run: words that are zero, words that follow as they are.
    private var zeros = 0
    private var literals = 0

    /// Reads from `position` to `end`.
    init(position: Int, end: Int, isLast: Bool = false) {
        self.position = position
        self.end = end
        self.isLast = isLast
    }

    /// Goes on, in new input.
    init(_ before: Unpacker, position: Int, end: Int, isLast: Bool) {
        self.init(position: position, end: end, isLast: isLast)
        zeros = before.zeros
        literals = before.literals
    }

    /// Whether a run of words is not at its end.
    var isInRun: Bool { zeros | literals != 0 }

    /// Unpacks words, from word `count` on, until there are `target` of them or the input is used up; counts them. A tag that
    /// might reach over the end of the input is left, unless no more input follows.
    @inline(__always)
    mutating func unpack(_ input: [UInt8], into output: inout [UInt64], _ count: inout Int, _ target: Int) {
        if isInRun {
            continueRun(input, into: &output, &count, target)
            if literals > 0 { return }
        }
        let bytes = unsafe input.span.bytes
        let spreads = Spread.table.span
        let room = output.count
        var words = output.mutableSpan
        let limit = isLast ? end : end &- (Self.longestTag - 1)
        // These two, and the conditions of the loop, are what the unchecked accesses below rely on: before `limit` a tag, and a word
        // behind it, can be read; before `target` a word can be written.
        precondition(position >= 0 && end &+ Self.longestTag <= input.count && target <= room && count >= 0)
        var position = position  // In registers: each tag's place depends on the one before.
        defer { self.position = position }
        while count < target, position < limit {
            let word = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt64.self))
            let tag = UInt8(truncatingIfNeeded: word)
            if tag == 0x3f {
                unsafe words[unchecked: count] = word &>> 8 & 0xffff_ffff_ffff
                count &+= 1
                position &+= 7
            } else if tag == 0x01 {
                unsafe words[unchecked: count] = word &>> 8 & 0xff
                count &+= 1
                position &+= 2
            } else if tag == 0x03 {
                unsafe words[unchecked: count] = word &>> 8 & 0xffff
                count &+= 1
                position &+= 3
            } else if tag == 0 {
                position &+= 2
                zeros = Int(word &>> 8 & 0xff) &+ 1
                while zeros > 0, count < target {
                    unsafe words[unchecked: count] = 0
                    count &+= 1
                    zeros &-= 1
                }
            } else if tag == 0xff {
                let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position &+ 1, as: UInt64.self)
                unsafe words[unchecked: count] = UInt64(littleEndian: word)
                count &+= 1
                literals = unsafe Int(bytes.unsafeLoad(fromUncheckedByteOffset: position &+ 9, as: UInt8.self))
                position &+= Self.longestTag
                while literals > 0, count < target, position &+ 8 <= end {
                    let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt64.self)
                    unsafe words[unchecked: count] = UInt64(littleEndian: word)
                    count &+= 1
                    position &+= 8
                    literals &-= 1
                }
                if literals > 0 { return }
            } else {
                let spread = unsafe spreads[unchecked: Int(tag)]
                unsafe words[unchecked: count] = spread(word &>> 8)
                count &+= 1
                position &+= spread.length
            }
        }
    }

    /// Goes on with a run of words that was cut by the end of the input, or by the end of the segment table.
    private mutating func continueRun(_ input: [UInt8], into output: inout [UInt64], _ count: inout Int, _ target: Int) {
        while zeros > 0, count < target {
            output[count] = 0
            count += 1
            zeros -= 1
        }
        while literals > 0, count < target, position + 8 <= end {
            output[count] = (0..<8).reduce(0) { $0 | UInt64(input[position + $1]) << UInt64(8 * $1) }
            count += 1
            position += 8
            literals -= 1
        }
    }
}

/// How to spread the first bytes of a word over the places that a tag's bits name: in three steps, each of which moves some
/// bytes up by 4, 2 or 1 places ("expand" in Warren, Hacker's Delight, 7-5).
private struct Spread {
    /// By tag.
    static let table = (0...255).map { Spread(tag: $0) }

    /// Which bytes, after each step, have been moved by it.
    private var moved: (by4: UInt64, by2: UInt64, by1: UInt64) = (0, 0, 0)
    /// Which bytes are not zero in the end.
    private var kept: UInt64 = 0
    /// How many bytes the tag and its bytes have.
    private(set) var length = 1

    private init(tag: Int) {
        var source = 0
        for place in 0..<8 where tag >> place & 1 == 1 {
            let distance = place - source
            let byte: UInt64 = 0xff
            if distance & 4 != 0 { moved.by4 |= byte << UInt64(8 * (source + 4)) }
            if distance & 2 != 0 { moved.by2 |= byte << UInt64(8 * (source + (distance & 6))) }
            if distance & 1 != 0 { moved.by1 |= byte << UInt64(8 * place) }
            kept |= byte << UInt64(8 * place)
            source += 1
            length += 1
        }
    }

    /// `bytes`, spread.
    @inline(__always)
    func callAsFunction(_ bytes: UInt64) -> UInt64 {
        var word = bytes
        word = word & ~moved.by4 | word &<< 32 & moved.by4
        word = word & ~moved.by2 | word &<< 16 & moved.by2
        word = word & ~moved.by1 | word &<< 8 & moved.by1
        return word & kept
    }
}

extension Message {
    /// Unpacks the message that `packed` begins with; `false` if it is not whole, or not possible.
    mutating func unpack(_ packed: [UInt8]) -> Bool {
        let input = packed + repeatElement(0, count: Unpacker.longestTag)
        var unpacker = Unpacker(position: 0, end: packed.count, isLast: true)
        var count = 0
        var target = 1
        while true {
            unpacker.unpack(input, into: &words, &count, target)
            guard count == target, unpacker.position <= unpacker.end, let expected = expectedWords(having: count) else { return false }
            if expected == target { return !unpacker.isInRun }
            target = expected
        }
    }
}
