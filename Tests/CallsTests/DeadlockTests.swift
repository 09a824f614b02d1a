import Calls
import RunModel
import TestSupport
import Testing

@Suite("Deadlocks")
struct DeadlockTests {
    private func process(_ number: Int32) -> ProcessRef { ProcessRef(node: NodeID(Int(number) / 10), process: number) }

    /// A wait of `process` for others; `task` if it is not the first thread.
    private func wait(_ number: Int32, for others: [Int32], task: Int32? = nil, isOpen: Bool = false) -> Wait {
        Wait(
            process: process(number), task: task ?? number, entered: Moment(event: 1), name: "read", arguments: [], reason: .data,
            on: others.map(process), isOpen: isOpen)
    }

    private func circles(_ waits: [Wait], threads: [Int32: Int] = [:]) -> [[Int32]] {
        Deadlocks.find(waits, tasks: Dictionary(uniqueKeysWithValues: threads.map { (process($0.key), $0.value) })).map {
            $0.map(\.process.process)
        }
    }

    @Test("each waits for the next: a circle")
    func circle() {
        #expect(circles([wait(1, for: [2]), wait(2, for: [3]), wait(3, for: [1])]) == [[1, 2, 3]])
        #expect(circles([wait(7, for: [7])]) == [[7]])
    }

    @Test("two circles are two, and who only waits for one is in none")
    func several() {
        let waits = [wait(1, for: [2]), wait(2, for: [1]), wait(3, for: [1]), wait(4, for: [5]), wait(5, for: [4]), wait(0, for: [3])]
        #expect(circles(waits) == [[1, 2], [4, 5]])
    }

    @Test("nobody is stuck as long as anybody can go on", arguments: [false, true])
    func chain(_ isOpen: Bool) {
        let last = isOpen ? [wait(3, for: [1], isOpen: true)] : []
        #expect(circles([wait(1, for: [2]), wait(2, for: [3])] + last).isEmpty)
    }

    @Test("whoever can be woken by one of several is stuck only if all of them are")
    func alternatives() {
        #expect(circles([wait(1, for: [2, 4]), wait(2, for: [1])]).isEmpty)
        #expect(circles([wait(1, for: [2, 4]), wait(2, for: [1]), wait(4, for: [1])]).count == 1)
    }

    @Test("a process with a thread that does not wait is not stuck")
    func threads() {
        #expect(circles([wait(1, for: [2]), wait(2, for: [1])], threads: [1: 2]).isEmpty)
        #expect(circles([wait(1, for: [1]), wait(1, for: [2], task: 9), wait(2, for: [1])], threads: [1: 2]) == [[1, 2]])
    }

    @Test("with random waits, exactly those in a circle or behind one are left", arguments: 0..<100)
    func random(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let waits = (Int32(0)..<12).filter { _ in Int.random(in: 0..<8, using: &random) > 0 }.map { number in
            wait(number, for: (0..<Int.random(in: 1...2, using: &random)).map { _ in .random(in: 0..<12, using: &random) })
        }
        // The slow way: whoever can go on is taken away, until nothing changes.
        var stuck = Set(waits.map(\.process))
        while true {
            let rest = stuck.filter { process in waits.filter { $0.process == process }.allSatisfy { $0.on.allSatisfy(stuck.contains) } }
            if rest == stuck { break }
            stuck = rest
        }
        let found = Deadlocks.find(waits, tasks: [:])
        #expect(found.isEmpty == stuck.isEmpty, "seed \(seed)")
        for circle in found {
            for (index, wait) in circle.enumerated() {
                #expect(stuck.contains(wait.process) && wait.on.contains(circle[(index + 1) % circle.count].process), "seed \(seed)")
            }
        }
        #expect(Set(found.joined().map(\.process)).count == found.joined().count, "seed \(seed)")
    }
}
