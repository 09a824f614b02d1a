import RRTrace
import RunModel

/// Calls that move bytes from one file to another inside the kernel: how many is known, which is not.
extension EndpointTracker {
    private static let brokenPipe: Int64 = -32

    /// splice, sendfile, tee, vmsplice have returned.
    mutating func moveInKernel(_ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall) {
        let result = frame.result
        switch call.syscall {
        case .splice:
            if result > 0 || (result == 0 && frame.argument(4) != 0) { drain(call.file, result, frame, task, call) }
            fill(call.other, result, frame, task, call)
        case .sendfile:
            if result > 0 || (result == 0 && frame.argument(3) != 0) { drain(call.other, result, frame, task, call) }
            fill(call.file, result, frame, task, call)
        case .tee:
            // The bytes stay where they are, too.
            if result > 0, let file = call.file, isUnderstood(file, frame, call),
                let serial = endpoint(of: file, .read, task, call, moved: true)
            {
                see(serial, frame, task, call, result: result)
            }
            fill(call.other, result, frame, task, call)
        case .vmsplice:
            if let file = call.file, files[file].access == .read {
                drain(file, result, frame, task, call)
            } else {
                fill(call.file, result, frame, task, call)
            }
        default: break
        }
    }

    /// `result` bytes were taken from `file`.
    private mutating func drain(
        _ file: Int?, _ result: Int64, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall
    ) {
        guard result >= 0, let file, isUnderstood(file, frame, call),
            let serial = endpoint(of: file, .read, task, call, moved: result > 0)
        else { return }
        transfer(.receive, serial, task, call, at: stamp(frame), latest: frame.time, result: result)
    }

    /// `result` bytes were given to `file`.
    private mutating func fill(
        _ file: Int?, _ result: Int64, _ frame: borrowing some CallView & ~Copyable, _ task: Int, _ call: PendingCall
    ) {
        guard result > 0 || result == Self.brokenPipe, let file, isUnderstood(file, frame, call),
            let serial = endpoint(of: file, .write, task, call, moved: result > 0)
        else { return }
        transfer(.send, serial, task, call, at: call.entered, latest: frame.time, result: result)
    }

    private mutating func isUnderstood(_ file: Int, _ frame: borrowing some CallView & ~Copyable, _ call: PendingCall) -> Bool {
        guard files[file].kind != .eventCounter else { return false }
        guard case .other(let name) = files[file].kind else { return true }
        if frame.result > 0 { note("not-understood", "\(call.syscall.rawValue) on \(name)", at: stamp(frame).moment) }
        return false
    }
}
