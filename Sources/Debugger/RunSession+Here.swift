import Indexer
import RRTrace
import Replay
public import RunModel
import RunStore

/// What lies next to the place where the user stands.
extension RunSession {
    /// Where a thread stands, in the words of the run: behind the last event, or call of the syscall buffer, that was made.
    public struct Here {
        /// The process.
        public let debuggee: Debuggee
        /// The thread.
        public let task: Int32
        /// The position.
        public let position: Position
    }

    /// Where thread `task` of the process in focus stands; `nil` for the thread that stopped.
    public func here(_ task: Int32?) throws -> Here {
        guard let server else { throw DebugError.noMessage(position: "nowhere") }
        let debuggee = server.focus
        guard let node = index.node(named: debuggee.node) else { throw DebugError.noPosition(position: debuggee.node) }
        let task = task ?? debuggee.replay.task
        let event = try debuggee.replay.currentEvent()
        var moment = Moment(event: event)
        if let bytes = try debuggee.replay.bufferedBytes(), bytes > 0 {
            let trace = try TraceDirectory(path: debuggee.replay.subject.trace)
            moment = try Moment(after: event, of: task, bufferedBytes: bytes, in: trace) ?? moment
        }
        return Here(debuggee: debuggee, task: task, position: Position(node: node, moment: moment))
    }

    /// The next operation of the thread, or the last up to here, that satisfies a condition; searched in the node's order.
    func operation(
        near here: Here, forwards: Bool, where isWanted: (RunModel.Operation) -> Bool
    ) throws -> (ref: OperationRef, operation: RunModel.Operation)? {
        let stream = index.operations(of: here.position.node)
        var number = try stream.last(atOrBefore: here.position.moment) ?? -1
        if forwards { number += 1 }
        while number >= 0, number < stream.count {
            let operation = try stream.operation(number)
            if operation.task == here.task, isWanted(operation) {
                return (OperationRef(node: here.position.node, index: number), operation)
            }
            number += forwards ? 1 : -1
        }
        return nil
    }

    /// The send that the thread is about to make, or has just made: the one that it stands at, else the next thing it does on a
    /// channel, else the last thing that it did.
    func send(near here: Here) throws -> OperationRef? {
        let moves: (RunModel.Operation) -> Bool = { [.send, .receive].contains($0.kind) && $0.result > 0 }
        let before = try operation(near: here, forwards: false, where: moves)
        if let before, before.operation.kind == .send, before.operation.at == here.position.moment { return before.ref }
        if let next = try operation(near: here, forwards: true, where: moves), next.operation.kind == .send { return next.ref }
        return before.flatMap { $0.operation.kind == .send ? $0.ref : nil }
    }

    /// The last receive that the thread has made.
    func receive(near here: Here) throws -> OperationRef? {
        try operation(near: here, forwards: false) { $0.kind == .receive && $0.result > 0 }?.ref
    }
}
