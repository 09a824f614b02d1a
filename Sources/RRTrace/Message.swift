/// An unpacked Cap'n Proto message: segments of 8-byte words, behind a table of their lengths.
///
/// The encoding is described in https://capnproto.org/encoding.html. A place in a message is the index of a word. Whatever
/// a pointer leads to is checked when it is followed, and never reaches out of its segment.
struct Message: ~Copyable {
    /// The most words of a message: 16 MiB. rr's largest hold one frame with all its memory writes, or a command line.
    static let maximumWords = 2 << 20
    /// The most segments, as in Cap'n Proto's own reader.
    static let maximumSegments = 512

    /// Why a message is not one of the expected form.
    struct Damage: Error {
        /// What was found.
        let detail: String

        /// Something else than expected was found.
        init(_ detail: String) { self.detail = detail }
    }

    /// The table of segments, then their contents.
    var words: [UInt64] = [0]
    /// Where each segment begins, and where the last one ends.
    private var bounds: [Int] = [0, 0]

    /// How many words it has.
    var wordCount: Int { bounds[bounds.count - 1] }

    /// How many words the message has in all, as far as its first `count` words tell; makes room for them. The table of segments
    /// comes first: ask again when all the words that it says are there, until it says no more. `nil`: there can be no such message.
    @inline(__always)
    mutating func expectedWords(having count: Int) -> Int? {
        if words[0] & 0xffff_ffff == 0 {
            if count > 1 { return count }
            let total = 1 &+ Int(words[0] >> 32)
            guard total <= Self.maximumWords else { return nil }
            bounds[0] = 1
            bounds[1] = total
            if bounds.count > 2 { bounds.removeSubrange(2...) }
            makeRoom(total)
            return total
        }
        return expectedWordsOfSegments(having: count)
    }

    private mutating func expectedWordsOfSegments(having count: Int) -> Int? {
        let segments = (words[0] & 0xffff_ffff) + 1
        guard segments <= Self.maximumSegments else { return nil }
        let table = Int(segments) / 2 + 1
        makeRoom(table)
        guard count >= table else { return table }
        bounds.removeAll(keepingCapacity: true)
        bounds.append(table)
        var total = table
        for number in 1...Int(segments) {
            total += Int(words[number / 2] >> (number % 2 == 0 ? 0 : 32) & 0xffff_ffff)
            bounds.append(total)
        }
        guard total <= Self.maximumWords else { return nil }
        makeRoom(total)
        return total
    }

    private mutating func makeRoom(_ count: Int) {
        if words.count < count { words.append(contentsOf: repeatElement(0, count: max(count, 2 * words.count) - words.count)) }
    }
}

// MARK: - Following pointers

extension Message {
    /// A structure: where its fields of data and its pointers are.
    struct Structure {
        var segment = 0
        var data = 0
        var dataWords = 0
        var pointerCount = 0

        var pointers: Int { data &+ dataWords }
    }

    /// A list: where its elements are.
    struct List {
        var segment = 0
        var start = 0
        var count = 0
        /// What the elements are; raw values as in the encoding.
        var size = ElementSize.void
        /// Of each element that is a structure: the words of its data, and its pointers.
        var dataWords = 0
        var pointerCount = 0

        /// Element `index` of a list of structures.
        @inline(__always)
        func structure(_ index: Int) -> Structure {
            let data = start &+ index &* (dataWords &+ pointerCount)
            return Structure(segment: segment, data: data, dataWords: dataWords, pointerCount: pointerCount)
        }
    }

    /// What the elements of a list are; raw values as in the encoding.
    enum ElementSize: UInt64 {
        case void
        case bit
        case byte
        case twoBytes
        case fourBytes
        case eightBytes
        case pointer
        case composite
    }

    /// A pointer that was followed over its landing pads: its words of kind and size, and where its target begins.
    private struct Target {
        var word: UInt64
        var segment: Int
        var start: Int
    }

    /// The message's root structure.
    @inline(__always)
    func root() throws(Damage) -> Structure {
        guard bounds[1] > bounds[0] else { throw Damage("it has no root") }
        guard let root = try structure(at: bounds[0], in: 0) else { throw Damage("its root is null") }
        return root
    }

    /// The structure behind pointer `index` of `parent`; `nil` if it is null or `parent` has no such pointer.
    @inline(__always)
    func structure(_ index: Int, of parent: Structure) throws(Damage) -> Structure? {
        index < parent.pointerCount ? try structure(at: parent.pointers &+ index, in: parent.segment) : nil
    }

    /// The list behind pointer `index` of `parent`, whose elements must be `size`; `nil` if it is null or there is no such pointer.
    @inline(__always)
    func list(_ index: Int, of parent: Structure, _ size: ElementSize) throws(Damage) -> List? {
        index < parent.pointerCount ? try list(at: parent.pointers &+ index, in: parent.segment, size) : nil
    }

    @inline(__always)
    private func structure(at place: Int, in segment: Int) throws(Damage) -> Structure? {
        guard let target = try target(at: place, in: segment) else { return nil }
        guard target.word & 3 == 0 else { throw Damage("a pointer to a list where one to a structure is due") }
        let structure = Structure(
            segment: target.segment, data: target.start, dataWords: Int(target.word >> 32 & 0xffff), pointerCount: Int(target.word >> 48))
        try check(target, words: structure.dataWords &+ structure.pointerCount)
        return structure
    }

