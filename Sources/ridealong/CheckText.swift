import Foundation
import Recorder

/// Answers of `doctor` and `selftest`, as they are printed.
enum CheckText {
    /// Prints at once: checks take their time.
    static func print(_ body: (inout Output) throws -> Void) rethrows {
        var out = Output()
        try body(&out)
    }

    /// Writes an answer.
    static func write(_ check: Doctor.Check, json: Bool, to out: inout Output) throws {
        if json { return try out.object(check) }
        for line in lines(check) { out.line(line) }
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
