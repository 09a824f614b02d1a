/// A Cap'n Proto message to be written, as a tree: the counterpart, for tests, of what RRTrace reads.
public struct CapnpMessage: Sendable {
    /// What a pointer leads to.
    public indirect enum Target: Sendable {
        /// Nothing.
        case null
        /// A structure: its words of data, and its pointers.
        case structure(data: [UInt64], pointers: [Target])
        /// `Data` or `Text`.
        case bytes([UInt8])
        /// A list of 4-byte numbers.
        case fourBytes([UInt32])
        /// A list of structures of equal shape: each one's data and pointers.
        case structures([(data: [UInt64], pointers: [Target])])
        /// A list of pointers.
        case pointers([Target])
    }

    /// How objects are spread over segments.
    public enum Layout: Sendable, CaseIterable {
        /// All in one segment.
        case single
        /// Each object in a segment of its own, with its landing pad before it.
        case far
        /// Each object in a segment of its own, and all landing pads, of two words, in another.
        case doubleFar
    }

    /// The root structure.
    public var root: Target

    /// A message with this root.
    public init(_ root: Target) { self.root = root }

    /// Its segments, each in words.
    public func segments(_ layout: Layout = .single) -> [[UInt64]] {
        var builder = Builder(layout: layout)
        builder.place(root, at: (0, 0))
        return builder.segments
    }

    /// The message as it stands in memory: the table of segments, and the segments.
    public func words(_ layout: Layout = .single) -> [UInt64] { Self.framed(segments(layout)) }

    /// `segments` behind their table.
    public static func framed(_ segments: [[UInt64]]) -> [UInt64] {
        let table = [UInt32(segments.count - 1)] + segments.map { UInt32($0.count) }
        let words = stride(from: 0, to: table.count, by: 2).map { index in
            UInt64(table[index]) | UInt64(index + 1 < table.count ? table[index + 1] : 0) << 32
        }
        return words + segments.joined()
    }

    /// The message, packed as rr packs it.
    public func packed(_ layout: Layout = .single) -> [UInt8] { Self.packed(words(layout)) }

    /// Packs `words`: zeros are left out, runs of zero words and of words without zeros are counted.
    public static func packed(_ words: [UInt64]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < words.count {
            let bytes = Self.bytes(words[index])
            let tag = bytes.indices.reduce(0 as UInt8) { $0 | (bytes[$1] == 0 ? 0 : 1 << UInt8($1)) }
            result += [tag] + bytes.filter { $0 != 0 }
            index += 1
            let isRun: (UInt64) -> Bool = tag == 0 ? { $0 == 0 } : { Self.bytes($0).count { $0 == 0 } < 2 }
            guard tag == 0 || tag == 0xff else { continue }
            let run = words[index...].prefix(255).prefix(while: isRun)
            result.append(UInt8(run.count))
            if tag == 0xff { result += run.flatMap(Self.bytes) }
            index += run.count
        }
        return result
    }

    /// The bytes of `word`, low one first.
    static func bytes(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
}

/// Lays objects out in segments.
private struct Builder {
    typealias Place = (segment: Int, word: Int)

    let layout: CapnpMessage.Layout
    var segments: [[UInt64]]

    init(layout: CapnpMessage.Layout) {
        self.layout = layout
        segments = layout == .doubleFar ? [[0], []] : [[0]]
    }

    /// Puts `target` somewhere and its pointer at `place`.
    mutating func place(_ target: CapnpMessage.Target, at place: Place) {
        switch target {
        case .null: break
        case .structure(let data, let pointers):
            let start = allocate(data.count + pointers.count, Self.structurePointer(data.count, pointers.count), place)
            fill(start, data, pointers)
        case .bytes(let bytes):
            let start = allocate((bytes.count + 7) / 8, Self.listPointer(2, bytes.count), place)
            for (index, byte) in bytes.enumerated() {
                segments[start.segment][start.word + index / 8] |= UInt64(byte) << UInt64(8 * (index % 8))
            }
        case .fourBytes(let numbers):
            let start = allocate((numbers.count + 1) / 2, Self.listPointer(4, numbers.count), place)
            for (index, number) in numbers.enumerated() {
                segments[start.segment][start.word + index / 2] |= UInt64(number) << UInt64(32 * (index % 2))
            }
        case .structures(let elements):
            let dataWords = elements.first?.data.count ?? 0
            let pointerCount = elements.first?.pointers.count ?? 0
            let size = dataWords + pointerCount
            let start = allocate(1 + elements.count * size, Self.listPointer(7, elements.count * size), place)
            let tag = UInt64(elements.count) << 2 | Self.structurePointer(dataWords, pointerCount)
            segments[start.segment][start.word] = tag
            for (index, element) in elements.enumerated() {
                fill((start.segment, start.word + 1 + index * size), element.data, element.pointers)
            }
        case .pointers(let targets):
            let start = allocate(targets.count, Self.listPointer(6, targets.count), place)
            fill(start, [], targets)
        }
    }

    /// A pointer to a structure, without its offset.
    private static func structurePointer(_ dataWords: Int, _ pointers: Int) -> UInt64 { UInt64(dataWords) << 32 | UInt64(pointers) << 48 }

    /// A pointer to a list of elements of kind `size`, without its offset.
    private static func listPointer(_ size: UInt64, _ count: Int) -> UInt64 { 1 | size << 32 | UInt64(count) << 35 }

    private mutating func fill(_ start: Place, _ data: [UInt64], _ pointers: [CapnpMessage.Target]) {
        segments[start.segment].replaceSubrange(start.word..<start.word + data.count, with: data)
        for (index, pointer) in pointers.enumerated() { place(pointer, at: (start.segment, start.word + data.count + index)) }
    }

    /// Finds room for `count` words, and writes the pointer to them at `place`: `word` has its kind and sizes, but no offset.
    private mutating func allocate(_ count: Int, _ word: UInt64, _ place: Place) -> Place {
        func offset(_ words: Int) -> UInt64 { UInt64(UInt32(bitPattern: Int32(words)) << 2) }
        func far(_ place: Place, double: UInt64 = 0) -> UInt64 { 2 | double << 2 | UInt64(place.word) << 3 | UInt64(place.segment) << 32 }
        switch layout {
        case .single:
            let start = segments[0].count
            segments[0] += repeatElement(0, count: count)
            segments[0][place.word] = word | offset(start - place.word - 1)
            return (0, start)
        case .far:
            segments.append([word | offset(0)] + [UInt64](repeating: 0, count: count))
            segments[place.segment][place.word] = far((segments.count - 1, 0))
            return (segments.count - 1, 1)
        case .doubleFar:
            segments.append([UInt64](repeating: 0, count: count))
            segments[place.segment][place.word] = far((1, segments[1].count), double: 1)
            segments[1] += [far((segments.count - 1, 0)), word]
            return (segments.count - 1, 0)
        }
    }
}
