public import Capture
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

    /// A walk that stands before the first frame of `trace`; `inherited` are the descriptors that its program was started with;
    /// `capture` must be given if `NodeReading` had it.
    public init(
        _ trace: TraceDirectory, node: NodeID, inherited: [Sidecar.InheritedFile] = [], capture: CaptureFile? = nil
    ) {
        tracker = EndpointTracker(trace, node: node, capture: capture)
        tracker.keepsOperations = false
        tracker.inherit(inherited)
    }

    /// Takes the next frame. What is asked afterwards is answered as of then: a descriptor that a `close` names is gone when that has
    /// been entered, one that an `accept` makes is there when that has returned.
    public mutating func take(_ frame: borrowing FrameCursor, _ data: inout DataReader) { tracker.take(frame, &data) }

    /// What a replay has captured of the call that the last frame entered, if it did.
    public var captured: CapturedCall? { tracker.latestCaptured }

    /// Takes a frame that flushes the syscall buffer, without the calls in it: those are taken one by one, and the flush is then ended.
    /// `nil` if there is nothing more to take.
    public mutating func beginFlush(_ frame: borrowing FrameCursor, _ data: inout DataReader) -> BufferFlush? {
        tracker.beginFlush(frame, &data)
    }

    /// The next call of the flush, which has not happened yet; `nil` after the last.
    public mutating func next(in flush: inout BufferFlush, _ frame: borrowing FrameCursor) -> FlushedCall? {
        tracker.next(in: &flush, frame)
    }

    /// Lets a call of the flush happen: its entry and its return.
    public mutating func take(_ call: FlushedCall, in flush: inout BufferFlush, _ frame: borrowing FrameCursor, _ data: inout DataReader) {
        tracker.take(call, in: &flush, frame, &data)
    }

    /// Ends the flush, after its last call.
    public mutating func endFlush(_ flush: BufferFlush, _ frame: borrowing FrameCursor) { tracker.endFlush(flush, frame) }

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
        case .eventCounter: return .other("eventfd")
        case .other(let name): return .other(name)
        }
    }

    /// The process (thread group id) of `task`; `nil` for a task that has not been seen, or is gone. O(1).
    public mutating func process(of task: Int32) -> Int32? {
        tracker.tasks.index(of: task).map { tracker.tasks.processes[tracker.tasks[$0].process].record.id }
    }

    /// A process that lives.
    public struct LivingProcess: Hashable, Sendable {
        /// Its thread group id.
        public let id: Int32
        /// Its parent's, if that is recorded.
        public let parent: Int32?
        /// Its threads.
        public let tasks: [Int32]
    }

    /// The processes that live now, in order of their ids.
    public var livingProcesses: [LivingProcess] {
        let groups = Dictionary(grouping: tracker.tasks.all) { tracker.tasks[$0].process }
        return groups.map { process, tasks in
            let record = tracker.tasks.processes[process].record
            return LivingProcess(id: record.id, parent: record.parent, tasks: tasks.map { tracker.tasks[$0].id })
        }.sorted { $0.id < $1.id }
    }

    /// The living processes that have a descriptor of the endpoint `serial`, in order of their ids. O(descriptors of all).
    public func holders(of serial: Int32) -> [Int32] {
        let holding = tracker.tasks.all.filter { task in
            tracker.tables[tracker.tasks[task].table].slots.values.contains { tracker.files[$0.file].endpoint == serial }
        }
        return Set(holding.map { tracker.tasks.processes[tracker.tasks[$0].process].record.id }).sorted()
    }
}
