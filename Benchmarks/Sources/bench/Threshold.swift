import Foundation

/// A promise: a figure (seconds, unless its name says otherwise), or its ratio to another of the same run.
struct Threshold: Codable {
    let what: String
    var over: String?
    var atLeast: Double?
    var atMost: Double?

    /// The promises about `part` in the file at `path`.
    static func read(_ path: String, _ part: String) throws -> [Threshold] {
        let parts = try JSONDecoder().decode([String: [Threshold]].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        guard let thresholds = parts[part] else { throw BenchmarkError("\(path): no promises about \(part)") }
        return thresholds
    }

    /// One line that says whether it is kept by these figures (by name), and whether it is.
    func verdict(_ figures: [String: Double]) throws -> (line: String, isKept: Bool) {
        let figure = { (name: String) throws -> Double in
            guard let value = figures[name] else { throw BenchmarkError("thresholds.json: there is no '\(name)'") }
            return value
        }
        let ratio = try figure(what) / (over.map(figure) ?? 1)
        let isKept = ratio >= atLeast ?? 0 && ratio <= atMost ?? .infinity
        let bound = atLeast.map { "at least \($0)" } ?? atMost.map { "at most \($0)" } ?? "any"
        let name = over.map { "\(what) / \($0)" } ?? what
        return (String(format: "%@ = %.4g (%@) %@", name, ratio, bound, isKept ? "kept" : "NOT KEPT"), isKept)
    }
}
