import Capture
import Endpoints
import RRTrace
import RunModel

/// Calls that went through rr's syscall buffer: they have no frames, but records in a flush.
extension CallReader {
    /// Tells of the calls since the last flush; of those up to the first that is beyond a cut, if one is: then it returns `false`.
    @discardableResult
    func takeFlush(until isBeyond: (_ moment: Moment, _ time: Int64) -> Bool = { _, _ in false }) -> Bool {
        guard var flush = walk.beginFlush(frames, &data) else { return true }
        while let flushed = walk.next(in: &flush, frames) {
            if isBeyond(flushed.moment, frames.time) {
                walk.endFlush(flush, frames)
                return false
            }
            self.flushed = flushed.moment
            var call = pendingCall(flushed, flush)
            let isKnown = flushed.captured != nil && call.isWanted
            // What its descriptors name is asked before the call can change it, and again when it has made some.
            if isKnown { learn(&call) }
            walk.take(flushed, in: &flush, frames, &data)
            if isKnown { learn(&call) }
            guard isTelling else {
                if flushed.captured != nil { watch(call, result: flushed.record.result) }
                continue
            }
            buffered = flushed
            tell(of: flushed, call)
            buffered = nil
        }
        walk.endFlush(flush, frames)
        return true
    }

    private func pendingCall(_ flushed: FlushedCall, _ flush: BufferFlush) -> PendingCall {
        // Calls of other architectures are not captured.
        let architecture = flushed.captured == nil ? frames.architecture ?? .x86_64 : .x86_64
        let (name, shape) = CallNumbers.entry(Int32(flushed.record.number), architecture)
        let process = walk.process(of: frames.task) ?? frames.task
        var call = PendingCall(
            name: name, shape: shape, architecture: architecture, task: frames.task, process: process, entered: flushed.moment,
            time: frames.time, values: flushed.captured?.arguments ?? Array(repeating: 0, count: 6),
            isWanted: filter.admits(name, task: frames.task, process: process))
        (call.captured, call.buffer) = (flushed.captured, flush.addresses)
        return call
    }

    private func tell(of flushed: FlushedCall, _ call: PendingCall) {
        let result = flushed.record.result
        guard hasStarted, call.isWanted, !flushed.isOwn, !call.isLook(result) else { return }
        if flushed.captured == nil, capture == nil { hiddenCalls += 1 }
        guard filter.admits(call.meanings.map(\.1) + [flushed.captured == nil ? nil : made(by: call, result)], result: result)
        else { return }
        var line = call.line
        line.result = result
        if flushed.captured == nil {
            line.kind = .buffered
            line.outcome = Self.plainOutcome(result, call.shape)
            line.arguments = clock(call.name, flushed)
        } else {
            line.arguments = arguments(of: call, result: result)
            line.outcome = outcome(of: call, result)
            line.returned = flushed.moment
        }
        lines.append(line)
    }
}

extension CallReader {
    /// The arguments of a call that asked for the time, of which only the answer is known; none for others.
    private func clock(_ name: String, _ flushed: FlushedCall) -> [String] {
        guard name == "gettimeofday" || name == "clock_gettime", flushed.record.result == 0, let written = flushed.written,
            written.size >= 16, let bytes = data.read(written, address: written.address, count: 16)
        else { return [] }
        return name == "gettimeofday" ? [Self.time(bytes, 0, "usec"), "?"] : ["?", Self.time(bytes, 0, "nsec")]
    }
}

extension PendingCall {
    /// Whether rr has made this call, which is in the syscall buffer and returned `result`, for itself: before it waits for something, it
    /// looks whether it has to.
    func isLook(_ result: Int64) -> Bool {
        guard captured != nil, result == 0 else { return false }
        switch name {
        case "poll": return values[2] & 0xffff_ffff != 0
        case "epoll_wait", "epoll_pwait": return values[3] & 0xffff_ffff != 0
        default: return false
        }
    }
}
