import RRTrace
import TestSupport
import Testing

@testable import Calls

@Suite("The list of calls")
struct ShapeTests {
    /// Those that are obsolete or belong to administration: they are shown with six numbers.
    private static let plain = 60

    @Test("nearly every call of x86-64 is in the list, and has at most six arguments")
    func complete() throws {
        let names = (0..<Int32(460)).compactMap { SyscallTable.table(.x86_64).name($0) }
        let missing = names.filter { !CallShape.names.contains($0) }
        #expect(missing.count < Self.plain, "\(missing)")
        #expect(CallShape.names.allSatisfy { CallShape.named($0).arguments.count <= 6 })
        #expect(CallShape.names.subtracting(names).subtracting(["umount"]).isEmpty, "only real names")
    }

    @Test("every set of constants that the list names is there")
    func sets() {
        for word in CallShape.words where word.first == "@" { #expect(ConstantNames.named(word.dropFirst()) != nil, "\(word)") }
        for word in CallShape.words where word.first == "*" {
            #expect(ArgumentKind.Structure(rawValue: String(word.dropFirst())) != nil, "\(word)")
        }
        let plain: Set<Substring> = [
            "fd", "dir", "path", "int", "uint", "long", "size", "ulong", "hex", "mode", "signal", "control", "clone", "futexval", "sockopt",
            "out",
            "in", "ptr",
        ]
        #expect(CallShape.words.filter { $0.first != "@" && $0.first != "*" }.isSubset(of: plain))
    }
}
