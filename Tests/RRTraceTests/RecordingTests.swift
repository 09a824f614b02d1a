import Foundation
import RRTrace
import TestSupport
import Testing

/// What real traces must contain, whatever `rr dump` says.
@Suite struct RecordingTests {
    @Test func aServersTraceHoldsTheRequestsItRead() throws {
        let trace = try TraceDirectory(path: Recordings.redis.get().path)
        var data = try DataReader(trace)
        let (payloads, _) = try readFrames(trace) { frame -> String? in
            guard let call = frame.syscall, call.state == .exiting, Syscall(call.number, call.architecture) == .read, frame.result > 0,
                let write = frame.memoryWrite(containing: frame.argument(1)),
                let bytes = data.read(write, address: frame.argument(1), count: Int(frame.result))
            else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
        let requests = payloads.compactMap { $0 }.filter { $0 == "*2\r\n$4\r\nincr\r\n$7\r\ncounter\r\n" }
        #expect(requests.count == 60)
        #expect(data.anomalies.isEmpty)
    }

    @Test(arguments: [false, true])
    func bothEndsOfAConnectionKnowTheSameAddresses(isBuffered: Bool) throws {
        let trace = try TraceDirectory(path: (isBuffered ? Recordings.bufferedThreads : Recordings.threads).get().path)
        let (found, _) = try readFrames(trace) { frame -> (call: Syscall?, local: SocketAddress?, remote: SocketAddress?)? in
            guard let addresses = frame.socketAddresses(), let call = frame.syscall else { return nil }
            return (
                Syscall(call.number, call.architecture), SocketAddress(recordedLocal: addresses.local),
                SocketAddress(recordedRemote: addresses.remote)
            )
        }
        let sockets = found.compactMap { $0 }
        let connected = sockets.filter { $0.call == .connect }
        let accepted = sockets.filter { $0.call == .accept4 || $0.call == .accept }
        #expect(connected.count == 2 && accepted.count == 2)
        for one in connected {
            let count = accepted.count { $0.local == one.remote && $0.remote == one.local && one.local?.port != 0 }
            #expect(count == 1, "\(one) among \(accepted)")
        }
        #expect(Set(connected.map { $0.local?.family }) == [SocketAddress.ipv4, SocketAddress.ipv6])
    }

    @Test func aSignalNamesItsSender() throws {
        let trace = try TraceDirectory(path: Recordings.pipeline.get().path)
        let (found, _) = try readFrames(trace) { frame in (frame.kind, frame.task, frame.signal) }
        let handled = found.filter { $0.0 == .signalHandler && $0.2?.number == SIGUSR1 }
        #expect(handled.count == 3)
        #expect(handled.allSatisfy { $0.2?.sender == $0.1 && $0.2?.code == 0 && $0.2?.disposition == .userHandler })
    }

    @Test func timeAndDataOffsetsNeverGoBack() throws {
        let trace = try TraceDirectory(path: Recordings.bufferedPipeline.get().path)
        let (frames, _) = try readFrames(trace) { ($0.time, $0.dataOffset) }
        #expect(zip(frames, frames.dropFirst()).allSatisfy { $0.0.0 <= $0.1.0 && $0.0.1 <= $0.1.1 })
    }

    @Test func aTraceThatRRGaveUpIsReadToTheEnd() throws {
        guard let recording = try Recordings.failed.get() else { return }
        let trace = try TraceDirectory(path: recording.path)
        guard trace.state == .failed else { return }  // A later rr does not give up on such a call.
        let (states, anomalies) = try readFrames(trace) { $0.syscall?.state }
        #expect(trace.header?.ok == false && states.last == .entering && anomalies.isEmpty)
    }

    @Test func aTraceWhoseRecorderWasKilledIsReadAsFarAsItGoes() throws {
        var live: (state: TraceDirectory.State, frames: Int)?
        let program = "import os\nwhile True: os.stat('/')"
        let recording = try RecordedTrace.make("killed", syscallBuffer: false, ["/usr/bin/python3", "-S", "-c", program]) { recorder in
            let directory = RecordedTrace.path(of: "killed")
            try wait(for: "events") { (try? Data(contentsOf: directory.appendingPathComponent("events")).count) ?? 0 > 100_000 }
            let trace = try TraceDirectory(path: directory.path)
            live = (trace.state, try readEverything(trace).frames)
            let rr = try #require(try findRR(from: recorder.pid))
            kill(rr, SIGKILL)
        }
        #expect(live?.state == .recording && live?.frames ?? 0 > 5000)
        let trace = try TraceDirectory(path: recording.path)
        #expect(trace.state == .interrupted && trace.header == nil)
        let (frames, anomalies) = try readEverything(trace)
        #expect(frames >= live?.frames ?? 0)
        #expect(Set(anomalies.map(\.name)).isSubset(of: ["truncated-message", "data-beyond-stream"]), "\(anomalies)")
    }

    /// The process id of the rr that process `pid` is, or has started.
    private func findRR(from pid: Int32) throws -> Int32? {
        if try String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8) == "rr\n" { return pid }
        for child in try childProcesses(of: pid) { if let rr = try findRR(from: child) { return rr } }
        return nil
    }
}
