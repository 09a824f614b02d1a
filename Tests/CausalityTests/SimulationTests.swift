import Causality
import Foundation
import Matching
import RunModel
import TestSupport
import Testing

/// Worlds whose truth is known: what is found in their recordings must be true, and what can be decided must be found.
@Suite struct SimulationTests {
    /// One world, what was found in it, and what is wrong with that.
    struct Trial {
        let simulation: Simulation
        let matches: Matches
        let graph: CausalGraph
        var faults: [String] = []
        /// Endpoints with a recorded partner: how many there are, how many were joined to it, how many to another.
        var (recorded, right, wrong) = (0, 0, 0)

        init(seed: UInt64) {
            simulation = Simulation(seed: seed)
            matches = match(simulation.nodes)
            graph = CausalGraph(nodes: simulation.nodes, channels: matches.channels, deliveries: matches.deliveries)
            checkChannels()
            checkDeliveries()
            checkOrder()
        }

        private mutating func checkChannels() {
            for (id, truth) in simulation.partner {
                let index = matches.channelOf[Int(id.node.index)][Int(id.serial)]
                var found: EndpointID?
                if index >= 0 {
                    let channel = matches.channels[Int(index)]
                    if case .endpoint(let a) = channel.a, case .endpoint(let b) = channel.b { found = a == id ? b : a }
                }
                if truth != nil { recorded += 1 }
                if found == truth && truth != nil { right += 1 }
                if let found, found != truth {
                    wrong += 1
                    // With neither true partner recorded, times and lengths that happen to fit are all there is.
                    if truth != nil || simulation.partner[found] != .some(nil) {
                        faults.append("\(id) joined to \(found), not \(String(describing: truth))")
                    }
                }
                if simulation.decidable.contains(id) && found != truth {
                    faults.append("\(id) not joined to \(String(describing: truth)), but to \(String(describing: found))")
                }
            }
        }

        private mutating func checkDeliveries() {
            var found: Set<Delivery> = []
            for var delivery in matches.deliveries {
                let channel = matches.channels[Int(delivery.channel)]
                guard case .endpoint(let a) = channel.a, case .endpoint(let b) = channel.b, simulation.partner[a] == .some(b) else {
                    continue
                }
                delivery.channel = -1
                found.insert(delivery)
            }
            let joined = simulation.deliveries.filter { delivery in
                let operation = simulation.nodes[Int(delivery.sent.node.index)].operations[Int(delivery.sent.index)]
                let index = matches.channelOf[Int(delivery.sent.node.index)][Int(operation.endpoint)]
                guard index >= 0, case .endpoint(let a) = matches.channels[Int(index)].a,
                    case .endpoint(let b) = matches.channels[Int(index)].b
                else { return false }
                return simulation.partner[a] == .some(b)
            }
            if found != joined {
                faults.append("\(found.subtracting(joined).count) wrong deliveries, \(joined.subtracting(found).count) missing")
            }
            for (index, totals) in matches.totals.enumerated() where !totals.forward.isBalanced || !totals.backward.isBalanced {
                faults.append("channel \(index): accounts not balanced: \(totals)")
            }
        }

        private mutating func checkOrder() {
            for violation in verify(nodes: simulation.nodes, channels: matches.channels, deliveries: matches.deliveries, order: graph.order)
            {
                faults.append("\(violation)")
            }
            if !graph.anomalies.isEmpty { faults.append("\(graph.anomalies)") }
        }
    }

    /// `RIDEALONG_SEED=n` tries one, `RIDEALONG_SEEDS=n` so many.
    static var seeds: [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["RIDEALONG_SEED"].flatMap(UInt64.init) { return [one] }
        return Array(1...(environment["RIDEALONG_SEEDS"].flatMap(UInt64.init) ?? 300))
    }

    @Test func whatIsFoundIsTrue() {
        var (recorded, right, wrong, operations) = (0, 0, 0, 0)
        for seed in Self.seeds {
            let trial = Trial(seed: seed)
            recorded += trial.recorded
            right += trial.right
            wrong += trial.wrong
            operations += trial.graph.order.count
            if !trial.faults.isEmpty { Issue.record("RIDEALONG_SEED=\(seed): \(trial.faults.prefix(5).joined(separator: "\n"))") }
        }
        print("\(operations) operations, \(recorded) endpoints with a recorded partner: \(right) joined to it; \(wrong) joined wrongly")
    }
}
