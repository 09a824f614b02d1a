import RRTrace
import RunModel

/// What leads from one process of the node to another.
extension EndpointTracker {
    /// Adds a link.
    mutating func link(_ kind: Link.Kind, from: Moment, _ fromProcess: Int32, to: Moment, _ toProcess: Int32) {
        reading.activity.links.append(Link(kind: kind, from: from, fromProcess: fromProcess, to: to, toProcess: toProcess))
    }
}
