import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

extension UpSpec {
    /// The spec in the file `path`. Relative directories in it are taken from the file's own.
    public init(path: String) throws(UpSpecError) {
        guard let file = Lookup.resolved(path), let bytes = Proc.bytes(file) else {
            throw UpSpecError(path: path, line: nil, problem: .unreadable("\(Errno(rawValue: errno))"))
        }
        guard bytes.count < Proc.sizeLimit else { throw UpSpecError(path: path, line: nil, problem: .tooLong(limit: Proc.sizeLimit)) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UpSpecError(path: path, line: nil, problem: .notYAML("it is not UTF-8"))
        }
        try self.init(text, path: path, directory: FilePath(file).removingLastComponent().string)
    }

    /// The spec that `text` is; `path` is its name in errors.
    init(_ text: String, path: String, directory: String) throws(UpSpecError) {
        let values = try YAMLValue.root(of: text, path: path)?.entries(["nodes"])["nodes"]
        guard let values else { throw UpSpecError(path: path, line: nil, problem: .nodeCount(0, limit: Self.nodeLimit)) }
        let pairs = try values.pairs()
        guard 1...Self.nodeLimit ~= pairs.count else { throw values.error(.nodeCount(pairs.count, limit: Self.nodeLimit)) }
        nodes = try pairs.map { pair throws(UpSpecError) in try Node(name: pair.key, pair.value, directory: directory) }
        try checkConditions(pairs.map(\.value))
    }

    /// Checks that every condition is about a node of the file, and that nodes do not wait for each other in a circle.
    private func checkConditions(_ values: [YAMLValue]) throws(UpSpecError) {
        let indices = Dictionary(nodes.indices.map { (nodes[$0].name, $0) }) { first, _ in first }
        for (node, value) in zip(nodes, values) {
            for condition in node.conditions {
                guard let other = condition.node, indices[other] == nil else { continue }
                throw value.error(.unknownNode(condition: "\(condition)", node: other))
            }
        }
        // Who waits for nobody that is left can start; once there is nobody such, everybody left waits for somebody in a circle.
        var left = Set(nodes.indices)
        func awaited(by index: Int) -> Int? {
            nodes[index].conditions.lazy.compactMap { $0.node.flatMap { indices[$0] } }.first(where: left.contains)
        }
        while let free = left.first(where: { awaited(by: $0) == nil }) { left.remove(free) }
        guard var next = left.min() else { return }
        var way: [Int] = []
        while !way.contains(next) {
            way.append(next)
            next = awaited(by: next) ?? next
        }
        throw values[next].error(.circle(way.drop { $0 != next }.map { nodes[$0].name }))
    }
}

extension UpSpec.Node {
    /// The keys of a node's settings, in the order of docs/up.md.
    static let keys = [
        "command", "after", "service", "environment", "directory", "stop-signal", "grace", "syscall-buffer", "rr",
    ]

    /// The node that `value` describes.
    fileprivate init(name: String, _ value: YAMLValue, directory base: String) throws(UpSpecError) {
        guard NodeName.isValid(name) else { throw value.error(.nodeName(name)) }
        self.name = name
        let entries = try value.entries(Self.keys)
        guard let words = entries["command"] else { throw value.error(.missing(key: "command", node: name)) }
        command = try words.words()
        guard command.first?.isEmpty == false else { throw words.wrong(expected: "a program, and its arguments") }
        conditions = try (entries["after"]?.items() ?? []).map { item throws(UpSpecError) in try item.condition() }
        isService = try entries["service"]?.choice(["true": true, "false": false]) ?? false
        syscallBuffer = try entries["syscall-buffer"]?.choice(["on": .on, "off": .off]) ?? .auto
        stopSignal = try entries["stop-signal"]?.stopSignal() ?? SIGTERM
        grace = try entries["grace"]?.grace() ?? UpSpec.defaultGrace
        environment = [:]
        for (variable, value) in try entries["environment"]?.pairs() ?? [] {
            guard !variable.isEmpty, !variable.contains("=") else { throw value.error(.variable(variable)) }
            environment[variable] = try value.text()
        }
        directory = try entries["directory"]?.directory(from: base) ?? base
        rrOptions = try entries["rr"]?.rrOptions(before: command) ?? []
    }
}

extension YAMLValue {
    /// What a shell would not take as it stands.
    private static let shellCharacters: Set<Character> = [
        "'", "\"", "\\", "`", "$", "&", "|", ";", "<", ">", "(", ")", "{", "}", "[", "]", "*", "?", "~", "!", "#", "\n",
    ]

    /// Words: a list, or a text that is split at its spaces.
    fileprivate func words() throws(UpSpecError) -> [String] {
        if isList { return try items().map { item throws(UpSpecError) in try item.text() } }
        let text = try text()
        if let character = text.first(where: Self.shellCharacters.contains) { throw error(.shellCharacter(character)) }
        return text.split { $0 == " " || $0 == "\t" }.map(String.init)
    }

    /// Something to wait for.
    fileprivate func condition() throws(UpSpecError) -> UpSpec.Condition {
        let text = try text()
        let words = text.split(separator: " ")
        if words.count == 2, words[1] == "started" { return .started(String(words[0])) }
        if words.count == 2, words[1] == "ended" { return .ended(String(words[0])) }
        let parts = text.split(separator: ":", maxSplits: 1)
        if parts.count == 2, let port = UInt16(parts[1]), port > 0, parts[0] == "tcp" { return .tcp(port) }
        if parts.count == 2, let port = UInt16(parts[1]), port > 0, parts[0] == "udp" { return .udp(port) }
        if parts.count == 2, parts[0] == "unix" { return .unix(String(parts[1])) }
        throw wrong(expected: "\"NODE started\", \"NODE ended\", tcp:PORT, udp:PORT or unix:PATH, or a list of these")
    }

    fileprivate func stopSignal() throws(UpSpecError) -> Int32 {
        let signal = try SignalName.signal(text(), among: UpSpec.stopSignals)
        guard let signal else { throw wrong(expected: "one of " + UpSpec.stopSignals.map(SignalName.of).joined(separator: ", ")) }
        return signal
    }

    fileprivate func rrOptions(before command: [String]) throws(UpSpecError) -> [String] {
        let words = try words()
        let split: RROptions
        do throws(RecorderError) {
            split = try RROptions(["--"] + words + ["--"] + command)
        } catch {
            throw self.error(.rrOptions(error))
        }
        guard split.options == words else { throw wrong(expected: "options of rr record, which begin with a dash") }
        return words
    }

    fileprivate func grace() throws(UpSpecError) -> Duration {
        guard let seconds = try Double(text()), (0...UpSpec.longestGrace).contains(seconds) else {
            throw wrong(expected: "a number of seconds up to \(Int(UpSpec.longestGrace))")
        }
        return .seconds(seconds)
    }

    fileprivate func directory(from base: String) throws(UpSpecError) -> String {
        let path = FilePath(base).pushing(FilePath(try text())).lexicallyNormalized().string
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw error(.noDirectory(path)) }
        return path
    }
}
