public import RRTrace
public import RunModel

/// Follows one node's history frame by frame, to tell what the numbers in its calls stand for at each of them: descriptors, tasks.
///
/// It numbers endpoints as `NodeReading` does, and keeps no operations: memory grows with the number of endpoints and open files.
public struct DescriptorWalk {
    /// What a descriptor names.
    public enum Meaning: Hashable, Sendable {
        /// The endpoint with this serial.
        case endpoint(Int32)
        /// Something else that was followed so far: a word or two for people.
        case other(String)
    }

    private var tracker: EndpointTracker

    /// A walk that stands before the first frame of `trace`; `inherited` are the descriptors that its program was started with.
    public init(_ trace: TraceDirectory, node: NodeID, inherited: [Sidecar.InheritedFile] = []) {
        tracker = EndpointTracker(trace, node: node)
        tracker.keepsOperations = false
        tracker.inherit(inherited)
    }

    /// Takes the next frame. What is asked afterwards is answered as of then: a descriptor that a `close` names is gone when that has
    /// been entered, one that an `accept` makes is there when that has returned.
    public mutating func take(_ frame: borrowing FrameCursor, _ data: inout DataReader) { tracker.take(frame, &data) }

    /// What descriptor `number` of `task` names; `nil` for what is not followed (files, terminals). O(1).
    public mutating func meaning(of number: Int32, task: Int32) -> Meaning? {
        guard let task = tracker.tasks.index(of: task), let file = tracker.file(number, task) else { return nil }
        if let serial = tracker.files[file].endpoint { return .endpoint(serial) }
        switch tracker.files[file].kind {
        case .tcp: return .other("tcp")
        case .unixStream: return .other("unix")
        case .unixSequenced: return .other("unix-seqpacket")
        case .unixDatagram: return .other("unix-dgram")
        case .udp: return .other("udp")
        case .pipe: return .other("pipe")
        case .unknownSocket: return .other("socket")
        case .other(let name): return .other(name)
        }
    }

    /// The process (thread group id) of `task`; `nil` for a task that has not been seen, or is gone. O(1).
    public mutating func process(of task: Int32) -> Int32? {
        tracker.tasks.index(of: task).map { tracker.tasks.processes[tracker.tasks[$0].process].record.id }
    }
}
