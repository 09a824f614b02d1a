public import Foundation

/// Texts that are kept in `Tests/Golden` and compared with what the program makes.
public enum Golden {
    /// The variable that, set to `update`, has the files written instead of compared.
    public static let variable = "RIDEALONG_GOLDEN"

    /// The path of a golden file.
    public static func path(_ name: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Golden/\(name)")
    }

    /// What is different between `text` and the golden file `name`, in words; `nil` if nothing is.
    public static func difference(_ text: String, from name: String) throws -> String? {
        let file = path(name)
        if ProcessInfo.processInfo.environment[variable] == "update" {
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            return nil
        }
        guard FileManager.default.fileExists(atPath: file.path) else {
            return "there is no Tests/Golden/\(name); make it with \(variable)=update, and look at it"
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let golden = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines != golden else { return nil }
        let differs = zip(lines, golden).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(lines.count, golden.count)
        let line = { (lines: [Substring]) in lines.indices.contains(differs) ? "‘\(lines[differs])’" : "the end" }
        return
            "Tests/Golden/\(name):\(differs + 1): \(line(golden)) has become \(line(lines)); if that is meant, run with \(variable)=update"
    }
}
