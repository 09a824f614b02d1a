import Testing

@testable import Export

@Suite("SVG")
struct SVGTests {
    @Test(
        "text from a trace cannot become markup, nor hide or reorder other text",
        arguments: [
            ("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;"), ("a\u{0}\u{1b}[31m\u{7f}", "a\u{fffd}\u{fffd}[31m\u{fffd}"),
            ("\u{202e}evil\u{2066}", "\u{fffd}evil\u{fffd}"), ("line\nend\r\u{2028}", "line\u{fffd}end\u{fffd}\u{fffd}"),
            ("\u{ffff}\u{e000}", "\u{fffd}\u{fffd}"), ("Grüße, 世界 🙂", "Grüße, 世界 🙂"),
        ])
    func escapes(_ text: String, _ escaped: String) {
        #expect(SVG.escaped(text) == escaped)
    }
}
