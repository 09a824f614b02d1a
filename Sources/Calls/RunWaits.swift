import Endpoints
public import RunModel
public import RunStore

/// Who waits for whom, at a cut of a run.
public struct RunWaits: Sendable {
    /// The cut, in words.
    public let cut: String
    /// All tasks that wait, by node and by where they began to.
    public let waits: [Wait]
    /// The circles among them.
    public let deadlocks: [[Wait]]

    /// The waits when everything that stands before `position` in the total order had happened; without a position, at the end of the run.
    ///
    /// Reads all traces up to the cut. Memory: that of one trace's reader for each node, and the tasks.
    ///
    /// - Throws: `IndexError` or `TraceError` if the index or a trace cannot be read.
    public init(_ index: RunIndex, at position: Position?) throws {
        let names = try EndpointNames(index)
        let cut = try position.map { try Cut(index, at: $0) } ?? Cut(atEndOf: index)
        var nodes: [(reader: CallReader, waiting: [WaitingCall])] = []
        for number in index.nodes.indices {
            let reader = try CallReader(of: NodeID(number), in: index, names)
            nodes.append((reader, reader.waiting { moment, time in cut.limits[number].excludes(moment, time) }))
        }
        let traffic = try index.nodes.indices.map { try Traffic(index.operations(of: NodeID($0)), cut.limits[$0]) }
        var waits: [Wait] = []
        var tasks: [ProcessRef: Int] = [:]
        for (number, node) in nodes.enumerated() {
            let id = NodeID(number)
            for process in node.reader.walk.livingProcesses { tasks[ProcessRef(node: id, process: process.id)] = process.tasks.count }
            for waiting in node.waiting {
                var wait = Wait(waiting, id)
                if case .peers(let serials) = waiting.waker {
                    for serial in serials {
                        let end = EndpointID(node: id, serial: Int(serial))
                        guard case .endpoints(let others) = names.peer(of: end), !others.isEmpty else {
                            wait.isOpen = true
                            continue
                        }
                        let holders = others.flatMap { other in
                            nodes[Int(other.node.index)].reader.walk.holders(of: other.serial).map {
                                ProcessRef(node: other.node, process: $0)
                            }
                        }
                        wait.on = Set(wait.on + holders).sorted()
                        // What went through the syscall buffer is not counted: nothing can be said.
                        if try others.contains(where: { try index.endpoint($0).opaqueFrom != nil }) && wait.reason != .room {
                            wait.isOpen = true
                        }
                        if wait.reason != .room, Traffic.isOnTheWay(to: end, from: others, traffic) { wait.isOver = true }
                    }
                    if wait.on.isEmpty { wait.isOpen = true }
                }
                waits.append(wait)
            }
            Self.settle(&waits, of: id, node.reader, node.waiting)
        }
        self.cut = cut.words
        self.waits = waits
        deadlocks = Deadlocks.find(waits, tasks: tasks)
    }

    /// Marks those waits of a node that are over because the call just goes on: a send that found room, a thread that has been woken.
    private static func settle(_ waits: inout [Wait], of node: NodeID, _ reader: CallReader, _ waiting: [WaitingCall]) {
        let uncertain = waiting.filter { [.room, .threads].contains($0.reason) && !$0.isOpen }
        let results = reader.laterResults(of: Set(uncertain.map(\.call.task)))
        for index in waits.indices where waits[index].process.node == node {
            guard let result = results[waits[index].task], let call = uncertain.first(where: { $0.call.task == waits[index].task })?.call
            else { continue }
            // A send that had to wait is cut short by the signal that ends it.
            let asked = ["write", "sendto"].contains(call.name) ? Int64(clamping: call.values[2]) : 1
            waits[index].isOver = waits[index].reason == .threads ? result == 0 : result >= asked
        }
    }
}

extension Wait {
    /// What one node tells of a wait.
    fileprivate init(_ waiting: WaitingCall, _ node: NodeID) {
        var processes: [ProcessRef] = []
        if case .processes(let own) = waiting.waker { processes = own.map { ProcessRef(node: node, process: $0) } }
        self.init(
            process: ProcessRef(node: node, process: waiting.call.process), task: waiting.call.task, entered: waiting.call.entered,
            name: waiting.call.name, arguments: waiting.arguments, reason: waiting.reason, on: processes, isOpen: waiting.isOpen)
    }
}

/// How many bytes each endpoint of a node had sent and received at a cut.
private struct Traffic {
    private var sent: [Int32: UInt64] = [:]
    private var received: [Int32: UInt64] = [:]
    /// Endpoints that have ended their stream.
    private var ended: Set<Int32> = []

    /// The operations of a node that are in the cut. Linear in them.
    init(_ stream: OperationStream, _ limit: Cut.Limit) throws(IndexError) {
        for number in 0..<stream.count {
            let operation = try stream.operation(number)
            if limit.excludes(operation.at, operation.earliest) { break }
            switch operation.kind {
            case .send where operation.result > 0: Self.add(operation, to: &sent)
            case .receive where operation.result > 0: Self.add(operation, to: &received)
            case .shutdown where operation.endsSending: ended.insert(operation.endpoint)
            default: break
            }
        }
    }

    private static func add(_ operation: RunModel.Operation, to account: inout [Int32: UInt64]) {
        account[operation.endpoint, default: 0] &+= UInt64(clamping: operation.result)
    }

    /// Whether `end` had something to take, or an end of its stream to see, at the cut.
    static func isOnTheWay(to end: EndpointID, from others: [EndpointID], _ nodes: [Traffic]) -> Bool {
        let sent = others.reduce(UInt64(0)) { $0 &+ (nodes[Int($1.node.index)].sent[$1.serial] ?? 0) }
        let isEnded = others.contains { nodes[Int($0.node.index)].ended.contains($0.serial) }
        return isEnded || sent > nodes[Int(end.node.index)].received[end.serial] ?? 0
    }
}
