/// The calls of a capture file, one after the other, in the order of the replay.
///
/// Memory: one window of the file, whatever its size; payloads are not read (`CaptureFile.bytes(of:)`). A damaged record ends it.
public struct CapturedCalls: Sequence, IteratorProtocol {
    /// How much of the file is held.
    private static let windowSize = 1 << 18
    static let recordSize = 88
    static let sectionSize = 16
    /// sendmmsg has at most 1024 messages, with payload, address and control data each.
    static let largestSectionCount = 3 * 1024

    /// The file.
    public let file: CaptureFile
    /// What ended it before the end: where in the file, and what was wrong there.
    public private(set) var damage: (offset: UInt64, detail: String)?
    /// Where the next record begins.
    private var offset: UInt64
    private var window: [UInt8] = []
    private var windowOffset: UInt64 = 0

    /// The calls of `file`, from the first.
    public init(_ file: CaptureFile) {
        self.file = file
        offset = file.first
        if file.first < UInt64(CaptureFile.headerSize) { damage = (0, "records that begin inside the header") }
    }

    /// The next call; `nil` at the end, and at a damaged record (`damage` then says so). O(size of the record without its bytes).
    public mutating func next() -> CapturedCall? {
        guard damage == nil, offset < file.committed else { return nil }
        guard let start = load(offset, Self.recordSize) else { return damaged("cut off") }
        let size = UInt64(window.number(at: start) as UInt32)
        guard size >= UInt64(Self.recordSize), size % 8 == 0, size <= file.committed - offset else {
            return damaged("a record of \(size) bytes")
        }
        guard let kind = CapturedCall.Kind(rawValue: window[start + 4]) else { return damaged("a record of kind \(window[start + 4])") }
        let head = window[start..<start + Self.recordSize]
        let end = offset + size
        guard let sections = sections(from: offset + UInt64(Self.recordSize), to: end) else { return nil }
        offset = end
        return CapturedCall(
            kind: kind, inRing: head.number(at: 5) as UInt8 != 0, number: head.number(at: 6), task: head.number(at: 8),
            place: head.number(at: 12), result: head.number(at: 16), instructionPointer: head.number(at: 24),
            arguments: (0..<6).map { head.number(at: 32 + 8 * $0) }, programArgument: head.number(at: 80), sections: sections)
    }

    /// The sections of a record; `nil` if one is damaged.
    private mutating func sections(from start: UInt64, to end: UInt64) -> [CapturedCall.Section]? {
        var sections: [CapturedCall.Section] = []
        var position = start
        while position < end {
            guard end - position >= UInt64(Self.sectionSize), let place = load(position, Self.sectionSize) else {
                return fail("a section is cut off")
            }
            let count = UInt64(window.number(at: place + 4) as UInt32)
            let padded = (count + 7) & ~7
            position += UInt64(Self.sectionSize)
            guard padded <= end - position, sections.count < Self.largestSectionCount else {
                return fail("a section of \(count) bytes, the \(sections.count + 1)th")
            }
            sections.append(
                CapturedCall.Section(
                    kind: CapturedCall.Section.Kind(rawValue: window.number(at: place)),
                    message: Int(window.number(at: place + 2) as UInt16), offered: window.number(at: place + 8), offset: position,
                    count: Int(count)))
            position += padded
        }
        return sections
    }

    private mutating func damaged(_ detail: String) -> CapturedCall? {
        damage = (offset, detail)
        return nil
    }

    private mutating func fail(_ detail: String) -> [CapturedCall.Section]? {
        damage = (offset, detail)
        return nil
    }

    /// Sees that the window has `count` bytes from `offset` of the file; where they begin in it, or `nil` at the file's end.
    private mutating func load(_ offset: UInt64, _ count: Int) -> Int? {
        if offset >= windowOffset, offset - windowOffset <= UInt64(window.count),
            UInt64(count) <= UInt64(window.count) - (offset - windowOffset)
        {
            return Int(offset - windowOffset)
        }
        window = file.read(at: offset, count: Self.windowSize) ?? []
        windowOffset = offset
        return window.count >= count ? 0 : nil
    }
}
