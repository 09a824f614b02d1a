import Foundation
import RunModel
import Synchronization
import TestSupport
import Testing

@testable import Recorder

@Suite struct SidecarTests {
    private static func read(_ directory: String) throws -> Sidecar {
        try JSONDecoder().decode(Sidecar.self, from: Data(contentsOf: URL(fileURLWithPath: directory + "/node.json")))
    }

    private static func full(addresses: Int) -> Sidecar {
        var sidecar = Sidecar(node: "n-1")
        sidecar.host = HostFacts.name()
        sidecar.namespaces = HostFacts.namespaces()
        sidecar.timeOffsets = HostFacts.timeOffsets()
        sidecar.addresses = (0..<addresses).map { "10.0.0.\($0)" }
        sidecar.started = HostFacts.clocks()
        sidecar.command = ["sh", "-c", "echo \"x\"\n\u{1}\u{e4}/"]
        sidecar.counters = Sidecar.Counters(kind: .software, tick: 50, microarchitecture: "Intel Skylake")
        sidecar.inheritedFiles = InheritedFiles.list()
        sidecar.launcher = Sidecar.Launcher(variable: "PMI_RANK", rank: 4)
        return sidecar
    }

    @Test func comesBackAsItWasWritten() throws {
        try withTemporaryDirectory { directory in
            let sidecar = Self.full(addresses: 3)
            try SidecarFile.write(sidecar, in: directory.path)
            #expect(try Self.read(directory.path) == sidecar)
        }
    }

    @Test func aReaderNeverMeetsHalfAFile() throws {
        try withTemporaryDirectory { directory in
            let versions = [Self.full(addresses: 0), Self.full(addresses: 5000)]
            try SidecarFile.write(versions[0], in: directory.path)
            let problems = Mutex<[String]>([])
            let note: @Sendable (String) -> Void = { text in problems.withLock { $0.append(text) } }
            DispatchQueue.concurrentPerform(iterations: 400) { round in
                do {
                    if round % 2 == 0 {
                        try SidecarFile.write(versions[round / 2 % 2], in: directory.path)
                    } else if try !versions.contains(Self.read(directory.path)) {
                        note("neither version")
                    }
                } catch {
                    note("\(error)")
                }
            }
            #expect(problems.withLock { $0 } == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["node.json"])
        }
    }

    @Test func aDirectoryThatIsGoneIsAnErrorWithItsPath() {
        #expect { try SidecarFile.write(Sidecar(node: "n"), in: "/nowhere") } throws: { error in
            guard case .cannotWriteSidecar(path: "/nowhere/node.json", _)? = error as? RecorderError else { return false }
            return true
        }
    }

    @Test func clocksAreReadTogether() {
        let (first, second) = (HostFacts.clocks(), HostFacts.clocks())
        #expect(first.monotonic <= second.monotonic)
        let offsets = [first, second].map { $0.realtime - $0.monotonic }
        #expect(abs(offsets[0] - offsets[1]) < 1_000_000_000)
    }

    @Test func hostFactsAreThoseOfTheKernel() throws {
        #expect(HostFacts.namespaces().keys.sorted() == ["mnt", "net", "pid", "time"])
        #expect(try (HostFacts.name() ?? "") + "\n" == String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8))
        #expect(SocketAddress.ofInterfaces().contains("127.0.0.1"))
    }
}
