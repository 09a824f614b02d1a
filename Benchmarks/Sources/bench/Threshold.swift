import Foundation

/// A promise: the time of one contestant over that of another.
struct Threshold: Codable {
    let what: String
    let over: String
    var atLeast: Double?
    var atMost: Double?

    /// The promises in the file at `path`.
    static func read(_ path: String) throws -> [Threshold] {
        try JSONDecoder().decode([Threshold].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// One line that says whether it is kept by these times (in seconds, by contestant), and whether it is.
    func verdict(_ times: [String: Double]) throws -> (line: String, isKept: Bool) {
        guard let what = times[what], let over = times[over] else { throw BenchmarkError("no contestant '\(what)' or '\(over)'") }
        let ratio = what / over
        let isKept = ratio >= atLeast ?? 0 && ratio <= atMost ?? .infinity
        let bound = atLeast.map { "at least \($0)" } ?? atMost.map { "at most \($0)" } ?? "any"
        return (String(format: "%@ / %@ = %.2f (%@) %@", self.what, self.over, ratio, bound, isKept ? "kept" : "NOT KEPT"), isKept)
    }
}
