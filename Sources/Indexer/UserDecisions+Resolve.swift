public import Matching
public import RunModel
public import RunStore

extension UserDecisions {
    /// Its text, as the index keeps it; empty for none.
    var stored: String {
        func text(_ word: String, _ pairs: [Pair]) -> [String] { pairs.map { "\(word) \($0.a.text) \($0.b.text)" } }
        return (text("join", joined) + text("split", split)).joined(separator: "\n")
    }

    /// What they mean among these nodes, and an anomaly for each that is about an end that is not there (any more).
    public func resolve(_ nodes: [IndexedNode], _ activities: [NodeActivity]) -> (decisions: Decisions, void: [Anomaly]) {
        let names = nodes.map(\.name)
        var void: [Anomaly] = []
        func find(_ word: String, _ pairs: [Pair]) -> [Decisions.Pair] {
            pairs.compactMap { pair in
                let ends = [pair.a, pair.b].map { end in end.find(names) { activities[Int($0.index)].endpoints } }
                guard let one = ends[0], let other = ends[1] else {
                    let missing = ends[0] == nil ? pair.a : pair.b
                    void.append(Anomaly("decision-void", subject: "\(word): there is no end \(missing.text)"))
                    return nil
                }
                return Decisions.Pair(one, other)
            }
        }
        return (Decisions(joined: find("join", joined), split: find("split", split)), void)
    }
}
