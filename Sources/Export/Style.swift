/// Colours: light, with a dark face for those who prefer one on the screen, and always light on paper.
enum Style {
    static let sheet = """
        <style>
        text { font: 11px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
        .title { font-size: 13px; font-weight: bold }
        .node { font-weight: bold }
        .rank { text-anchor: end; fill: #818b98 }
        .faint { fill: #6b7480 }
        .payload { fill: #0b5394 }
        .paper { fill: #ffffff }
        .lane { stroke: #d1d9e0; stroke-width: 1 }
        .full { fill: #1f2328; stroke: #1f2328 }
        .hollow { fill: #ffffff; stroke: #1f2328; stroke-width: 1.2 }
        .stroke { fill: none; stroke: #1f2328; stroke-width: 1.5 }
        .line { fill: none; stroke-width: 1.3 }
        .connection { stroke-dasharray: 2 3 }
        .beyond { stroke-dasharray: 6 4; opacity: 0.5 }
        \(colours)
        @media screen and (prefers-color-scheme: dark) {
        text { fill: #e6edf3 }
        .rank { fill: #7d8590 }
        .faint { fill: #9198a1 }
        .payload { fill: #79b8ff }
        .paper { fill: #0d1117 }
        .lane { stroke: #30363d }
        .full { fill: #e6edf3; stroke: #e6edf3 }
        .hollow { fill: #0d1117; stroke: #e6edf3 }
        .stroke { stroke: #e6edf3 }
        }
        </style>
        """

    /// Told apart by people with any kind of colour vision as far as nine colours can be, and seen on white and on black.
    static let channels = [
        "#2f7fd6", "#d9652b", "#2a9d5c", "#c05299", "#1b98a6", "#8a63d2", "#a9742d", "#d64545", "#7f8c1f",
    ]

    private static var colours: String {
        channels.enumerated().map { ".stroke\($0.offset) { stroke: \($0.element) } .fill\($0.offset) { fill: \($0.element) }" }
            .joined(separator: "\n")
    }
}
