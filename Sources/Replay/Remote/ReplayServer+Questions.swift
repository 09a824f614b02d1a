/// What a debugger asks of rr's server, besides what the capture of calls needs.
extension ReplayServer {
    /// Waits until no late answer can come any more.
    func synchronize() throws(RemoteFailure) {
        try begin("qC")
        for _ in 0..<Self.lateAnswers {
            guard let answer = try answer(orReadable: -1, before: .now + patience) else { throw .silent }
            if answer.hasPrefix("QC") { return }
        }
        throw .silent
    }

    /// More late answers than there ever are: one, to an interrupt that crossed a stop.
    private static let lateAnswers = 4

    /// The stack pointer of the thread that stopped, or was selected.
    func stackPointer() throws(RemoteFailure) -> UInt64 { try register(7) }

    /// Where the thread is that stopped, or was selected.
    func instructionPointer() throws(RemoteFailure) -> UInt64 { try register(16) }

    /// A register, by gdb's number.
    private func register(_ number: Int) throws(RemoteFailure) -> UInt64 {
        let answer = try ask("p\(String(number, radix: 16))")
        guard let bytes = Hex.bytes(answer), bytes.count == 8 else { throw .unexpected(request: "p\(number)", answer: answer) }
        return Self.number(bytes)
    }

    /// The threads of the process, in rr's order.
    func threads() throws(RemoteFailure) -> [Int32] {
        let answer = try ask("qfThreadInfo")
        return answer.dropFirst().split(separator: ",").compactMap(task(named:))
    }

    /// What the kernel told the program at its start, by kind.
    func auxiliaryVector() throws(RemoteFailure) -> [UInt64: UInt64] {
        let answer = try pass(Array("qXfer:auxv:read::0,1000".utf8))
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in answer.dropFirst() {
            if byte == UInt8(ascii: "}") && !isEscaped {
                isEscaped = true
                continue
            }
            bytes.append(isEscaped ? byte ^ 0x20 : byte)
            isEscaped = false
        }
        var vector: [UInt64: UInt64] = [:]
        for start in stride(from: 0, to: bytes.count - 15, by: 16) {
            vector[Self.number(bytes[start..<start + 8])] = Self.number(bytes[start + 8..<start + 16])
        }
        return vector
    }

    /// The thread of a name such as `p1a2.1a3`; `nil` if it is not of this process.
    func task(named name: some StringProtocol) -> Int32? {
        let words = name.split(separator: ".")
        guard words.count == 2, words[0] == "p" + String(process, radix: 16) else { return nil }
        return Int32(words[1], radix: 16)
    }

    /// One of rr's own commands, such as `checkpoint`, and what it says.
    func command(_ name: String, _ arguments: [String], _ task: Int32) throws(RemoteFailure) -> String {
        let words = arguments.map { ":" + Hex.text($0.utf8) }.joined()
        let answer = try ask("qRRCmd:" + (isNew ? "\(name):\(task)" : Hex.text(name.utf8)) + words)
        guard let bytes = Hex.bytes(answer) else { throw .unexpected(request: name, answer: answer) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What stands for all threads of the process.
    var allThreads: String { "p\(String(process, radix: 16)).-1" }
}
