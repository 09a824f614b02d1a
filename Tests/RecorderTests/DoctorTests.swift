import Foundation
import TestSupport
import Testing

@testable import Recorder

@Suite struct DoctorTests {
    private func doctor(_ options: [String] = [], environment: [String: String] = [:]) throws -> Finished {
        try withTemporaryDirectory { directory in
            let variables = environment.merging(["TMPDIR": directory.path]) { $1 }
            let command = [Executables.ridealong.path, "doctor"] + options
            let result = try Command(command, environment: variables, in: directory).finish()
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [], "nothing is left behind")
            return result
        }
    }

    private func checks(_ listing: String) throws -> [String: Doctor.Check] {
        let lines = listing.split(separator: "\n")
        #expect(lines.first == #"{"ridealong":1,"listing":"doctor"}"#)
        let checks = try lines.dropFirst().map { try JSONDecoder().decode(Doctor.Check.self, from: Data($0.utf8)) }
        return Dictionary(uniqueKeysWithValues: checks.map { ($0.check, $0) })
    }

    @Test func provesThatThisMachineRecordsAndReplays() throws {
        let result = try doctor(["--json"])
        #expect(result.status == 0)
        let checks = try checks(result.output)
        for name in ["rr", "ptrace", "gdb", "software-counters", "record", "replay"] { #expect(checks[name]?.ok == true, "\(name)") }
        #expect(checks.keys.contains("counters") && checks.keys.contains("disk") && checks.keys.contains("cpu"))
    }

    @Test func withoutRRItSaysHowToGetIt() throws {
        let result = try doctor(environment: ["RIDEALONG_RR": "/no/rr"])
        #expect(result.status == 1)
        #expect(result.output.contains("problem  rr"))
        #expect(result.output.contains("apt install rr"))
    }

    @Test func aLibraryThatDoesNotLoadIsFoundOut() throws {
        try withTemporaryDirectory { directory in
            // ld.so says "ignored" and goes on: rr would run without it.
            try Data("no library".utf8).write(to: directory.appendingPathComponent("libridealong-software-counters.so"))
            let result = try doctor(["--json"], environment: ["RIDEALONG_LIBDIR": directory.path])
            let check = try #require(try checks(result.output)["software-counters"])
            #expect(!check.ok && check.finding.contains("is not loaded into rr") && check.remedy != nil)
        }
    }

    @Test func aRunThatIsNotThereIsAProblem() throws {
        let check = try #require(try checks(try doctor(["--json", "--run", "/no/run"]).output)["disk"])
        #expect(!check.ok && check.remedy != nil)
    }

    @Test func aProgramThatDoesNotEndIsKilled() throws {
        let begun = ContinuousClock.now
        let capture = try BoundedRun("/bin/sh", ["-c", "echo begun; exec sleep 60"], limit: .milliseconds(300))
        #expect(capture.end == nil && capture.text == "begun\n")
        #expect(ContinuousClock.now - begun < .seconds(20))
    }
}
