import Endpoints

/// Which calls to tell of.
public struct CallFilter: Sendable {
    /// What a call must have come to.
    public enum Outcome: Sendable {
        /// Anything.
        case any
        /// An error.
        case failed
        /// No error.
        case successful
    }

    /// A mistake in an expression; the text says what to write.
    public struct Mistake: Error, CustomStringConvertible {
        /// What is wrong, and what to write.
        public let description: String
    }

    /// What calls must have come to.
    public var outcome = Outcome.any
    /// Only this process.
    public var process: Int32?
    /// Only calls on these endpoints, by serial, and nothing else.
    public var endpoints: Set<Int32>?

    private var calls: (names: Set<String>, isNegated: Bool)?
    private var signals: (names: Set<String>, isNegated: Bool)?

    /// Every call.
    public init() {}

    /// The calls that `expressions` name, in the manner of strace's `-e`: `read,write`, `trace=%network`, `!futex`,
    /// `signal=!SIGCHLD`; of several about the same the last one counts.
    public init(expressions: [String]) throws(Mistake) {
        for expression in expressions {
            let parts = expression.split(separator: "=", maxSplits: 1)
            let (key, value) = parts.count == 2 ? (String(parts[0]), parts[1]) : ("trace", Substring(expression))
            switch key {
            case "trace", "t": calls = try Self.set(value, CallClasses.members)
            case "signal", "signals", "s": signals = try Self.set(value, Self.signal)
            default:
                throw Mistake(
                    description:
                        "‘\(expression)’: write -e trace=SET (or just -e SET), or -e signal=SET; SET is names and classes with commas")
            }
        }
    }

    private static func set(
        _ text: Substring, _ members: (Substring) -> Set<String>?
    ) throws(Mistake) -> (names: Set<String>, isNegated: Bool)? {
        let isNegated = text.first == "!"
        let words = (isNegated ? text.dropFirst() : text).split(separator: ",")
        if words == ["all"] { return ([], !isNegated) }
        if words == ["none"] { return ([], isNegated) }
        guard !words.isEmpty else { throw Mistake(description: "‘\(text)’ names nothing; write names with commas, or `all`, or `none`") }
        var names: Set<String> = []
        for word in words {
            guard let found = members(word) else {
                throw Mistake(
                    description: "there is no ‘\(word)’; write the name of a call or signal, or one of the classes \(CallClasses.list)")
            }
            names.formUnion(found)
        }
        return (names, isNegated)
    }

    private static func signal(_ word: Substring) -> Set<String>? {
        let name = word.uppercased().hasPrefix("SIG") ? word.uppercased() : "SIG" + word.uppercased()
        return (1...64).contains { SignalNames.name($0) == name } ? [name] : nil
    }

    private static func admits(_ name: String, _ set: (names: Set<String>, isNegated: Bool)?) -> Bool {
        set.map { $0.names.contains(name) != $0.isNegated } ?? true
    }

    /// Whether a call of this name by this task may be told of.
    func admits(_ name: String, task: Int32, process: Int32) -> Bool {
        (self.process == nil || self.process == process || self.process == task) && Self.admits(name, calls)
    }

    /// Whether a call on these descriptors that came to `result` may be told of.
    func admits(_ meanings: [DescriptorWalk.Meaning?], result: Int64?) -> Bool {
        switch outcome {
        case .any: break
        case .failed: if !(result.map { $0 < 0 } ?? false) { return false }
        case .successful: if !(result.map { $0 >= 0 } ?? false) { return false }
        }
        guard let endpoints else { return true }
        return meanings.contains { meaning in
            if case .endpoint(let serial) = meaning { endpoints.contains(serial) } else { false }
        }
    }

    /// Whether what is no call may be told of.
    private var showsAll: Bool { endpoints == nil && outcome == .any }

    func admits(signal: String, task: Int32, process: Int32) -> Bool {
        showsAll && (self.process == nil || self.process == process || self.process == task) && Self.admits(signal, signals)
    }

    func admitsExit(task: Int32, process: Int32) -> Bool {
        showsAll && (self.process == nil || self.process == process || self.process == task)
    }
}
