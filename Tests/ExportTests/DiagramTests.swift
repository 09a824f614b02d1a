import Export
import Foundation
import FoundationXML
import TestSupport
import Testing

@Suite("Space-time picture")
struct DiagramTests {
    /// A picture with everything in it that a picture can have.
    private static let everything = SpaceTimeDiagram(
        title: "Everything", lanes: [.init(name: "server", command: "serve 80"), .init(name: "client", command: "ask")],
        rows: [
            .init(rank: 7, lane: 0, mark: .listen, text: "server@1 listens"),
            .init(rank: 8, lane: 1, mark: .connect, text: "client@1 connects to server"),
            .init(rank: 9, lane: 0, mark: .accept, text: "server@2 accepts client"),
            .init(rank: 10, lane: 1, mark: .send, text: "client@3 → server@4", payload: "GET /", detail: "rank 10"),
            .init(rank: 11, lane: 0, mark: .receive, text: "server@4 ← client@3"),
            .init(rank: 12, lane: 0, mark: .send, text: "server@5 → (192.0.2.1:53)", payload: "who?"),
            .init(rank: 13, lane: 0, mark: .receive, text: "server@6 ← (192.0.2.1:53)", payload: "he"),
            .init(rank: 14, lane: 0, mark: .send, text: "server@7 → client", payload: "never read"),
            .init(rank: 15, lane: 1, mark: .failure, text: "client@8 fails"),
            .init(rank: 16, lane: 1, mark: .close, text: "client@9 closes to server"),
            .init(rank: 17, lane: 0, mark: .end, text: "server@9 sees the end of client"),
        ],
        arrows: [
            .init(from: .row(1), to: .row(2), channel: 0, isConnection: true), .init(from: .row(3), to: .row(4), channel: 0),
            .init(from: .row(5), to: .outside, channel: 1), .init(from: .outside, to: .row(6), channel: 1),
            .init(from: .row(7), to: .nobody, channel: 0), .init(from: .beyond(lane: 1), to: .row(4), channel: 10),
            .init(from: .row(7), to: .beyond(lane: 1), channel: 10), .init(from: .row(8), to: .elsewhere, channel: 2),
            .init(from: .elsewhere, to: .row(9), channel: 2),
        ],
        notes: ["Left out: much."])

    @Test("a picture with everything in it is drawn as it was when somebody last looked at it")
    func golden() throws {
        let difference = try Golden.difference(Self.everything.svg(), from: "everything.svg")
        #expect(difference == nil, "\(difference ?? "")")
    }

    @Test("whatever is said or called anything, the picture is well-formed XML that says it")
    func hostileTexts() throws {
        let hostile = "</text><script>alert('1')</script>\u{0}\u{1b}]]>&\"\u{202e}"
        let picture = SpaceTimeDiagram(
            title: hostile, lanes: [.init(name: hostile, command: hostile)],
            rows: [.init(rank: 1, lane: 0, mark: .send, text: hostile, payload: hostile, detail: hostile)], notes: [hostile])
        let reader = Reader()
        let parser = XMLParser(data: Data(picture.svg().utf8))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(!reader.elements.contains("script"))
        #expect(reader.text.contains("</text><script>alert('1')<"))
    }

    @Test("every row's rank, words and message can be read as text, in the order of the rows")
    func readableAsText() throws {
        let reader = Reader()
        let parser = XMLParser(data: Data(Self.everything.svg().utf8))
        parser.delegate = reader
        #expect(parser.parse())
        var rest = reader.text[...]
        for row in Self.everything.rows {
            for text in ["\(row.rank)", row.text, row.payload] where !text.isEmpty {
                let found = try #require(rest.range(of: text), "\(text)")
                rest = rest[found.upperBound...]
            }
        }
    }

    @Test("a picture of nothing is a picture")
    func empty() {
        let parser = XMLParser(data: Data(SpaceTimeDiagram(title: "", lanes: [], rows: []).svg().utf8))
        #expect(parser.parse())
    }

    @Test("long names, commands and messages are cut, and the picture stays as wide as a screen")
    func longTexts() throws {
        let long = String(repeating: "x", count: 10_000)
        let picture = SpaceTimeDiagram(
            title: "", lanes: [.init(name: long, command: long)], rows: [.init(rank: 1, lane: 0, mark: .send, text: long, payload: long)])
        let width = try #require(picture.svg().firstMatch(of: /width="(\d+)"/).flatMap { Int($0.1) })
        #expect(width < 1400)
    }
}

/// Gathers what an XML file says.
private final class Reader: NSObject, XMLParserDelegate {
    var elements: Set<String> = []
    var text = ""

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) { elements.insert(elementName) }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}
