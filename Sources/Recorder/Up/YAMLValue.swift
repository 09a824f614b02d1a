import Yams

/// A value in a YAML file, with the place where it stands: every complaint names its line.
struct YAMLValue {
    private let node: Yams.Node
    private let path: String
    /// Its key, or that of the list that it is in.
    private let key: String
    /// The line that its key stands on, or itself.
    private let line: Int?

    /// The whole of `text`; `nil` if there is nothing in it.
    static func root(of text: String, path: String) throws(UpSpecError) -> YAMLValue? {
        do {
            return try Yams.compose(yaml: text).map { YAMLValue(node: $0, path: path, key: "the file", line: $0.mark?.line) }
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            throw UpSpecError(path: path, line: mark.line, problem: .notYAML(problem))
        } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
            let reason = "the key \(keys.joined(separator: ", ")) is there twice"
            throw UpSpecError(path: path, line: context.mark.line, problem: .notYAML(reason))
        } catch {
            throw UpSpecError(path: path, line: nil, problem: .notYAML("\(error)"))
        }
    }

    /// An error about this value.
    func error(_ problem: UpSpecError.Problem) -> UpSpecError { UpSpecError(path: path, line: line, problem: problem) }

    /// The error that this value is not of the form `expected`.
    func wrong(expected: String) -> UpSpecError {
        let found =
            switch node {
            case .mapping: "a mapping"
            case .sequence: "a list"
            case .scalar(let scalar): isNull ? "without a value" : "\"\(scalar.string)\""
            case .alias: "an alias"
            }
        return error(.wrongValue(key: key, expected: expected, found: found))
    }

    /// The entries of a mapping, in the order of the file.
    func pairs() throws(UpSpecError) -> [(key: String, value: YAMLValue)] {
        guard let mapping = node.mapping else { throw wrong(expected: "a mapping, one \"name: value\" a line") }
        return try mapping.map { pair throws(UpSpecError) in
            let line = pair.key.mark?.line
            let key = try YAMLValue(node: pair.key, path: path, key: "a key in \(key)", line: line).text()
            return (key, YAMLValue(node: pair.value, path: path, key: key, line: line))
        }
    }

    /// The entries of a mapping by their keys, which must be among `known`.
    func entries(_ known: [String]) throws(UpSpecError) -> [String: YAMLValue] {
        var entries: [String: YAMLValue] = [:]
        for (key, value) in try pairs() {
            guard known.contains(key) else { throw value.error(key == "host" ? .host : .unknownKey(key, known: known)) }
            entries[key] = value
        }
        return entries
    }

    /// The items of a list; a value that is no list counts as a list of one.
    func items() -> [YAMLValue] {
        node.sequence?.map { YAMLValue(node: $0, path: path, key: key, line: $0.mark?.line) } ?? [self]
    }

    /// Whether it is a list.
    var isList: Bool { node.sequence != nil }

    /// A text, a number or the like, as it is written.
    func text() throws(UpSpecError) -> String {
        guard let scalar = node.scalar, !isNull else { throw wrong(expected: "a text (\"\" for an empty one)") }
        // The kernel's strings end at a zero.
        guard !scalar.string.utf8.contains(0) else {
            throw error(.wrongValue(key: key, expected: "a text without one", found: "a text with a zero character"))
        }
        return scalar.string
    }

    /// What the text is the name of in `choices`.
    func choice<Choice>(_ choices: KeyValuePairs<String, Choice>) throws(UpSpecError) -> Choice {
        let found = node.scalar.flatMap { scalar in choices.first { $0.key == scalar.string }?.value }
        guard let found else { throw wrong(expected: choices.map(\.key).joined(separator: " or ")) }
        return found
    }

    /// Whether there is nothing: `key:`, or `key: ~`.
    private var isNull: Bool { node.scalar.map { $0.style == .plain && ["", "~", "null"].contains($0.string) } ?? false }
}
