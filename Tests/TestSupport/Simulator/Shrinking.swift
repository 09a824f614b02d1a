/// Makes a plan smaller while it still fails.
struct Shrinker {
    private(set) var best: Plan
    private let fails: (Plan) -> Bool
    /// How many more plans may be tried.
    private var left: Int

    init(_ plan: Plan, attempts: Int, fails: @escaping (Plan) -> Bool) {
        best = plan
        left = attempts
        self.fails = fails
    }

    /// Takes away nodes, conversations, steps and damage, until nothing more can go.
    mutating func run() {
        var size = Int.max
        while best.size < size && left > 0 {
            size = best.size
            for node in best.nodes.indices { attempt { $0.removeSteps { plan, step in plan.node(of: step) == node } } }
            for talk in best.conversations.indices {
                attempt { $0.removeSteps { _, step in step.handle == 2 * talk || step.handle == 2 * talk + 1 } }
            }
            for task in best.tasks.indices { shrinkSteps(of: task) }
            repair()
        }
    }

    /// Keeps a change that makes the plan smaller, if it still fails.
    @discardableResult
    private mutating func attempt(_ change: (inout Plan) -> Void) -> Bool {
        var smaller = best
        change(&smaller)
        guard left > 0, smaller.size < best.size else { return false }
        left -= 1
        guard fails(smaller) else { return false }
        best = smaller
        return true
    }

    /// Takes away stretches of a task's steps, long ones first.
    private mutating func shrinkSteps(of task: Int) {
        var length = best.tasks[task].steps.count
        while length > 0 {
            var start = 0
            while start < best.tasks[task].steps.count {
                let range = start..<min(start + length, best.tasks[task].steps.count)
                if !attempt({ $0.tasks[task].steps.removeSubrange(range) }) { start += length }
            }
            length /= 2
        }
    }

    /// Takes damage back.
    private mutating func repair() {
        attempt { $0.capacity = .max }
        for node in best.nodes.indices {
            attempt { $0.nodes[node].cut = nil }
            attempt { $0.nodes[node].isMissing = false }
            attempt { $0.nodes[node].isBuffered = false }
            attempt { $0.nodes[node].tellsDestinations = false }
        }
        for talk in best.conversations.indices { attempt { $0.conversations[talk].hidesAddresses = false } }
        for host in best.clocks.indices { attempt { $0.clocks[host] = (0, 0) } }
    }
}

extension Plan {
    /// A smaller plan that still `fails`, if there is one; at most `attempts` are tried.
    public func shrunk(attempts: Int = 1_500, while fails: @escaping (Plan) -> Bool) -> Plan {
        var shrinker = Shrinker(self, attempts: attempts, fails: fails)
        shrinker.run()
        return shrinker.best
    }

    /// How much there is in it: each step, and each kind of damage.
    fileprivate var size: Int {
        let damage = nodes.reduce(0) {
            $0 + ($1.cut == nil ? 0 : 1) + ($1.isMissing ? 1 : 0) + ($1.isBuffered ? 1 : 0) + ($1.tellsDestinations ? 1 : 0)
        }
        let hidden = conversations.count { $0.hidesAddresses }
        let skewed = clocks.count { $0.skew != 0 || $0.error != 0 }
        return tasks.reduce(0) { $0 + $1.steps.count } + damage + hidden + skewed + (capacity == .max ? 0 : 1)
    }

    /// The node that a step's end is in, or that it serves.
    fileprivate func node(of step: Step) -> Int? {
        switch step.action {
        case .accept(let service), .closeService(let service): services[service].node
        default: step.handle < 0 ? nil : step.handle % 2 == 0 ? conversations[step.handle / 2].near : conversations[step.handle / 2].far
        }
    }

    fileprivate mutating func removeSteps(where isUnwanted: (Plan, Step) -> Bool) {
        let whole = self
        for task in tasks.indices { tasks[task].steps.removeAll { isUnwanted(whole, $0) } }
    }
}
