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
        var words = output.mutableSpan
        let limit = isLast ? end : end &- (Self.longestTag - 1)
        while count < target, position < limit {
            let tag = unsafe bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
            let word = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: position &+ 1, as: UInt64.self))
            if tag == 0 {
                position &+= 2
                zeros = Int(word & 0xff) &+ 1
                let stop = min(target, count &+ zeros)
                zeros &-= stop &- count
                while count < stop {
                    words[count] = 0
                    count &+= 1
                }
            } else if tag == 0xff {
                words[count] = word
                count &+= 1
                literals = unsafe Int(bytes.unsafeLoad(fromByteOffset: position &+ 9, as: UInt8.self))
                position &+= Self.longestTag
                while literals > 0, count < target, position &+ 8 <= end {
                    words[count] = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
                    count &+= 1
                    position &+= 8
                    literals &-= 1
                }
                if literals > 0 { return }
            } else {
                words[count] = Self.spread(word, tag)
                count &+= 1
                position &+= 1 &+ tag.nonzeroBitCount
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

    /// The word whose non-zero bytes, by the bits of `tag`, are the first of `bytes`.
    @inline(__always)
    private static func spread(_ bytes: UInt64, _ tag: UInt8) -> UInt64 {
        if tag & (tag &+ 1) == 0 { return bytes & (1 &<< UInt64(8 &* tag.nonzeroBitCount) &- 1) }
        var word: UInt64 = 0
        var rest = bytes
        for index in 0..<8 {
            let mask: UInt64 = tag >> UInt8(index) & 1 == 1 ? 0xff : 0
            word |= (rest & mask) << UInt64(8 * index)
            rest = mask == 0 ? rest : rest >> 8
        }
        return word
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
