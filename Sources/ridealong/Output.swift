import Foundation
import RunModel

/// Standard output, buffered: listings may have millions of lines.
struct Output: ~Copyable {
    private var buffer: [UInt8] = []
    private let encoder: JSONEncoder

    private static let bufferSize = 1 << 16

    init() {
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    deinit { Self.write(buffer) }

    /// Writes a line of text; control characters in it, which may come from a trace, are escaped.
    mutating func line(_ text: String) {
        buffer.append(contentsOf: PayloadText.harmless(text).utf8)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.bufferSize { flush() }
    }

    /// Writes bytes as they are.
    mutating func bytes(_ bytes: [UInt8]) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.bufferSize { flush() }
    }

    /// Writes the first line of a JSON listing.
    mutating func listing(_ name: String) { line("{\"ridealong\":1,\"listing\":\"\(name)\"}") }

    /// Writes one object of a JSON listing.
    mutating func object(_ value: some Encodable) throws {
        line(PayloadText.harmless(json: String(decoding: try encoder.encode(value), as: UTF8.self)))
    }

    private mutating func flush() {
        Self.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes all bytes, or ends the program: a listing that is cut off must not look whole. (A reader that has gone away ends it by
    /// SIGPIPE before that.)
    private static func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else {
                StandardError.write("ridealong: cannot write the listing: \(String(cString: strerror(errno)))\n")
                exit(EXIT_FAILURE)
            }
            rest = rest.dropFirst(written)
        }
    }

    /// How many columns a line may have: those of the terminal, else $COLUMNS; without either, lines are not cut.
    static let width: Int = {
        var size = winsize()
        if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? Int.max
    }()
}

/// A table for people: columns padded to a width, the last one cut where the line ends.
struct Table {
    /// One column.
    struct Column {
        let title: String
        /// Whether its cells are numbers, set flush right.
        var isNumber = false
        /// The width known beforehand; cells may be wider.
        var width = 0

        init(_ title: String, isNumber: Bool = false, width: Int = 0) {
            self.title = title
            self.isNumber = isNumber
            self.width = max(title.count, width)
        }
    }

    private let columns: [Column]
    private let lineWidth: Int

    /// A table with these columns, for lines of at most `lineWidth`.
    init(_ columns: [Column], lineWidth: Int = Output.width) {
        self.columns = columns
        self.lineWidth = lineWidth
    }

    /// The line of titles.
    var header: String { row(columns.map(\.title)) }

    /// A line of cells.
    func row(_ cells: [String]) -> String {
        var line = ""
        for (index, (column, cell)) in zip(columns, cells).enumerated() {
            let padding = String(repeating: " ", count: max(0, column.width - cell.columns))
            let isLast = index == columns.count - 1
            line += column.isNumber ? padding + cell : isLast ? cell : cell + padding
            if !isLast { line += "  " }
        }
        return line.columns > lineWidth ? line.prefix(max(lineWidth - 1, 1)) + "…" : line
    }

    /// Prints a whole table whose rows are at hand: each column as wide as its widest cell.
    static func print(_ columns: [Column], _ rows: [[String]], to out: inout Output) {
        let fitted = columns.enumerated().map { index, column in
            Column(column.title, isNumber: column.isNumber, width: rows.map { $0[index].columns }.max() ?? 0)
        }
        let table = Table(fitted)
        out.line(table.header)
        for row in rows { out.line(table.row(row)) }
    }
}

extension String {
    /// How many columns the text takes: one for each character, which is one for each byte in all but a few listings.
    fileprivate var columns: Int { utf8.allSatisfy { $0 < 0x80 } ? utf8.count : count }
}
