/// Writes SVG elements, one a line. Everything that comes from a trace goes through `escaped`.
struct SVG {
    private(set) var text = ""
    private var open: [String] = []

    /// An element without content.
    mutating func empty(_ name: String, _ attributes: KeyValuePairs<String, String>) { add("<\(name)\(Self.list(attributes))/>") }

    /// An element with text in it.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text content: String) {
        add("<\(name)\(Self.list(attributes))>\(Self.escaped(content))</\(name)>")
    }

    /// The beginning of an element with others in it.
    mutating func begin(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
        add("<\(name)\(Self.list(attributes))>")
        open.append(name)
    }

    /// The end of the innermost one.
    mutating func end() {
        guard let name = open.popLast() else { return }
        add("</\(name)>")
    }

    /// A line of our own, as it is: style sheets.
    mutating func verbatim(_ line: String) { add(line) }

    private mutating func add(_ line: String) {
        text += line
        text += "\n"
    }

    private static func list(_ attributes: KeyValuePairs<String, String>) -> String {
        attributes.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined()
    }

    /// `text` as XML may hold it: markup escaped; what is invisible, reorders other text or is not allowed in XML replaced by U+FFFD.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: result += "\u{fffd}"
                default: result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }
}
