import Foundation
import TestSupport
import Testing

@testable import Recorder

@Suite struct LookupTests {
    @Test func rrIsTheNamedOneElseTheFirstOnPath() throws {
        #expect(try Lookup.rr(in: ["RIDEALONG_RR": "/bin/true", "PATH": "/usr/bin"]).hasSuffix("/bin/true"))
        #expect(try Lookup.rr(in: ["PATH": "/nowhere:/usr/bin"]).hasSuffix("/rr"))
        #expect(throws: RecorderError.noRR(looked: "/no/rr")) { try Lookup.rr(in: ["RIDEALONG_RR": "/no/rr", "PATH": "/usr/bin"]) }
        #expect(throws: RecorderError.noRR(looked: "PATH (/nowhere)")) { try Lookup.rr(in: ["PATH": "/nowhere"]) }
    }

    @Test func aProgramIsAnExecutableFile() {
        let environment = ["PATH": "/etc:/usr/bin"]
        #expect(Lookup.program("/etc/passwd", in: environment) == nil)
        #expect(Lookup.program("passwd", in: environment) != "/etc/passwd")
        #expect(Lookup.program("/usr", in: environment) == nil)
        #expect(Lookup.program("", in: environment) == nil)
    }

    @Test func theLibraryIsLookedForInOneNamedDirectoryElseBesideTheProgramElseInLib() throws {
        try withTemporaryDirectory { url in
            let directory = url.path
            let places = ["named", "bin", "lib/ridealong"].map { directory + "/" + $0 }
            for place in places {
                try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
                try Data().write(to: URL(fileURLWithPath: place + "/libridealong-x.so"))
            }
            let find = { environment in try Lookup.library("x", in: environment, beside: directory + "/bin/ridealong") }
            #expect(try find(["RIDEALONG_LIBDIR": places[0]]) == places[0] + "/libridealong-x.so")
            #expect(try find([:]) == places[1] + "/libridealong-x.so")
            try FileManager.default.removeItem(atPath: places[1] + "/libridealong-x.so")
            #expect(try find([:]) == places[2] + "/libridealong-x.so")
            try FileManager.default.removeItem(atPath: places[2] + "/libridealong-x.so")
            let looked = places[1...].map { $0 + "/libridealong-x.so" }
            #expect(throws: RecorderError.noLibrary(name: "libridealong-x.so", looked: looked)) { try find([:]) }
            // A wrong directory is not made up for by another: the user would debug with a library they did not mean.
            let error = RecorderError.noLibrary(name: "libridealong-x.so", looked: ["/nowhere/libridealong-x.so"])
            #expect(throws: error) { try find(["RIDEALONG_LIBDIR": "/nowhere"]) }
        }
    }

    @Test func aPathThatCannotBePreloadedIsRefused() throws {
        try withTemporaryDirectory { url in
            let directory = url.path
            for name in ["a b", "a:b"] {
                let place = directory + "/" + name
                try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
                try Data().write(to: URL(fileURLWithPath: place + "/libridealong-x.so"))
                #expect(throws: RecorderError.unusableLibraryPath(place + "/libridealong-x.so")) {
                    try Lookup.library("x", in: ["RIDEALONG_LIBDIR": place], beside: nil)
                }
            }
        }
    }

    @Test(arguments: [
        ("rr version 5.6.0\n", [5, 6, 0]), ("rr version 5.10\nbuilt", [5, 10]), ("rr version x", nil), ("", nil),
        ("gdb version 5.6.0", nil),
        ("rr version 99999999999999999999.1", nil),
    ])
    func versionsAreReadFromWhatRRSays(output: String, numbers: [Int]?) {
        #expect(RRVersion(output: output)?.numbers == numbers)
    }

    @Test func versionsOrderByNumber() {
        #expect(RRVersion(5, 6, 0) < RRVersion(5, 10, 0))
        #expect(RRVersion(5, 9) < RRVersion(5, 9, 0))
    }
}
