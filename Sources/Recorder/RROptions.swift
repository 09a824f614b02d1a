/// What the user wrote after the options of `ridealong record`: perhaps options of `rr record`, then the command.
public struct RROptions: Hashable, Sendable {
    /// Options for rr.
    public let options: [String]
    /// The program to record, and its arguments.
    public let command: [String]

    /// Options of `rr record`, and rr's global ones, whose value is the next word (rr 5.6 to 5.9). `--option=VALUE` always works.
    private static let withValue: Set = [
        "-c", "--num-cpu-ticks", "-i", "--ignore-signal", "-p", "--print-trace-dir", "-t", "--continue-through-signal", "-v", "--env",
        "--syscall-buffer-size", "--syscall-buffer-sig", "--nested", "--bind-to-cpu", "--disable-cpuid-features",
        "--disable-cpuid-features-ext", "--disable-cpuid-features-xsave", "--num-cores", "--trace-id", "--resource-path", "--log",
        "-A", "--microarch", "-C", "--checksum", "-D", "--dump-on", "-T", "--dump-at",
    ]
    /// Options that Ridealong gives rr itself, and what says it instead.
    private static let own = [
        "-o": "--run and --node", "--output-trace-dir": "--run and --node",
        "-n": "--syscall-buffer off", "--no-syscall-buffer": "--syscall-buffer off",
    ]

    /// Splits `words`. Without a leading `--` all of them are the command; after it, words that begin with a dash are rr's, up to the first
    /// that does not or to a second `--`.
    public init(_ words: [String]) throws(RecorderError) {
        guard words.first == "--" else {
            options = []
            command = words
            return
        }
        var index = 1
        while index < words.count, words[index].hasPrefix("-"), words[index] != "-", words[index] != "--" {
            let name = Self.name(words[index])
            if let instead = Self.own[name] { throw .optionOfOurs(option: words[index], instead: instead) }
            index += Self.withValue.contains(words[index]) ? 2 : 1
        }
        index = min(index, words.count)
        options = Array(words[1..<max(1, index)])
        command = Array(words[index...].first == "--" ? words[(index + 1)...] : words[index...])
    }

    /// The option's name without a value: `--log=x` is `--log`, `-ofile` is `-o`.
    private static func name(_ word: String) -> String {
        word.hasPrefix("--") ? String(word.prefix { $0 != "=" }) : String(word.prefix(2))
    }

    /// The CPU that the user told rr of (`-A`), which replaying must tell it too.
    var microarchitecture: String? {
        for (index, word) in options.enumerated() {
            if word == "-A" || word == "--microarch" { return index + 1 < options.count ? options[index + 1] : nil }
            if word.hasPrefix("--microarch=") { return String(word.dropFirst("--microarch=".count)) }
            if word.hasPrefix("-A") { return String(word.dropFirst(word.hasPrefix("-A=") ? 3 : 2)) }
        }
        return nil
    }
}