    /// The list behind the pointer at `place`; `nil` if it is null.
    @inline(__always)
    func list(at place: Int, in segment: Int, _ size: ElementSize) throws(Damage) -> List? {
        guard let target = try target(at: place, in: segment) else { return nil }
        guard target.word & 3 == 1, target.word >> 32 & 7 == size.rawValue else {
            throw Damage("a pointer to something else than the list due")
        }
        let count = Int(target.word >> 35)
        switch size {
        case .byte: try check(target, words: (count &+ 7) / 8)
        case .fourBytes: try check(target, words: (count &+ 1) / 2)
        case .pointer: try check(target, words: count)
        case .composite:
            try check(target, words: count &+ 1)
            return try composites(target, words: count)
        default: throw Damage("a list of elements that no message of rr has")
        }
        return List(segment: target.segment, start: target.start, count: count, size: size)
    }

    /// The list of structures whose tag word is at `target`. Elements of no size could be any number: there may be no more than words.
    private func composites(_ target: Target, words count: Int) throws(Damage) -> List {
        let tag = words[target.start]
        let list = List(
            segment: target.segment, start: target.start &+ 1, count: Int(tag >> 2 & 0x3fff_ffff), size: .composite,
            dataWords: Int(tag >> 32 & 0xffff), pointerCount: Int(tag >> 48))
        guard tag & 3 == 0, list.count &* max(list.dataWords &+ list.pointerCount, 1) <= count else {
            throw Damage("a list of \(list.count) structures in \(count) words")
        }
        return list
    }

    /// Follows the pointer at `place`, which is a word of `segment`; `nil` if it is null.
    @inline(__always)
    private func target(at place: Int, in segment: Int) throws(Damage) -> Target? {
        let word = words[place]
        if word == 0 { return nil }
        if word & 3 < 2 { return Target(word: word, segment: segment, start: place &+ 1 &+ Self.offset(word)) }
        return try farTarget(word)
    }

    /// Follows a far pointer: through one landing pad, or through two words that say where and what.
    private func farTarget(_ word: UInt64) throws(Damage) -> Target {
        let isDouble = word & 4 != 0
        let pad = try landing(word, words: isDouble ? 2 : 1)
        let first = words[pad.start]
        guard isDouble else {
            guard first & 3 < 2 else { throw Damage("a far pointer to a far pointer") }
            return Target(word: first, segment: pad.segment, start: pad.start &+ 1 &+ Self.offset(first))
        }
        guard first & 7 == 2 else { throw Damage("a far pointer without a landing pad") }
        let content = try landing(first, words: 0)
        return Target(word: words[pad.start &+ 1], segment: content.segment, start: content.start)
    }

    /// Where the far pointer `word` leads, where there must be a number of `words`.
    private func landing(_ word: UInt64, words: Int) throws(Damage) -> Target {
        guard word & 3 == 2, word >> 32 < UInt64(bounds.count &- 1) else { throw Damage("a far pointer to segment \(word >> 32)") }
        let segment = Int(word >> 32)
        let target = Target(word: word, segment: segment, start: bounds[segment] &+ Int(word >> 3 & 0x1fff_ffff))
        try check(target, words: words)
        return target
    }

    @inline(__always)
    private func check(_ target: Target, words count: Int) throws(Damage) {
        guard target.start >= bounds[target.segment], target.start &+ count <= bounds[target.segment &+ 1] else {
            throw Damage("a pointer to \(count) words out of its segment")
        }
    }

    /// The signed offset of a near pointer, in words.
    @inline(__always)
    private static func offset(_ word: UInt64) -> Int { Int(Int32(truncatingIfNeeded: word) >> 2) }
}

// MARK: - Reading fields

extension Message {
    /// The number at bit `bit` of the data of `structure`; `standard` if the structure is of a time before that field. Numbers
    /// are stored relative to their standard value.
    @inline(__always)
    func number<Number: FixedWidthInteger>(_ structure: Structure, bit: Int, standard: Number = 0) -> Number {
        bit / 64 < structure.dataWords
            ? Number(truncatingIfNeeded: words[structure.data &+ bit / 64] >> UInt64(bit % 64)) ^ standard : standard
    }

    /// The truth value at bit `bit`.
    func flag(_ structure: Structure, bit: Int, standard: Bool = false) -> Bool {
        (number(structure, bit: bit) & 1 as UInt64 != 0) != standard
    }

    /// Number `index` of a list of 4-byte elements.
    func fourBytes(_ list: List, _ index: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: words[list.start &+ index / 2] >> (index % 2 == 0 ? 0 : 32))
    }

    /// The bytes of a list of them; none for `nil`.
    func bytes(_ list: List?) -> [UInt8] {
        guard let list else { return [] }
        return (0..<list.count).map { UInt8(truncatingIfNeeded: words[list.start &+ $0 / 8] >> UInt64(8 * ($0 % 8))) }
    }

    /// The bytes behind pointer `index` of `parent`; none if it is null.
    func bytes(_ index: Int, of parent: Structure) throws(Damage) -> [UInt8] { bytes(try list(index, of: parent, .byte)) }
}
