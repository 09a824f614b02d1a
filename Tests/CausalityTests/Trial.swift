import Causality
import Matching
import RunModel
import TestSupport

/// One world, what was found in it, and what is wrong with that.
struct Trial {
    let simulation: Simulation
    let matches: Matches
    let graph: CausalGraph
    var faults: [String] = []
    /// How many endpoints have a recorded partner, how many of all were joined to another, and how many rightly, by evidence and kind.
    var (recorded, wrong) = (0, 0)
    var right: [String: Int] = [:]

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
            var evidence = ""
            if index >= 0 {
                let channel = matches.channels[Int(index)]
                evidence = "\(channel.kind) by \(channel.evidence)"
                if case .endpoint(let a) = channel.a, case .endpoint(let b) = channel.b { found = a == id ? b : a }
            }
            if truth != nil { recorded += 1 }
            if found == truth && truth != nil { right[evidence, default: 0] += 1 }
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
        if simulation.hasExactTimes && (0..<graph.order.count).map({ graph.order.operation(atRank: $0) }) != simulation.order {
            faults.append("all times are exact, but the order is not the true one")
        }
        let violations = verify(
            nodes: simulation.nodes, channels: matches.channels, deliveries: matches.deliveries, totals: matches.totals, order: graph.order)
        faults += violations.map(\.description)
        if !graph.anomalies.isEmpty { faults.append("\(graph.anomalies)") }
    }
}
