import ArgumentParser
import Export
import Foundation
import Indexer
import RunModel
import RunStore

/// `ridealong export svg`.
struct ExportSVGCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "svg",
        abstract: "Draw who said what to whom, as a space-time picture in SVG.",
        discussion: """
            A lane for each node, time running downwards in total order, a row for each operation and an arrow for \
            each delivery. Beside the lanes, each row says in words what it shows, with positions that the other \
            commands take.

            Without --to, draws the first \(SpaceTimeDiagram.usualMessages) messages from --from on, or from the \
            beginning. What is left out is said in the picture.
            """)

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("The run directory. Default: $RIDEALONG_RUN, else the current directory.", valueName: "dir"))
    var runDirectory: String?

    @Option(help: ArgumentHelp("Draw operations from this rank of the total order on, or from this position.", valueName: "rank|position"))
    var from: String?

    @Option(help: ArgumentHelp("Draw operations up to this rank, or this position.", valueName: "rank|position"))
    var to: String?

    @Argument(help: ArgumentHelp("The file to write. (default: standard output)", valueName: "file"))
    var file: String?

    func run() throws {
        let index = try RunIndex(RunOptions.directory(runDirectory))
        let range = try RankRange(index, from: from, to: to)
        let reader = MessageReader(index)
        let picture = try SpaceTimeDiagram(of: index, DiagramRange(first: range.first, last: to == nil ? nil : range.last)) { message in
            try reader.payload(of: message, limit: MessageReader.previewLength).map { PayloadText.words($0) }
        }
        guard let file else {
            var out = Output()
            out.bytes(Array(picture.svg().utf8))
            return
        }
        guard Self.write(Array(picture.svg().utf8), to: file) else {
            let reason = String(cString: strerror(errno))
            throw UserError("\(file): cannot be written: \(reason); name a file in a directory that you may write to")
        }
    }

    /// Writes a whole file; if it cannot, `errno` says why.
    private static func write(_ bytes: [UInt8], to path: String) -> Bool {
        guard let file = fopen(path, "w") else { return false }
        let isWhole = fwrite(bytes, 1, bytes.count, file) == bytes.count
        return fclose(file) == 0 && isWhole
    }
}
