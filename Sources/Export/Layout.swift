/// Where everything stands in the picture of a diagram: all numbers are whole pixels, so that no two machines print them differently.
struct Layout {
    static let margin = 16
    static let rowHeight = 14
    static let laneWidth = 46
    /// So far an arrow without a second end reaches.
    static let stub = 23
    /// The width of a character of the fixed-width fonts at 11 pixels, in tenths.
    private static let characterTenths = 66
    private static let titleHeight = 30
    /// Names stand aslant over their lanes, 45 degrees up: so much of their length is height, in thousandths.
    private static let slant = 707
    private static let longestName = 30
    private static let longestCommand = 90
    private static let mostCommands = 12
    private static let longestText = 44
    private static let longestPayload = 40
    static let legend = "● sends, ○ receives, ◇ connects, ◆ accepts, □ listens, × closes, ⊣ sees the end, ! fails."

    /// The names over the lanes.
    let names: [String]
    /// Who runs what: a line for each command.
    let commands: [(nodes: String, command: String)]
    /// What stands beside the rows.
    let texts: [String]
    /// The messages beside those.
    let payloads: [String]
    /// The lines below the rows.
    let notes: [String]
    /// Where the rows begin.
    let top: Int
    /// Where they end.
    let bottom: Int
    /// The first lane.
    let left: Int
    /// The right edge of the ranks.
    let rankRight: Int
    /// Where the rows' texts begin.
    let textLeft: Int
    /// Where the commands begin.
    let commandLeft: Int
    /// Where the payloads begin.
    let payloadLeft: Int
    /// The size of the whole.
    let width: Int
    /// The size of the whole.
    let height: Int

    init(_ diagram: SpaceTimeDiagram) {
        names = diagram.lanes.map { $0.name.cut(Self.longestName) }
        commands = Self.commands(diagram.lanes)
        texts = diagram.rows.map { $0.text.cut(Self.longestText) }
        payloads = diagram.rows.map { $0.payload.cut(Self.longestPayload) }
        notes = [Self.legend] + diagram.notes

        let header = Self.longest(names) * Self.slant / 1000
        let lastLane = max(0, names.count - 1) * Self.laneWidth
        rankRight = Self.margin + Self.length(max(4, diagram.rows.last.map { String($0.rank).count } ?? 0))
        left = rankRight + Self.laneWidth / 2
        textLeft = left + lastLane + Self.laneWidth
        payloadLeft = textLeft + Self.longest(texts) + Self.length(2)
        commandLeft = Self.margin + Self.longest(commands.map(\.nodes)) + Self.length(2)
        top = Self.margin + Self.titleHeight + commands.count * Self.rowHeight + header + Self.rowHeight
        bottom = top + diagram.rows.count * Self.rowHeight
        let rights = [
            payloadLeft + Self.longest(payloads), left + lastLane + header, commandLeft + Self.longest(commands.map(\.command)),
            Self.margin + Self.longest([diagram.title] + notes),
        ]
        width = (rights.max() ?? 0) + Self.margin
        height = bottom + (2 + notes.count) * Self.rowHeight
    }

    /// The middle of a lane.
    func x(_ lane: Int) -> Int { left + lane * Self.laneWidth }

    /// The middle of a row.
    func y(_ row: Int) -> Int { top + row * Self.rowHeight + Self.rowHeight / 2 }

    /// The lanes that run the same command share a line.
    private static func commands(_ lanes: [SpaceTimeDiagram.Lane]) -> [(nodes: String, command: String)] {
        var order: [String] = []
        var nodes: [String: [String]] = [:]
        for lane in lanes where !lane.command.isEmpty {
            if nodes[lane.command] == nil { order.append(lane.command) }
            nodes[lane.command, default: []].append(lane.name)
        }
        let lines = order.map { command in
            ((nodes[command] ?? []).joined(separator: ", ").cut(longestName), command.cut(longestCommand))
        }
        return lines.count <= mostCommands
            ? lines : lines.prefix(mostCommands - 1) + [("…", "\(lines.count - mostCommands + 1) more commands")]
    }

    private static func longest(_ texts: [String]) -> Int { length(texts.map(\.count).max() ?? 0) }

    private static func length(_ characters: Int) -> Int { (characters * characterTenths + 9) / 10 }
}

extension String {
    /// The first `length` characters at most, the last of them an ellipsis if something is missing.
    fileprivate func cut(_ length: Int) -> String { count <= length ? self : prefix(max(0, length - 1)) + "…" }
}
