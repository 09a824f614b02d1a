import TestSupport
import Testing

@testable import RRTrace

@Suite struct MessageTests {
    /// Runs `body` on the message of `segments`.
    private func reading<Result>(_ segments: [[UInt64]], _ body: (borrowing Message) throws -> Result) throws -> Result {
        var message = Message()
        let isWhole = message.unpack(CapnpMessage.packed(CapnpMessage.framed(segments)))
        #expect(isWhole)
        return try body(message)
    }

    private func pointer(offset: Int, data: UInt64 = 0, pointers: UInt64 = 0) -> UInt64 {
        UInt64(UInt32(bitPattern: Int32(offset)) << 2) | data << 32 | pointers << 48
    }

    @Test(arguments: CapnpMessage.Layout.allCases)
    func aMessageReadsTheSameHoweverItLiesInSegments(layout: CapnpMessage.Layout) throws {
        let tree = CapnpMessage(
            .structure(
                data: [42, 7 << 32],
                pointers: [
                    .bytes(Array("hello, world".utf8)), .structures([([1], [.bytes([9])]), ([2], [.null])]), .fourBytes([5, 6, 7]), .null,
                    .pointers([.bytes([1]), .null, .bytes([2, 3])]),
                ]))
        try reading(tree.segments(layout)) { message in
            let root = try message.root()
            let (first, second): (UInt64, Int32) = (message.number(root, bit: 0), message.number(root, bit: 96))
            #expect(first == 42 && second == 7)
            let text = try message.bytes(0, of: root)
            #expect(text == Array("hello, world".utf8))
            let found = try message.list(1, of: root, .composite)
            let list = try #require(found)
            let elements = (0..<list.count).map { message.number(list.structure($0), bit: 0) as UInt8 }
            #expect(elements == [1, 2])
            let inner = try message.bytes(0, of: list.structure(0))
            #expect(inner == [9])
            let foundNumbers = try message.list(2, of: root, .fourBytes)
            let numbers = try #require(foundNumbers)
            let values = (0..<numbers.count).map { message.fourBytes(numbers, $0) }
            #expect(values == [5, 6, 7])
            let none = try message.list(3, of: root, .byte)
            #expect(none == nil)
            let foundPointers = try message.list(4, of: root, .pointer)
            let pointers = try #require(foundPointers)
            let last = message.bytes(try message.list(at: pointers.start + 2, in: pointers.segment, .byte))
            #expect(last == [2, 3])
        }
    }

    @Test func fieldsThatAnOlderWriterDidNotHaveAreStandard() throws {
        try reading(CapnpMessage(.structure(data: [1], pointers: [])).segments()) { message in
            let root = try message.root()
            let number: UInt32 = message.number(root, bit: 64, standard: 30)
            let flag = message.flag(root, bit: 70, standard: true)
            let structure = try message.structure(3, of: root)
            #expect(number == 30 && flag && structure == nil)
        }
    }

    @Test func numbersAreStoredRelativeToTheirStandard() throws {
        try reading([[pointer(offset: 0, data: 1), 442 ^ 1000]]) { message in
            let number: Int32 = message.number(try message.root(), bit: 0, standard: 442)
            #expect(number == 1000)
        }
    }

    @Test(
        "a pointer that leads nowhere is damage",
        arguments: [
            [], [0], [3], [1 | 2 << 32], [0xffff_fff8], [0x7fff_fffc], [0xffff_0000_0000_0000], [2], [2 | 1 << 32], [6], [2 | 9 << 3],
            [2 | 1 << 3, 2 | 1 << 3], [6 | 1 << 3, 1, 0], [6 | 1 << 3, 2 | 7 << 32, 0],
        ] as [[UInt64]])
    func badRoots(segment: [UInt64]) throws {
        try reading([segment]) { message in
            // Plain variables: a noncopyable value cannot go into the macro's closure.
            var damaged = false
            do { _ = try message.root() } catch { damaged = true }
            #expect(damaged)
        }
    }

    @Test(
        "a list that cannot be as long as it says is damage",
        arguments: [
            1 | 2 << 32 | 9 << 35,  // nine bytes in one word
            1 | 7 << 32 | 1 << 35,  // a tag and one word, in one word
            1 | 6 << 32 | 2 << 35, 1 | 0 << 32 | 0x1fff_ffff << 35,
        ] as [UInt64])
    func badLists(pointer: UInt64) throws {
        try reading([[self.pointer(offset: 0, pointers: 1), pointer, 0]]) { message in
            let root = try message.root()
            for size in [.byte, .pointer, .composite, .void] as [Message.ElementSize] {
                var damaged = false
                do { _ = try message.list(0, of: root, size) } catch { damaged = true }
                #expect(damaged, "\(size)")
            }
        }
    }

    @Test func aListOfManyStructuresOfNoSizeIsDamage() throws {
        let tag: UInt64 = 0x3fff_ffff << 2
        try reading([[pointer(offset: 0, pointers: 1), 1 | 7 << 32, tag]]) { message in
            let root = try message.root()
            var damaged = false
            do { _ = try message.list(0, of: root, .composite) } catch { damaged = true }
            #expect(damaged)
        }
    }
}
