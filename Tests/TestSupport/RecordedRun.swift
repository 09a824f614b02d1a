public import Foundation
import Synchronization

/// A run that a test records, and looks at, with the real `ridealong`.
public final class RecordedRun: Sendable {
    /// The run directory.
    public let directory: URL
    /// A directory beside it, for programs and their output.
    public let workshop: URL
    private let buffer: SyscallBuffer
    private let commands = Mutex<[Command]>([])

    /// Where a run lies.
    struct Place {
        let name: String
        let buffer: SyscallBuffer
        let chance: Chance
        let unknownBytes: Int

        /// The directory of the run and its workshop.
        var url: URL {
            Executables.directory.appendingPathComponent("recorded-tests/\(name)\(buffer == .on ? "-buffered" : "")")
        }
    }

    /// What is a matter of time, and so may differ between two runs of the same programs.
    public enum Chance: Sendable {
        case nothing
        /// In which order a server takes what clients ask, and so which of them gets which of its answers.
        case turns
        /// Into which pieces senders and receivers cut a stream.
        case pieces
        /// The same, and what is said to those who are not recorded.
        case outside
        /// Who talks to whom, or what is said.
        case everything
    }

    /// An empty run called `name`, in place of the one of an earlier time. `chance` says what is not compared between the modes;
    /// of `unknownBytes` that arrive, not even a replay tells what was sent: the kernel sent them out of a file.
    public convenience init(_ name: String, buffer: SyscallBuffer = .current, chance: Chance = .nothing, unknownBytes: Int = 0) throws {
        let place = Place(name: name, buffer: buffer, chance: chance, unknownBytes: unknownBytes)
        try RunJournal.clear(place.url)
        self.init(place)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(at: workshop, withIntermediateDirectories: true)
        RunJournal.current?.noteMaking(of: place)
    }

    /// The run at `place`.
    init(_ place: Place) {
        directory = place.url.appendingPathComponent("run")
        workshop = place.url.appendingPathComponent("workshop")
        buffer = place.buffer
    }

    /// A run called `name` with copies of some `nodes` of another.
    public convenience init(_ name: String, with nodes: [String], of other: RecordedRun, chance: Chance = .nothing) throws {
        try self.init(name, buffer: other.buffer, chance: chance)
        for node in nodes {
            try FileManager.default.copyItem(at: other.directory.appendingPathComponent(node), to: directory.appendingPathComponent(node))
        }
    }

    // A test that failed half-way leaves no process behind.
    deinit {
        let commands = commands.withLock { $0 }
        for command in commands { command.send(SIGTERM) }
        for command in commands {
            let deadline = Date(timeIntervalSinceNow: 5)
            while command.isRunning && Date() < deadline { usleep(10_000) }
            command.send(SIGKILL)
        }
    }

    /// Whether it has an index.
    var isIndexed: Bool { FileManager.default.fileExists(atPath: directory.appendingPathComponent(".ridealong").path) }

    /// Starts recording `command` as `node`, as another `user` if need be; `options` are those of `ridealong record`.
    public func record(
        _ command: [String], as node: String, by user: OrdinaryUser? = nil, options: [String] = [], environment: [String: String] = [:]
    ) throws -> Command {
        try start((user?.prefix ?? []) + recording(options + command, as: node), environment: environment)
    }

    /// The command that records `command` as `node`.
    public func recording(_ command: [String], as node: String) -> [String] {
        [Executables.ridealong.path, "record", "--run", directory.path, "--node", node, "--syscall-buffer", buffer.rawValue] + command
    }

    /// Starts a command that is not recorded.
    public func start(_ command: [String], environment: [String: String] = [:]) throws -> Command {
        RunJournal.current?.noteUse(of: directory.deletingLastPathComponent())
        let started = try Command(command, environment: environment, in: workshop)
        commands.withLock { $0.append(started) }
        return started
    }

    /// Ends recordings as their users would, by SIGTERM to the recorder, and waits for them.
    public func stop(_ recordings: Command...) throws {
        for recording in recordings { recording.send(SIGTERM) }
        for recording in recordings {
            let finished = try recording.finish(within: 30)
            guard [0, -SIGTERM, 128 + SIGTERM].contains(finished.status) else {
                throw Failure("after SIGTERM a recording ended with \(finished.status): \(finished.errors)")
            }
        }
    }

    /// Runs `ridealong ARGUMENTS` to its end, whatever that is.
    public func ridealong(_ arguments: [String]) throws -> Finished { try start([Executables.ridealong.path] + arguments).finish() }

    /// The rows of a listing, `ridealong COMMAND --json ARGUMENTS`; its first line must name it.
    public func lines(_ command: String, _ arguments: [String] = []) throws -> [Substring] {
        let finished = try start([Executables.ridealong.path, command, "--run", directory.path, "--json"] + arguments).succeed()
        let lines = finished.output.split(separator: "\n")
        guard lines.first == "{\"ridealong\":1,\"listing\":\"\(command)\"}" else {
            throw Failure("`ridealong \(command) --json` begins with ‘\(lines.first ?? "")’")
        }
        return Array(lines.dropFirst())
    }

    /// The rows of a listing, decoded.
    public func list<Row: Decodable>(_ command: String, _ arguments: [String] = [], as row: Row.Type = Row.self) throws -> [Row] {
        let decoder = JSONDecoder()
        return try lines(command, arguments).map { try decoder.decode(Row.self, from: Data($0.utf8)) }
    }
}

/// Ports for tests.
public enum Ports {
    /// A TCP port on which nobody listens. It lies below those that the kernel gives to clients, so that none of them takes it.
    public static func free(family: Int32 = AF_INET) throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: 20_000..<32_000)
            if try listeners().contains(port) { continue }
            let socket = socket(family, Int32(SOCK_STREAM.rawValue), 0)
            guard socket >= 0 else { throw Failure("no socket: \(String(cString: strerror(errno)))") }
            defer { close(socket) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
            if bound == 0 { return port }
        }
        throw Failure("no free port")
    }

    /// The ports on which anybody listens, on IPv4 or IPv6.
    public static func listeners() throws -> Set<UInt16> {
        var ports: Set<UInt16> = []
        for file in ["/proc/net/tcp", "/proc/net/tcp6"] where FileManager.default.fileExists(atPath: file) {
            for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").dropFirst() {
                let columns = line.split(separator: " ")
                guard columns.count > 3, columns[3] == "0A", let port = columns[1].split(separator: ":").last else { continue }
                if let number = UInt16(port, radix: 16) { ports.insert(number) }
            }
        }
        return ports
    }

    /// Waits until `server` listens on `port`, for as long as it runs.
    public static func wait(for server: Command, toListenOn port: UInt16) throws {
        try TestSupport.wait(for: "a listener on port \(port)") {
            guard server.isRunning else { throw Failure("the server has ended: \(try server.errors())\(try server.output())") }
            return try listeners().contains(port)
        }
    }
}

/// What several tests look at: made when the first asks for it, once for each way to record.
public final class MadeOnce<Value: Sendable>: Sendable {
    private let make: @Sendable () throws -> Value
    private let results = Mutex<[SyscallBuffer: Result<Value, any Error>]>([:])

    /// Something that `make` will make.
    public init(_ make: @escaping @Sendable () throws -> Value) { self.make = make }

    /// It, or why it could not be made.
    public func get() throws -> Value {
        try results.withLock { results in
            let result = results[.current] ?? Result { try make() }
            results[.current] = result
            return result
        }.get()
    }
}
