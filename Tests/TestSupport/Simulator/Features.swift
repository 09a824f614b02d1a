/// What a simulated world may contain.
public struct SimulationFeatures: OptionSet, Sendable {
    /// One bit for each.
    public let rawValue: UInt32

    /// The features of these bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Pipes, made in a node.
    public static let pipes = SimulationFeatures(rawValue: 1 << 0)
    /// Pipes that two nodes inherited, and FIFOs.
    public static let sharedPipes = SimulationFeatures(rawValue: 1 << 1)
    /// Several tasks and processes that use one endpoint at the same time.
    public static let severalTasks = SimulationFeatures(rawValue: 1 << 2)
    /// Connections that are reset, because one end closed without having read everything.
    public static let resets = SimulationFeatures(rawValue: 1 << 3)
    /// The syscall buffer: calls whose time is an interval, and whose moment is a call of a flush.
    public static let buffers = SimulationFeatures(rawValue: 1 << 4)

    /// What leads from process to process of a node, and memory that processes share.
    public static let links = SimulationFeatures(rawValue: 1 << 5)

    /// Unix sockets that keep messages apart, connected.
    public static let sequenced = SimulationFeatures(rawValue: 1 << 8)
    /// Unix datagrams.
    public static let unixDatagrams = SimulationFeatures(rawValue: 1 << 9)
    /// UDP: datagrams are lost, doubled and overtaken.
    public static let udp = SimulationFeatures(rawValue: 1 << 10)
    /// Messages that are cut short by the call that takes them.
    public static let truncation = SimulationFeatures(rawValue: 1 << 11)

    /// Calls that only look whether there is something to receive.
    public static let polls = SimulationFeatures(rawValue: 1 << 12)
    /// Calls by which sockets come to listen, and what they make possible.
    public static let listens = SimulationFeatures(rawValue: 1 << 13)

    /// Some nodes' traces tell what calls moved, much of which is alike.
    public static let payloads = SimulationFeatures(rawValue: 1 << 14)
    /// Datagrams that go to a group of sockets.
    public static let multicast = SimulationFeatures(rawValue: 1 << 15)
    /// Urgent bytes of TCP, which stand beside the stream.
    public static let urgent = SimulationFeatures(rawValue: 1 << 16)

    /// Every feature and its name, for messages and for RIDEALONG_FEATURES.
    public static let names: [(feature: SimulationFeatures, name: String)] = [
        (.pipes, "pipes"), (.sharedPipes, "shared-pipes"), (.severalTasks, "several-tasks"), (.resets, "resets"), (.buffers, "buffers"),
        (.links, "links"),
        (.sequenced, "sequenced"),
        (.unixDatagrams, "unix-datagrams"), (.udp, "udp"), (.truncation, "truncation"), (.polls, "polls"), (.listens, "listens"),
        (.payloads, "payloads"), (.multicast, "multicast"), (.urgent, "urgent"),
    ]

    /// Everything that can be simulated: what worlds contain unless somebody asks for less.
    public static let all = SimulationFeatures(names.map(\.feature))

    /// The features that `text` names, separated by commas; all for `nil`.
    public init(text: String?) {
        guard let text else {
            self = .all
            return
        }
        let words = text.split(separator: ",").map(String.init)
        self = SimulationFeatures(Self.names.filter { words.contains($0.name) }.map(\.feature))
    }
}
