import ArgumentParser
import Foundation
import Recorder

/// Answers of `doctor` and `selftest`, as they are printed.
enum CheckText {
    /// Prints each answer of `examine` as soon as it is there, as the listing called `name`; fails if not all is well.
    static func print(_ name: String, json: Bool, _ examine: (_ report: (Doctor.Check) -> Void) throws -> Bool) throws {
        if json { atOnce { $0.listing(name) } }
        var failure: (any Error)?
        let isGood = try examine { check in
            do {
                try atOnce { out in
                    if json { return try out.object(check) }
                    for line in lines(check) { out.line(line) }
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        if !isGood { throw ExitCode.failure }
    }

    /// Writes what `body` says: checks take their time.
    private static func atOnce(_ body: (inout Output) throws -> Void) rethrows {
        var out = Output()
        try body(&out)
    }

    /// Two columns and the finding; the remedy stands on a line of its own.
    private static func lines(_ check: Doctor.Check) -> [String] {
        let columns = (check.ok ? "ok" : "problem").padded(to: 9) + check.check.padded(to: 23)
        return [columns + check.finding] + (check.remedy.map { ["".padded(to: 32) + "-> " + $0] } ?? [])
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { padding(toLength: max(width, count), withPad: " ", startingAt: 0) }
}
