import Capture
import RRTrace
import RunModel

/// Messages with descriptors: what their control data says, and where in the connection they were, so that both ends can be brought
/// together even if they are not known to be ends of one connection before all nodes are looked at.
extension EndpointTracker {
    /// The kernel takes no more with one message (SCM_MAX_FD).
    private static let mostDescriptors = 253
    /// More control data than any program has room for is not looked at.
    private static let largestControl: UInt64 = 1 << 16

    /// The descriptors in the control data of a message that was received.
    func newDescriptors(_ header: MessageHeader, _ frame: borrowing some CallView & ~Copyable, _ data: inout DataReader) -> [Int32] {
        let width = frame.isNarrow ? 4 : 8
        guard header.controlLength > width + 8, header.controlLength <= Self.largestControl,
            let bytes = readMemory(frame, at: header.control, count: Int(header.controlLength), &data)
        else { return [] }
        return Self.descriptors(in: bytes, width: width)
    }

    /// The descriptors in the control data of a message that was sent, as a replay has captured it; of 64-bit programs only.
    func passedDescriptors(_ section: CapturedCall.Section) -> [Int32] {
        guard section.offered <= Self.largestControl, let bytes = capture?.file.bytes(of: section, prefix: Int(Self.largestControl)) else {
            return []
        }
        return Self.descriptors(in: bytes, width: 8)
    }

    /// The descriptors in control data, of level SOL_SOCKET and type SCM_RIGHTS, whose lengths are numbers of `width` bytes.
    private static func descriptors(in bytes: [UInt8], width: Int) -> [Int32] {
        var found: [Int32] = []
        var start = 0
        while start + width + 8 <= bytes.count {
            let length = littleEndian(bytes, start, width)
            guard length >= UInt64(width + 8), length <= UInt64(bytes.count - start) else { break }
            let end = start + Int(length)
            if littleEndian32(bytes, start + width) == 1, littleEndian32(bytes, start + width + 4) == 1 {
                found += stride(from: start + width + 8, to: end - 3, by: 4).map { littleEndian32(bytes, $0) }
            }
            start = (end + width - 1) / width * width
        }
        return Array(found.prefix(mostDescriptors))
    }

    /// A call has sent its message `message`, of `count` bytes, as the last thing that was sent: it may have had descriptors.
    mutating func notePassing(_ serial: Int32, message: Int = 0, count: Int64, _ call: PendingCall) {
        guard let passed = call.passes[message] else { return }
        let files = passed.map { passed -> Int? in if case .file(let file) = passed { file } else { nil } }
        _ = notePassing(isSend: true, serial, count: count, files, at: call.entered)
    }

    /// Notes a message of `count` bytes, the last that was sent or received, unless its connection was born with both ends; `false` if that
    /// is so, or its place is not known.
    mutating func notePassing(isSend: Bool, _ serial: Int32, count: Int64, _ files: [Int?], at stamp: Stamp) -> Bool {
        let (endpoint, kind) = (reading.activity.endpoints[Int(serial)], isSend ? Operation.Kind.send : .receive)
        if case .pair = endpoint.birth { return false }
        guard capture != nil, endpoint.opaqueFrom == nil, !endpoint.kind.isDatagram, endpoint.kind != .unknown, count > 0,
            lostPlaces[Direction(endpoint: serial, kind: kind)] == nil
        else { return false }
        let (counts, offsets) = (messageCounts[Int(serial)], offsets[Int(serial)])
        let isCounted = endpoint.kind.keepsMessages
        let end = isCounted ? (isSend ? counts.sent : counts.received) : (isSend ? offsets.sent : offsets.received)
        let (start, overflow) = end.subtractingReportingOverflow(isCounted ? 1 : UInt64(count))
        guard !overflow else { return false }
        passings.append((Passing(isSend: isSend, carrier: serial, place: start..<end, at: stamp.moment, endpoints: []), files))
        return true
    }

    /// Ends the reading: which endpoints those files have had in the end.
    mutating func reportPassings() {
        reading.activity.passings = passings.map { entry in
            var passing = entry.passing
            passing.endpoints = entry.files.map { file in file.flatMap { files[$0].endpoint } ?? -1 }
            return passing
        }
    }
}
