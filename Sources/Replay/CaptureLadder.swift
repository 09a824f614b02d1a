public import Capture
import Recorder
import RunModel

extension CapturePass {
    /// Replays in the quickest way that works here: the ring; int3, which the agent itself chooses if rr's page is not as the ring needs
    /// it, and which is tried if the replay fails with the ring; the debug server, if the agent does not know rr's page, or is not there.
    ///
    /// - Returns: the capture, and why it was not made by the ring.
    public func runInBestWay(
        into path: String, progress: ((UInt64) -> Void)? = nil
    ) throws(ReplayError) -> (file: CaptureFile, note: String?) {
        var first: ReplayError?
        var reason = ""
        ladder: for way in [Mode.ring, .int3] {
            do throws(ReplayError) {
                let file = try trying(way, into: path, progress)
                if file.fallback != .slotUnknown {
                    if first == nil, file.fallback != .pageInUse { return (file, nil) }
                    return (file, "by int3 instead of the ring: \(first?.description ?? "rr's page has something where the ring would be")")
                }
                reason = "rr's page has other instructions than the agent knows"
                break
            } catch {
                switch error {
                case .replayFailed:
                    // Perhaps it was the agent's fault; what matters is what went wrong first.
                    if way == .int3 { throw first ?? error }
                    first = error
                case .notCaptured:
                    reason = error.description
                    break ladder
                default: throw error
                }
            }
        }
        return (try trying(.remote, into: path, progress), "by rr's debug server instead of the agent: \(reason)")
    }

    private func trying(_ way: Mode, into path: String, _ progress: ((UInt64) -> Void)?) throws(ReplayError) -> CaptureFile {
        var pass = self
        pass.mode = way
        if way == .remote {
            // try?: an rr that does not tell its version is spoken to as before
            pass.version = (try? RRVersion.of(rr.executable)) ?? version
        }
        return try pass.run(into: path, progress: progress)
    }
}
