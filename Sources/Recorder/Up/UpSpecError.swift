/// Why a file cannot be a spec of nodes. Its text begins with the place, as compilers say it, and ends with what to do.
public struct UpSpecError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Problem: Hashable, Sendable {
        /// The file cannot be read.
        case unreadable(String)
        /// The file is longer than this many bytes.
        case tooLong(limit: Int)
        /// The file is not YAML, for this reason.
        case notYAML(String)
        /// There are no nodes, or more than the limit.
        case nodeCount(Int, limit: Int)
        /// A key that has no meaning there; these have.
        case unknownKey(String, known: [String])
        /// A key that will have a meaning.
        case host
        /// A node without this key.
        case missing(key: String, node: String)
        /// The value of `key` is not of the form `expected`.
        case wrongValue(key: String, expected: String, found: String)
        /// A node's name that no node can have.
        case nodeName(String)
        /// A command written as one string, with a character that means something to a shell.
        case shellCharacter(Character)
        /// A condition about a node that is not in the file.
        case unknownNode(condition: String, node: String)
        /// Nodes that wait for each other, each for the next one, the last for the first.
        case circle([String])
        /// A name that no variable of the environment can have.
        case variable(String)
        /// A directory that is not there.
        case noDirectory(String)
        /// Options of rr that cannot be given to it.
        case rrOptions(RecorderError)
    }

    /// The file.
    public let path: String
    /// Where in it, counted from 1, if anywhere.
    public let line: Int?
    /// What is wrong there.
    public let problem: Problem
}

extension UpSpecError: CustomStringConvertible {
    /// `FILE:LINE: what is wrong`.
    public var description: String { "\(path):\(line.map { "\($0):" } ?? "") \(problem)" }
}

extension UpSpecError.Problem: CustomStringConvertible {
    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .unreadable(let reason): "cannot be read (\(reason)): name a YAML file that describes the nodes"
        case .tooLong(let limit): "has more than \(limit) bytes: is this the right file?"
        case .notYAML(let reason): "is not YAML: \(reason)"
        case .nodeCount(0, _): "has no nodes: name at least one under \"nodes:\""
        case .nodeCount(let count, let limit): "has \(count) nodes, and at most \(limit) can be started: split it"
        case .unknownKey(let key, let known): "unknown key \"\(key)\": write one of \(known.joined(separator: ", "))"
        case .host: "\"host\" cannot be used yet: all nodes are started on this machine; leave it out, and record there by hand"
        case .missing(let key, let node): "node \(node) has no \"\(key)\": add one"
        case .wrongValue(let key, let expected, let found): "\"\(key)\" is \(found): write \(expected)"
        case .nodeName(let name):
            "\"\(name)\" cannot be a node's name: use up to \(NodeName.longest) letters, digits, _ . and -, not beginning with . or -"
        case .shellCharacter(let character):
            """
            ‘\(character)’ means something to a shell, and there is none here: write the command as a list of words, such as \
            [sh, -c, "echo $HOME"]
            """
        case .unknownNode(let condition, let node): "\"\(condition)\": there is no node \(node) here: check its name"
        case .circle(let nodes):
            "\(nodes.joined(separator: " waits for ")) waits for \(nodes.first ?? ""): let one of them start without waiting"
        case .variable(let name): "\"\(name)\" cannot be a variable's name: leave out the ="
        case .noDirectory(let path): "there is no directory \(path): make it, or name another (from the file's own directory)"
        case .rrOptions(let error): "\"rr\": \(error)"
        }
    }
}
