import Foundation
import TestSupport

/// The real traces that the reader is tested on.
enum Recordings {
    /// Processes, pipes and signals.
    static let pipeline = Result { try recordPipeline(syscallBuffer: false) }
    static let bufferedPipeline = Result { try recordPipeline(syscallBuffer: true) }
    /// Threads that talk through sockets, over IPv4 and IPv6.
    static let threads = Result { try recordThreads(syscallBuffer: false) }
    static let bufferedThreads = Result { try recordThreads(syscallBuffer: true) }
    /// A server with many clients, which are not recorded.
    static let redis = Result { try recordRedis() }
    /// A 32-bit program; `nil` where the compiler makes none.
    static let program32 = Result { try recordInt80(bits: 32) }
    /// 32-bit calls in a 64-bit task: rr 5.6 gives up on one of them.
    static let failed = Result { try recordInt80(bits: 64) }

    /// All that are compared with `rr dump`, by name.
    static let all: [(name: String, trace: Result<RecordedTrace?, any Error>)] = [
        ("pipeline", pipeline.map { $0 }), ("buffered pipeline", bufferedPipeline.map { $0 }), ("threads", threads.map { $0 }),
        ("buffered threads", bufferedThreads.map { $0 }), ("redis", redis.map { $0 }), ("32 bits", program32), ("failed", failed),
    ]

    private static func recordPipeline(syscallBuffer: Bool) throws -> RecordedTrace {
        let script =
            "trap : USR1; for i in 1 2 3; do echo $i | cat | tr 1-3 a-c; kill -USR1 $$; done; ls /usr/bin | sort -r | head -5 | wc -l"
        return try .make(syscallBuffer ? "pipeline-buffered" : "pipeline", syscallBuffer: syscallBuffer, ["bash", "-c", script])
    }

    private static func recordThreads(syscallBuffer: Bool) throws -> RecordedTrace {
        let script = """
            import os, socket, threading
            def serve(listener):
                peer, _ = listener.accept()
                while data := peer.recv(100): peer.sendall(data.upper())
            for family, host in (socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'):
                listener = socket.create_server((host, 0), family=family)
                thread = threading.Thread(target=serve, args=[listener]); thread.start()
                client = socket.create_connection(listener.getsockname()[:2])
                for size in 1, 10, 5000: client.sendall(b'x' * size); client.recv(size)
                client.close(); thread.join()
            os.system('exit 3')
            """
        return try .make(
            syscallBuffer ? "threads-buffered" : "threads", syscallBuffer: syscallBuffer, ["/usr/bin/python3", "-S", "-c", script])
    }

    private static func recordRedis() throws -> RecordedTrace {
        let port = try Ports.free()
        let client = ["redis-cli", "-p", "\(port)"]
        return try .make("redis", syscallBuffer: false, ["redis-server", "--port", "\(port)", "--save", "", "--appendonly", "no"]) {
            server in
            try Ports.wait(for: server, toListenOn: port)
            for _ in 0..<3 { try RecordedTrace.output(of: client + ["-r", "20", "incr", "counter"]) }
            try RecordedTrace.output(of: client + ["shutdown", "nosave"])
        }
    }

    private static func recordInt80(bits: Int) throws -> RecordedTrace? {
        return try withTemporaryDirectory { directory in
            let program = directory.appendingPathComponent("int80-\(bits)").path
            let options = ["-m\(bits)", "-O1", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-fno-stack-protector"]
            guard (try? RecordedTrace.output(of: ["gcc"] + options + ["-o", program, Programs.source("int80.c")])) != nil else {
                return nil
            }
            return try .make("int80-\(bits)", syscallBuffer: false, [program])
        }
    }
}
