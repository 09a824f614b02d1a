extension SpaceTimeDiagram {
    /// The picture as an SVG file. The same picture gives the same bytes.
    ///
    /// Time runs downwards. Beside the lanes, every row says in words what it shows: the text can be read, searched and copied, and what
    /// stands in a row's text as a position is one that the commands take.
    public func svg() -> String {
        var drawing = Drawing(self)
        return drawing.draw()
    }
}

/// One picture being drawn.
private struct Drawing {
    private let diagram: SpaceTimeDiagram
    private var svg = SVG()
    private let layout: Layout

    init(_ diagram: SpaceTimeDiagram) {
        self.diagram = diagram
        layout = Layout(diagram)
    }

    mutating func draw() -> String {
        let (width, height) = (layout.width, layout.height)
        svg.verbatim("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")
        svg.begin(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "role": "img", "viewBox": "0 0 \(width) \(height)", "width": "\(width)",
                "height": "\(height)",
            ])
        svg.element("title", text: diagram.title)
        svg.verbatim(Style.sheet)
        svg.begin("defs")
        for colour in Style.channels.indices { drawArrowhead(colour) }
        svg.end()
        svg.empty("rect", ["class": "paper", "width": "\(width)", "height": "\(height)"])
        drawLanes()
        drawHeadings()
        for arrow in diagram.arrows { draw(arrow) }
        for (index, row) in diagram.rows.enumerated() { draw(row, index) }
        drawNotes()
        svg.end()
        return svg.text
    }

    private mutating func drawArrowhead(_ colour: Int) {
        svg.begin(
            "marker",
            [
                "id": "head\(colour)", "viewBox": "0 0 8 8", "refX": "11", "refY": "4", "markerWidth": "8", "markerHeight": "8",
                "orient": "auto", "markerUnits": "userSpaceOnUse",
            ])
        svg.empty("path", ["class": "fill\(colour)", "d": "M0 0L8 4L0 8Z"])
        svg.end()
    }

    private mutating func drawLanes() {
        for (number, name) in layout.names.enumerated() {
            let x = layout.x(number)
            let y = layout.top - 6
            svg.empty("line", ["class": "lane", "x1": "\(x)", "y1": "\(layout.top)", "x2": "\(x)", "y2": "\(layout.bottom)"])
            svg.begin("g")
            svg.element("title", text: "\(diagram.lanes[number].name): \(diagram.lanes[number].command)")
            svg.element("text", ["class": "node", "transform": "rotate(-45 \(x) \(y))", "x": "\(x)", "y": "\(y)"], text: name)
            svg.end()
        }
    }

    private mutating func drawHeadings() {
        drawText(diagram.title, "title", Layout.margin, Layout.margin + 12)
        for (line, run) in layout.commands.enumerated() {
            let y = Layout.margin + 32 + line * Layout.rowHeight
            drawText(run.nodes, "node", Layout.margin, y)
            drawText(run.command, "faint", layout.commandLeft, y)
        }
        drawText("rank", "rank", layout.rankRight, layout.top - 2)
        drawText("position", "faint", layout.textLeft, layout.top - 2)
        drawText("message", "faint", layout.payloadLeft, layout.top - 2)
    }

    private mutating func drawNotes() {
        for (line, text) in layout.notes.enumerated() {
            drawText(text, "faint", Layout.margin, layout.bottom + (2 + line) * Layout.rowHeight)
        }
    }

    private mutating func drawText(_ text: String, _ style: String, _ x: Int, _ y: Int) {
        svg.element("text", ["class": style, "x": "\(x)", "y": "\(y)"], text: text)
    }

    private mutating func draw(_ row: SpaceTimeDiagram.Row, _ index: Int) {
        let y = layout.y(index)
        let isQuiet = row.mark != .send && row.payload.isEmpty
        svg.begin("g")
        svg.element("title", text: row.detail)
        drawText(String(row.rank), "rank", layout.rankRight, y + 4)
        drawMark(row.mark, layout.x(row.lane), y)
        drawText(layout.texts[index], isQuiet ? "faint" : "row", layout.textLeft, y + 4)
        if !row.payload.isEmpty { drawText(layout.payloads[index], "payload", layout.payloadLeft, y + 4) }
        svg.end()
    }

    private mutating func drawMark(_ mark: SpaceTimeDiagram.Mark, _ x: Int, _ y: Int) {
        let diamond = "M\(x) \(y - 4)L\(x + 4) \(y)L\(x) \(y + 4)L\(x - 4) \(y)Z"
        switch mark {
        case .send: svg.empty("circle", ["class": "full", "cx": "\(x)", "cy": "\(y)", "r": "3"])
        case .receive: svg.empty("circle", ["class": "hollow", "cx": "\(x)", "cy": "\(y)", "r": "3"])
        case .connect: svg.empty("path", ["class": "hollow", "d": diamond])
        case .accept: svg.empty("path", ["class": "full", "d": diamond])
        case .ready: svg.empty("circle", ["class": "full", "cx": "\(x)", "cy": "\(y)", "r": "1"])
        case .listen: svg.empty("rect", ["class": "hollow", "x": "\(x - 3)", "y": "\(y - 3)", "width": "6", "height": "6"])
        case .close: svg.empty("path", ["class": "stroke", "d": "M\(x - 3) \(y - 3)l6 6m-6 0l6 -6"])
        case .end: svg.empty("path", ["class": "stroke", "d": "M\(x - 5) \(y)h5m0 -4v8"])
        case .failure: svg.empty("path", ["class": "stroke", "d": "M\(x) \(y - 4)v5m0 2v1"])
        }
    }

    private mutating func draw(_ arrow: SpaceTimeDiagram.Arrow) {
        guard let (start, end) = ends(arrow) else { return }
        let colour = arrow.channel % Style.channels.count
        var style = "line stroke\(colour)"
        if arrow.isConnection { style += " connection" }
        let path = "M\(start.x) \(start.y)L\(end.x) \(end.y)"
        // An end that nobody recorded is an empty circle of its own.
        for (place, what) in [(start, arrow.from), (end, arrow.to)] where what == .outside {
            svg.empty("circle", ["class": style, "cx": "\(place.x)", "cy": "\(place.y)", "r": "3"])
        }
        let head = "url(#head\(colour))"
        switch (arrow.from, arrow.to) {
        case (_, .beyond): svg.empty("path", ["class": style + " beyond", "d": path])
        case (.beyond, _), (.elsewhere, _), (_, .elsewhere): svg.empty("path", ["class": style + " beyond", "d": path, "marker-end": head])
        case (_, .nobody): svg.empty("path", ["class": style, "d": path + "m0 -4v8"])
        default: svg.empty("path", ["class": style, "d": path, "marker-end": head])
        }
    }

    /// Where an arrow begins and ends on paper; `nil` if no row of the picture has to do with it.
    private func ends(_ arrow: SpaceTimeDiagram.Arrow) -> (start: (x: Int, y: Int), end: (x: Int, y: Int))? {
        switch (arrow.from, arrow.to) {
        case (.row(let from), .row(let to)): return (point(from), point(to))
        case (.row(let from), .beyond(let lane)): return (point(from), (layout.x(lane), layout.bottom + 4))
        case (.beyond(let lane), .row(let to)): return ((layout.x(lane), layout.top - 4), point(to))
        case (.row(let from), _): return (point(from), (point(from).x + Layout.stub, point(from).y))
        case (_, .row(let to)): return ((point(to).x + Layout.stub, point(to).y), point(to))
        default: return nil
        }
    }

    private func point(_ row: Int) -> (x: Int, y: Int) { (layout.x(diagram.rows[row].lane), layout.y(row)) }
}
