import Foundation
import RunModel
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Recorder

@Suite struct NodeNameTests {
    @Test(arguments: [
        ("/usr/bin/redis-server", "redis-server"), ("a.out", "a.out"), ("./we ird;n\u{e4}me$(x)", "we_ird_n__me__x_"),
        ("/x/.hidden", "_hidden"),
        ("--", "_"), ("/", "_"), ("", "_"), (String(repeating: "x", count: 300), String(repeating: "x", count: 64)),
    ])
    func aNodeIsCalledAfterItsProgram(program: String, base: String) {
        #expect(NodeName.base(of: program) == base)
        #expect(NodeName.isValid(NodeName.base(of: program)))
    }

    @Test(arguments: ["", ".", "..", ".ridealong", "-x", "a/b", "a b", "n\u{e4}he", "a@b", String(repeating: "x", count: 129)])
    func otherNamesAreRefused(name: String) {
        #expect(!NodeName.isValid(name))
        #expect(throws: RecorderError.invalidNodeName(name)) {
            try NodeName.claim(in: "/nowhere", asked: name, program: "true", launcher: nil)
        }
    }

    @Test func numbersCountUpFromTheLargest() throws {
        try withTemporaryDirectory { directory in
            let run = directory.path + "/made/on/the/way"
            let claim = { try NodeName.claim(in: run, asked: nil, program: "/bin/sh", launcher: nil) }
            #expect(try [claim(), claim(), claim()] == ["sh-1", "sh-2", "sh-3"])
            try FileManager.default.createDirectory(atPath: run + "/sh-41", withIntermediateDirectories: false)
            try FileManager.default.createDirectory(atPath: run + "/sh-x", withIntermediateDirectories: false)
            #expect(try claim() == "sh-42")
        }
    }

    @Test func aRankIsTheNumber() throws {
        try withTemporaryDirectory { run in
            let run = run.path
            let launcher = HostFacts.launcher(in: ["SLURM_PROCID": "3", "PMIX_RANK": "2"])
            #expect(launcher == Sidecar.Launcher(variable: "PMIX_RANK", rank: 2))
            let names = try [nil, "worker"].map { try NodeName.claim(in: run, asked: $0, program: "/bin/ring", launcher: launcher) }
            #expect(names == ["ring-2", "worker-2"])
            #expect(HostFacts.launcher(in: ["PMI_RANK": "x"]) == nil)
        }
    }

    @Test func aNameIsGivenOnce() throws {
        try withTemporaryDirectory { run in
            let run = run.path
            let claim = { try NodeName.claim(in: run, asked: "server", program: "true", launcher: nil) }
            let first = try claim()
            #expect(first == "server")
            #expect(throws: RecorderError.nodeExists(name: "server", run: run)) { try claim() }
        }
    }

    @Test func manyMayClaimAtOnce() throws {
        try withTemporaryDirectory { run in
            let claims = Mutex<[Result<String, any Error>]>([])
            DispatchQueue.concurrentPerform(iterations: 400) { _ in
                let claim = Result { try NodeName.claim(in: run.path, asked: nil, program: "p", launcher: nil) }
                claims.withLock { $0.append(claim) }
            }
            let names = try claims.withLock { try $0.map { try $0.get() } }
            #expect(Set(names) == Set((1...400).map { "p-\($0)" }))
        }
    }

    @Test func aRunThatCannotBeMadeSaysWhichDirectory() throws {
        try withTemporaryDirectory { directory in
            try Data().write(to: directory.appendingPathComponent("file"))
            #expect(throws: RecorderError.cannotWrite(path: directory.path + "/file/run", error: .notDirectory)) {
                try NodeName.claim(in: directory.path + "/file/run", asked: nil, program: "true", launcher: nil)
            }
        }
    }
}
