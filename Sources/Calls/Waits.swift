public import RunModel

/// A process of a run.
public struct ProcessRef: Hashable, Comparable, Sendable {
    /// Its node.
    public let node: NodeID
    /// Its recorded process id.
    public let process: Int32

    /// The process `process` of `node`.
    public init(node: NodeID, process: Int32) {
        self.node = node
        self.process = process
    }

    /// By node, then by id.
    public static func < (a: ProcessRef, b: ProcessRef) -> Bool { (a.node, a.process) < (b.node, b.process) }
}

/// A task that has entered a call and not come back from it.
public struct Wait: Sendable {
    /// What for.
    public enum Reason: String, Sendable {
        /// Bytes or messages from the other end.
        case data
        /// Room for what it sends: the other end must take something first.
        case room
        /// Somebody who connects.
        case client
        /// An answer to its connect.
        case answer
        /// The end of a child.
        case child
        /// Other threads of its process (a futex).
        case threads
        /// Any of several descriptors.
        case ready
        /// A signal.
        case signal
        /// The clock.
        case time
        /// A lock, or something else that separately recorded processes may share.
        case lock
        /// Something that the trace does not tell.
        case unknown
    }

    /// Its process.
    public var process: ProcessRef
    /// The thread.
    public var task: Int32
    /// Where the call was entered.
    public var entered: Moment
    /// The name of the call.
    public var name: String
    /// Its arguments.
    public var arguments: [String]
    /// What it waits for.
    public var reason: Reason
    /// The processes that can end it, each once.
    public var on: [ProcessRef]
    /// Whether something else can end it, too: time, a signal, somebody who was not recorded.
    public var isOpen: Bool
    /// Whether what ends it has happened already: bytes are on their way, or it is only passing through the call.
    public var isOver = false

    /// A wait with all its parts.
    public init(
        process: ProcessRef, task: Int32, entered: Moment, name: String, arguments: [String], reason: Reason, on: [ProcessRef], isOpen: Bool
    ) {
        self.process = process
        self.task = task
        self.entered = entered
        self.name = name
        self.arguments = arguments
        self.reason = reason
        self.on = on
        self.isOpen = isOpen
    }
}

/// Processes that wait for each other in a circle: none of them can go on.
public enum Deadlocks {
    /// The circles among `waits`, each as the waits of its processes, where each waits for the next one's process, and the last for the
    /// first's. `tasks` tells how many threads of each process live.
    ///
    /// A process is stuck if all its threads wait, and each only for processes that are stuck. So no circle is reported that somebody
    /// outside of it could break. O(waits and what they wait for), and sorting them.
    public static func find(_ waits: [Wait], tasks: [ProcessRef: Int]) -> [[Wait]] {
        let stuck = stuck(Dictionary(grouping: waits) { $0.process }, tasks)
        var circles: [[Wait]] = []
        var seen: Set<ProcessRef> = []
        for start in stuck.keys.sorted() {
            var way: [Wait] = []
            var places: [ProcessRef: Int] = [:]
            var here = start
            while seen.insert(here).inserted, let (wait, next) = step(from: here, stuck) {
                places[here] = way.count
                way.append(wait)
                here = next
            }
            // A process of this walk, not of an earlier one: the circle begins there.
            if let place = places[here] { circles.append(Array(way[place...])) }
        }
        return circles
    }

    /// The way on from a stuck process: to another one rather than to itself.
    private static func step(from process: ProcessRef, _ stuck: [ProcessRef: [Wait]]) -> (Wait, ProcessRef)? {
        let waits = stuck[process] ?? []
        for wait in waits { if let next = wait.on.first(where: { $0 != process }) { return (wait, next) } }
        return waits.first.map { ($0, process) }
    }

    /// Takes away whoever can go on, and whoever those can set free, until nobody is left who can.
    private static func stuck(_ waits: [ProcessRef: [Wait]], _ tasks: [ProcessRef: Int]) -> [ProcessRef: [Wait]] {
        var stuck = waits.filter { process, waits in
            waits.count >= tasks[process] ?? 1 && waits.allSatisfy { !$0.isOpen && !$0.isOver && !$0.on.isEmpty }
        }
        var waiters: [ProcessRef: [ProcessRef]] = [:]
        for (process, waits) in stuck { for wait in waits { for other in wait.on { waiters[other, default: []].append(process) } } }
        var free = waiters.keys.filter { stuck[$0] == nil }
        while let process = free.popLast() {
            for waiter in waiters[process] ?? [] where stuck.removeValue(forKey: waiter) != nil { free.append(waiter) }
        }
        return stuck
    }
}
