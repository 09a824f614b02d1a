import Capture
import Foundation
import Replay
import RunModel
import TestSupport
import Testing

/// Replays that go wrong, acted by other programs in rr's place.
@Suite("Capture pass")
struct PassTests {
    /// Runs a pass over nothing, with a shell script for rr, in a new directory; what it says, and what it leaves there.
    private func run(
        _ script: String, patience: Duration = .seconds(30), body: ((CapturePass, String) throws(ReplayError) -> Void)? = nil
    ) throws -> (error: ReplayError?, left: [String]) {
        try withTemporaryDirectory { directory in
            // `replay -a` and the rest are the script's own arguments.
            var rr = RRInvocation(executable: "/bin/sh", globalOptions: ["-c", script, "rr"])
            // A whole capture without calls, for scripts that act as if they had an agent.
            let good = directory.appendingPathComponent("good")
            try Data(CaptureBytes().bytes).write(to: good)
            rr.environment["GOOD"] = good.path
            let pass = CapturePass(trace: "/nowhere", rr: rr, bufferHeaderSize: 30, patience: patience)
            var caught: ReplayError?
            do throws(ReplayError) {
                let path = directory.appendingPathComponent("calls").path
                if let body { try body(pass, path) } else { _ = try pass.run(into: path) }
            } catch {
                caught = error
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            return (caught, left.filter { $0.hasPrefix("calls") })
        }
    }

    @Test("a replay that goes well leaves its capture")
    func good() throws {
        let (error, left) = try run("cp $GOOD $RIDEALONG_CAPTURE")
        #expect(error == nil && left == ["calls"])
    }

    @Test("a replay that fails says so, with what rr said, and leaves nothing")
    func failed() throws {
        let (error, left) = try run("cp $GOOD $RIDEALONG_CAPTURE; echo the tracee is gone >&2; exit 3")
        #expect(error == .replayFailed(trace: "/nowhere", event: 0, end: "exit code 3", saying: "rr said: the tracee is gone"))
        #expect(left == [])
    }

    @Test("rr that is killed has failed, whatever it captured")
    func killed() throws {
        let (error, left) = try run("cp $GOOD $RIDEALONG_CAPTURE; kill -9 $$")
        #expect(error == .replayFailed(trace: "/nowhere", event: 0, end: "signal 9", saying: "rr said nothing"))
        #expect(left == [])
    }

    @Test("a replay that hangs is ended")
    func hung() throws {
        let start = ContinuousClock.now
        let (error, left) = try run("exec sleep 60", patience: .seconds(1))
        #expect(error == .hung(trace: "/nowhere", event: 0, seconds: 1) && left == [])
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test("a replay without the agent is no capture")
    func agentMissing() throws {
        let (error, left) = try run("exit 0")
        guard case .notCaptured = error else { return #expect(Bool(false), "\(error.debugDescription)") }
        #expect(left == [])
    }

    @Test("a full disk is named")
    func noSpace() throws {
        let (error, _) = try run(
            "cp $GOOD $RIDEALONG_CAPTURE; printf '\\002' | dd of=$RIDEALONG_CAPTURE bs=1 seek=28 conv=notrunc 2>/dev/null")
        guard case .noSpace = error else { return #expect(Bool(false), "\(error.debugDescription)") }
    }

    @Test("a replay that fails with the ring is tried with int3, and it is said why")
    func secondWay() throws {
        var note: String?
        let (error, left) = try run("[ $RIDEALONG_CAPTURE_MODE = int3 ] && cp $GOOD $RIDEALONG_CAPTURE") { pass, path throws(ReplayError) in
            note = try pass.runInBestWay(into: path).note
        }
        #expect(error == nil && left == ["calls"])
        #expect(note?.hasPrefix("by int3 instead of the ring: the replay of /nowhere failed") == true, "\(note ?? "none")")
    }

    @Test("a replay that fails in both ways says what was wrong first")
    func noWay() throws {
        let (error, _) = try run("echo with $RIDEALONG_CAPTURE_MODE; exit 1") { pass, path throws(ReplayError) in
            _ = try pass.runInBestWay(into: path)
        }
        #expect(error == .replayFailed(trace: "/nowhere", event: 0, end: "exit code 1", saying: "rr said: with ring"))
    }

    @Test("a page that the agent does not know is left to the debug server", arguments: [true, false])
    func thirdWay(isThere: Bool) throws {
        let unknown = "cp $GOOD $RIDEALONG_CAPTURE; printf '\\003' | dd of=$RIDEALONG_CAPTURE bs=1 seek=36 conv=notrunc 2>/dev/null"
        // There is no trace for it to serve.
        let (error, _) = try run(isThere ? unknown : "exit 0") { pass, path throws(ReplayError) in
            _ = try pass.runInBestWay(into: path)
        }
        guard case .notCaptured(_, let detail) = error else { return #expect(Bool(false), "\(error.debugDescription)") }
        #expect(detail.contains("/nowhere") && !detail.contains("calls.partial"))
    }
}
