import TestSupport
import Testing

@testable import RRTrace

@Suite struct PackingTests {
    /// The words of the message that `packed` begins with.
    private func unpack(_ packed: [UInt8]) -> [UInt64]? {
        var message = Message()
        return message.unpack(packed) ? Array(message.words.prefix(message.wordCount)) : nil
    }

    @Test func theExampleOfTheSpecificationUnpacks() {
        // https://capnproto.org/encoding.html#packing, in a segment of two words.
        let packed: [UInt8] = [0x10, 0x02, 0x51, 0x08, 0x03, 0x02, 0x31, 0x19, 0xaa, 0x01]
        #expect(unpack(packed) == [2 << 32, 0x0002_0003_0000_0008, 0x0000_01aa_0000_0019])
    }

    @Test func runsOfZerosUnpack() {
        #expect(unpack([0x10, 0x03, 0x00, 0x02]) == [3 << 32, 0, 0, 0])
    }

    @Test func runsOfWordsWithoutZerosUnpack() {
        let words: [UInt64] = [2 << 32, 0x0102_0304_0506_0708, 0x1112_1314_1516_1718]
        let literal = CapnpMessage.packed(Array(words[1...]))
        #expect(literal.count == 1 + 8 + 1 + 8, "one tag, one number")
        #expect(unpack([0x10, 0x02] + literal) == words)
    }

    @Test(arguments: 0...255)
    func everyTagPutsItsBytesInTheirPlaces(tag: Int) {
        var word: UInt64 = 0
        for place in 0..<8 where tag >> place & 1 == 1 { word |= UInt64(place + 1) * 0x11 << UInt64(8 * place) }
        #expect(unpack(CapnpMessage.packed([1 << 32, word])) == [1 << 32, word])
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func whatIsPackedUnpacks(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let words = (0..<Int.random(in: 1...700, using: &random)).map { _ in
            let mask = [0, .max, random.next()].randomElement(using: &random) ?? 0
            return random.next() & mask & (Bool.random(using: &random) ? .max : 0xffff)
        }
        let message = [UInt64(words.count) << 32] + words
        #expect(unpack(CapnpMessage.packed(message)) == message, "seed \(seed)")
    }

    @Test func aMessageThatIsCutOffIsRefused() {
        let packed = CapnpMessage(.structure(data: [1, 0, 0xffff_ffff_ffff_ffff, 3], pointers: [.bytes(Array(1...40))])).packed()
        #expect(unpack(packed) != nil)
        for count in 0..<packed.count { #expect(unpack(Array(packed.prefix(count))) == nil, "\(count) bytes of \(packed.count)") }
    }

    @Test func aRunBeyondTheEndOfTheMessageIsRefused() {
        #expect(unpack([0x10, 0x02, 0x00, 0x02]) == nil)
        #expect(unpack([0x10, 0x01, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 2, 3, 4, 5, 6, 7, 8]) == nil)
    }

    @Test func messagesThatClaimTooMuchAreRefused() {
        #expect(unpack(CapnpMessage.packed([UInt64(Message.maximumWords) << 32])) == nil)
        #expect(unpack(CapnpMessage.packed([UInt64(Message.maximumSegments)])) == nil)
        #expect(unpack([0x0f, 0xff, 0xff, 0xff, 0xff]) == nil)
    }
}
