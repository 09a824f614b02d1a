import RunModel
import Testing

@Suite struct PositionTests {
    @Test(arguments: ["server@1", "a.b-c@17.3", "x@y@5", "n@17592186044415.1048575"])
    func readsWhatItPrints(text: String) throws {
        #expect(try #require(PositionText(text)).description == text)
    }

    @Test(arguments: [
        "", "server", "@5", "server@", "server@x", "server@-1", "server@+1", "server@1.0", "server@1.", "server@1.2.3",
        "n@99999999999999999999",
    ])
    func refusesOtherForms(text: String) {
        #expect(PositionText(text) == nil)
    }

    @Test func momentsOrderByEventThenCall() {
        let sorted = [Moment(event: 1), Moment(event: 1, call: 1), Moment(event: 1, call: 2), Moment(event: 2)]
        #expect(sorted.shuffled().sorted() == sorted)
        #expect(Moment(event: 7, call: 9).event == 7 && Moment(event: 7, call: 9).call == 9)
    }
}
