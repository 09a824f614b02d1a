/// What `ridealong record` writes beside a trace (`node.json`), because the trace itself does not hold it.
///
/// Every field but `format` and `node` is optional when read: a sidecar may have been written by another version,
/// or by a recorder that died before the end.
public struct Sidecar: Codable, Hashable, Sendable {
    /// The version of this format.
    public static let currentFormat = 1

    /// Which counters rr used to name places in the program; a trace replays only under the same ones.
    public struct Counters: Codable, Hashable, Sendable {
        /// The two kinds.
        public enum Kind: String, Codable, Sendable {
            /// The CPU's performance counters.
            case hardware
            /// Ridealong's library, preloaded into rr.
            case software
        }
        /// The kind.
        public var kind: Kind
        /// For software counters, how far a task's count grows at each traced system call.
        public var tick: Int?
        /// For software counters, the CPU that rr was told it runs on.
        public var microarchitecture: String?

        /// Counters of `kind`.
        public init(kind: Kind, tick: Int? = nil, microarchitecture: String? = nil) {
            self.kind = kind
            self.tick = tick
            self.microarchitecture = microarchitecture
        }
    }

    /// CLOCK_MONOTONIC and CLOCK_REALTIME read at the same time, in nanoseconds.
    public struct ClockPair: Codable, Hashable, Sendable {
        /// CLOCK_MONOTONIC.
        public var monotonic: Int64
        /// CLOCK_REALTIME.
        public var realtime: Int64

        /// A pair of readings.
        public init(monotonic: Int64, realtime: Int64) {
            self.monotonic = monotonic
            self.realtime = realtime
        }
    }

    /// A file descriptor that the recorded program inherited.
    public struct InheritedFile: Codable, Hashable, Sendable {
        /// Its number.
        public var number: Int32
        /// What `/proc/self/fd/NUMBER` links to, such as `pipe:[4711]` or `socket:[4712]`.
        public var link: String
        /// Its open flags, as in `/proc/self/fdinfo`.
        public var flags: Int32?
        /// For a socket: its own address.
        public var local: String?
        /// For a socket: its peer's address.
        public var remote: String?

        /// The descriptor `number`, which is `link`.
        public init(number: Int32, link: String, flags: Int32? = nil, local: String? = nil, remote: String? = nil) {
            self.number = number
            self.link = link
            self.flags = flags
            self.local = local
            self.remote = remote
        }
    }

    /// The launcher that gave the process its rank.
    public struct Launcher: Codable, Hashable, Sendable {
        /// The environment variable that said so.
        public var variable: String
        /// The rank.
        public var rank: Int

        /// Rank `rank`, from the environment variable `variable`.
        public init(variable: String, rank: Int) {
            self.variable = variable
            self.rank = rank
        }
    }

    /// The version of the format this sidecar is in.
    public var format: Int
    /// The node's name.
    public var node: String
    /// The host's name.
    public var host: String?
    /// The kernel's boot id (`/proc/sys/kernel/random/boot_id`).
    public var bootID: String?
    /// Inodes of the recorder's namespaces: keys `net`, `time`, `pid`, `mnt`.
    public var namespaces: [String: UInt64]?
    /// `/proc/self/timens_offsets`, by clock name: seconds and nanoseconds added, as one number of nanoseconds.
    public var timeOffsets: [String: Int64]?
    /// The addresses of the host's interfaces, as text, without ports.
    public var addresses: [String]?
    /// The container's id, if the recorder ran in one.
    public var container: String?
    /// The kernel's connection-tracking entries, if they could be read: they show address translation.
    public var conntrack: [String]?
    /// Clock readings when the recording began.
    public var started: ClockPair?
    /// Clock readings when it ended.
    public var ended: ClockPair?
    /// The command recorded.
    public var command: [String]?
    /// The directory it was started in.
    public var workingDirectory: String?
    /// The version of rr, such as `5.6.0`.
    public var rrVersion: String?
    /// The counters used.
    public var counters: Counters?
    /// Whether rr's syscall buffer was on.
    public var syscallBuffer: Bool?
    /// Descriptors that the program inherited.
    public var inheritedFiles: [InheritedFile]?
    /// The value of SSLKEYLOGFILE, if it was set.
    public var sslKeyLogFile: String?
    /// The launcher's rank, if there was one.
    public var launcher: Launcher?

    /// A sidecar of the current format for the node called `node`.
    public init(node: String) {
        format = Self.currentFormat
        self.node = node
    }
}
