#if canImport(Glibc)
    import Glibc
#endif

/// Arguments and environment as the kernel has them: bytes, which need not be UTF-8. They are handed on untouched.
enum CStrings {
    /// A string with its final zero.
    typealias Bytes = [CChar]

    /// The bytes of `text`.
    static func bytes(_ text: String) -> Bytes { Array(text.utf8CString) }

    /// The last `words.count` arguments of this process, as they were given, if `words` are what Swift made of them; else the bytes
    /// of `words`.
    static func arguments(_ words: [String]) -> [Bytes] {
        let count = Int(CommandLine.argc)
        guard words.count <= count else { return words.map(bytes) }
        let given = (count - words.count..<count).map { index in CommandLine.unsafeArgv[index].map(bytes(at:)) ?? [0] }
        let isTail = zip(given, words).allSatisfy { given, word in
            String(decoding: given.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) == word
        }
        return isTail ? given : words.map(bytes)
    }

    /// This process's environment with the variables of `changes` set.
    static func environment(changedBy changes: [String: String]) -> [Bytes] {
        var result: [Bytes] = []
        var next = environ
        while let variable = next.pointee {
            let bytes = bytes(at: variable)
            let name = String(decoding: bytes.prefix { $0 != CChar(UInt8(ascii: "=")) }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if changes[name] == nil { result.append(bytes) }
            next += 1
        }
        return result + changes.sorted { $0.key < $1.key }.map { bytes("\($0.key)=\($0.value)") }
    }

    /// Calls `body` with a null-terminated array of pointers to `strings`.
    static func withPointers<Result>(
        to strings: [Bytes], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
        pointers[strings.count] = nil
        defer {
            for index in strings.indices { free(pointers[index]) }
            pointers.deallocate()
        }
        return body(pointers)
    }

    private static func bytes(at pointer: UnsafeMutablePointer<CChar>) -> Bytes {
        Array(UnsafeBufferPointer(start: pointer, count: strlen(pointer) + 1))
    }
}
