public import Causality
import RRTrace
public import RunModel
public import RunStore

extension RunIndex {
    /// A position, and the process that it is of: that of the operation there, or else of the event, looked up in the trace.
    ///
    /// Reads the trace up to the event if no operation is at `position`.
    ///
    /// - Throws: `IndexError` if the index cannot be read, `TraceError` if the trace cannot.
    public func place(of position: Position) throws -> Place {
        let stream = operations(of: position.node)
        if let index = try stream.operations(at: position.moment).first {
            return Place(position, process: try stream.operation(index).process)
        }
        let trace = try TraceDirectory(path: nodes[Int(position.node.index)].tracePath)
        return Place(position, process: try EventPlace.find(position.moment.event, in: trace)?.process)
    }
}
