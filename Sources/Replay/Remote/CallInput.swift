import Capture

/// What a call hands over in memory: the same as in `Preload/capture-calls.h`, for who reads memory by the debug server.
enum CallInput {
    /// Nothing that a trace would lack.
    case arguments
    /// Bytes at the second argument, as many as the third says; perhaps with an address at the fifth.
    case bytes, bytesTo
    /// The bytes of iovecs, in a `msghdr`, in an array of them.
    case vector, message, messages
    case socketName, option, interest
    /// Nothing; but in the buffer rr puts 0 in the place of a timeout, the third argument or the fourth.
    case patience

    /// The calls that hand something over.
    private static let special: [UInt16: CallInput] = [
        1: .bytes, 18: .bytes, 20: .vector, 42: .socketName, 44: .bytesTo, 46: .message, 49: .socketName, 54: .option, 233: .interest,
        278: .vector, 296: .vector, 307: .messages, 328: .vector, 7: .patience, 232: .patience, 281: .patience,
    ]
    private static let plain: Set<UInt16> = [
        0, 2, 3, 4, 5, 6, 8, 14, 16, 17, 19, 21, 22, 23, 24, 32, 33, 39, 40, 41, 43, 45, 47, 48, 50, 51, 52, 53, 55, 63, 72, 74, 75, 76,
        77, 78, 82, 83, 84, 85, 86, 87, 88, 89, 90, 95, 98, 99, 102, 104, 107, 108, 110, 111, 137, 157, 186, 191, 202, 213, 217, 221,
        253, 257, 258, 262, 263, 267, 270, 271, 275, 276, 280, 282, 283, 284, 288, 289, 290, 291, 292, 293, 294, 295, 299, 318, 319,
        327, 332, 425, 426, 434, 436, 437, 438, 441,
    ]

    /// The numbers of the calls that are captured.
    static let captured = plain.union(special.keys)

    /// What the call `number` hands over; `nil` if it is not captured.
    static func of(_ number: UInt64) -> CallInput? {
        guard let number = UInt16(exactly: number) else { return nil }
        return special[number] ?? (plain.contains(number) ? .arguments : nil)
    }

    /// The kernel's own limits (UIO_MAXIOV, sockaddr_storage), and the agent's on what it leaves open.
    private static let largestVector: UInt64 = 1024
    private static let largestAddress = 128
    private static let largestControl = 1 << 16
    private static let largestOption = 256
    private static let largestPayload = 16 << 20
    private static let eventSize: UInt64 = 12
    private static let messageSize: UInt64 = 56
    private static let listedMessageSize: UInt64 = 64

    /// What a call with these arguments hands over, from the memory of the process that stopped; of bytes that move at most `limit`.
    func sections(
        _ arguments: [UInt64], limit: Int = largestPayload, from server: ReplayServer
    ) throws(RemoteFailure) -> [CaptureWriter.Section] {
        var reader = Reader(limit: min(limit, Self.largestPayload))
        switch self {
        case .arguments, .patience: break
        case .bytes: try reader.add(.payload, arguments[1], arguments[2], reader.limit, server)
        case .bytesTo:
            try reader.add(.payload, arguments[1], arguments[2], reader.limit, server)
            try reader.add(.address, arguments[4], arguments[5] & 0xffff_ffff, Self.largestAddress, server)
        case .vector: try reader.addVector(arguments[1], arguments[2], server)
        case .message: try reader.addMessage(arguments[1], server)
        case .messages:
            for index in 0..<min(arguments[2] & 0xffff_ffff, Self.largestVector) {
                reader.message = Int(index)
                try reader.addMessage(arguments[1] &+ index * Self.listedMessageSize, server)
            }
        case .socketName: try reader.add(.address, arguments[1], arguments[2] & 0xffff_ffff, Self.largestAddress, server)
        case .option: try reader.add(.option, arguments[3], arguments[4] & 0xffff_ffff, Self.largestOption, server)
        case .interest: try reader.add(.epollEvent, arguments[3], Self.eventSize, Int(Self.eventSize), server)
        }
        return reader.sections
    }

    /// Collects sections.
    private struct Reader {
        let limit: Int
        var message = 0
        var sections: [CaptureWriter.Section] = []

        init(limit: Int) { self.limit = limit }

        mutating func add(
            _ kind: CapturedCall.Section.Kind, _ address: UInt64, _ offered: UInt64, _ limit: Int, _ server: ReplayServer
        ) throws(RemoteFailure) {
            guard address != 0 else { return }
            let bytes = try server.memory(address, Int(min(offered, UInt64(limit))))
            sections.append(CaptureWriter.Section(kind, message: message, offered: offered, bytes: bytes))
        }

        mutating func addVector(_ address: UInt64, _ count: UInt64, _ server: ReplayServer) throws(RemoteFailure) {
            guard count <= largestVector else { return }
            let bytes = try server.memory(address, Int(count) * 16)
            guard bytes.count == Int(count) * 16 else { return }
            let parts = stride(from: 0, to: bytes.count, by: 16).map {
                (start: ReplayServer.number(bytes[$0..<$0 + 8]), count: ReplayServer.number(bytes[$0 + 8..<$0 + 16]))
            }
            let offered = parts.reduce(0) { $0 &+ $1.count }
            let room = Int(min(offered, UInt64(limit)))
            var payload: [UInt8] = []
            for part in parts where payload.count < room {
                let wanted = Int(min(part.count, UInt64(room - payload.count)))
                let got = try server.memory(part.start, wanted)
                payload += got
                if got.count < wanted { break }
            }
            sections.append(CaptureWriter.Section(.payload, message: message, offered: offered, bytes: payload))
        }

        /// The fields of a `msghdr`: name, its length, iovecs, their number, control data, its length.
        mutating func addMessage(_ address: UInt64, _ server: ReplayServer) throws(RemoteFailure) {
            let head = try server.memory(address, Int(messageSize))
            guard head.count == Int(messageSize) else { return }
            let words = stride(from: 0, to: head.count, by: 8).map { ReplayServer.number(head[$0..<$0 + 8]) }
            try addVector(words[2], words[3], server)
            let nameLength = words[1] & 0xffff_ffff
            if nameLength > 0 { try add(.address, words[0], nameLength, largestAddress, server) }
            if words[5] > 0 { try add(.control, words[4], words[5], largestControl, server) }
        }
    }
}
