import Capture
import Endpoints
import RRTrace

/// What calls hand over in memory: no trace holds it, but a replay may have captured it.
extension CallReader {
    /// What the call hands over where argument `index` points; `nil` if it was not captured.
    func given(_ index: Int, _ call: PendingCall) -> String? {
        guard let captured = call.captured else { return nil }
        switch (call.name, index) {
        case ("write", 1), ("pwrite64", 1), ("sendto", 1): return payload(of: captured)
        case ("writev", 1), ("pwritev", 1), ("pwritev2", 1), ("vmsplice", 1): return payload(of: captured).map { "[{iov_base=\($0)}]" }
        case ("sendmsg", 1): return message(0, of: captured, call)
        case ("sendmmsg", 1): return messages(of: captured, call)
        case ("connect", 1), ("bind", 1), ("sendto", 4): return address(of: captured)
        case ("setsockopt", 3): return number(.option, of: captured).map { "[\(Int32(truncatingIfNeeded: $0))]" }
        case ("epoll_ctl", 3): return bytes(.epollEvent, of: captured).map { Self.interest($0) }
        default: return nil
        }
    }

    private func bytes(_ kind: CapturedCall.Section.Kind, message: Int = 0, of captured: CapturedCall) -> [UInt8]? {
        guard let section = captured.section(kind, message: message), let bytes = capture?.bytes(of: section), !bytes.isEmpty
        else { return nil }
        return bytes
    }

    /// The bytes of a message, as far as strings are shown. What a buffered call did not send any more was not captured.
    private func payload(_ message: Int = 0, of captured: CapturedCall) -> String? {
        guard let section = captured.section(.payload, message: message) else { return nil }
        if section.offered == 0 { return "\"\"" }
        guard section.count > 0, let bytes = capture?.bytes(of: section, prefix: stringLimit) else { return nil }
        return Quoted.text(bytes, isCut: section.offered > UInt64(bytes.count))
    }

    private func address(_ message: Int = 0, of captured: CapturedCall) -> String? {
        guard let bytes = bytes(.address, message: message, of: captured), bytes.count >= 2 else { return nil }
        return Self.socketAddress(bytes)
    }

    /// The header of a message, with what it leads to.
    private func message(_ message: Int, of captured: CapturedCall, _ call: PendingCall) -> String? {
        guard let payload = payload(message, of: captured) else { return nil }
        var fields: [String] = []
        if let address = address(message, of: captured) { fields.append("msg_name=\(address)") }
        fields.append("msg_iov=[{iov_base=\(payload)}]")
        if let control = bytes(.control, message: message, of: captured) { fields.append("msg_control=\(passed(control, call))") }
        return "{" + fields.joined(separator: ", ") + "}"
    }

    private func messages(of captured: CapturedCall, _ call: PendingCall) -> String? {
        let count = captured.sections.reduce(0) { max($0, $1.message + 1) }
        let shown = (0..<min(count, Self.maximumWords)).compactMap { message($0, of: captured, call) }
        guard !shown.isEmpty else { return nil }
        return "[" + shown.map { "{msg_hdr=\($0)}" }.joined(separator: ", ") + (count > shown.count ? ", ...]" : "]")
    }

    /// A number of four bytes; `nil` if it is something else.
    private func number(_ kind: CapturedCall.Section.Kind, of captured: CapturedCall) -> UInt64? {
        guard let bytes = bytes(kind, of: captured), bytes.count == 4 else { return nil }
        return bytes.number(at: 0, 4)
    }

    /// An `epoll_event`, 12 bytes on x86-64.
    private static func interest(_ bytes: [UInt8]) -> String {
        let events = ConstantNames.named("epoll")?.text(bytes.number(at: 0, 4)) ?? "?"
        return "{events=\(events), data={u32=\(bytes.number(at: 4, 4)), u64=\(bytes.number(at: 4, 8))}}"
    }
}
