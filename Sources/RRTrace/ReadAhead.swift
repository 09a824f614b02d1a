internal import Dispatch
internal import Synchronization

/// Inflates chunks on a second thread, a few ahead of who takes them.
///
/// Chunks that are done with go back to the thread half a depth at a time: a thread that is woken for every chunk shares the CPU of
/// who wakes it (measured: no gain at all), one that has work for a while gets a CPU of its own.
final class ReadAhead: Sendable {
    /// How many chunks may lie ready.
    static let depth = 8
    /// How many are given back at a time.
    private static let batch = depth / 2

    private struct State: ~Copyable {
        var reader: ChunkReader?
        var ready: [Chunk] = []
        /// Done with, but not yet given back.
        var spent: [Chunk] = []
        var spare = [Chunk](repeating: Chunk(), count: ReadAhead.depth)
        var anomaly: TraceAnomaly?
        var isCancelled = false
    }

    private let state: Mutex<State>
    private let spares = DispatchSemaphore(value: 0)
    /// Counts the ready chunks, and the end of the stream as one more.
    private let readies = DispatchSemaphore(value: 0)

    /// Ready to `run` over `reader`.
    init(_ reader: consuming ChunkReader) {
        var state = State()
        state.reader = consume reader
        self.state = Mutex(state)
        for _ in 0..<Self.depth { spares.signal() }
    }

    /// The work of the second thread: inflates to the end of the stream, or until `cancel`.
    func run() {
        guard var reader = state.withLock({ $0.reader.take() }) else { return }
        while true {
            spares.wait()
            guard var chunk = state.withLock({ $0.isCancelled ? nil : $0.spare.popLast() }) else { return }
            let more = reader.next(&chunk)
            state.withLock {
                if more { $0.ready.append(chunk) } else { $0.anomaly = reader.anomaly }
            }
            readies.signal()
            guard more else { return }
        }
    }

    /// Exchanges `chunk`, which is done with, for the next; `false` at the end of the stream.
    func next(_ chunk: inout Chunk) -> Bool {
        readies.wait()
        let next = state.withLock { $0.ready.isEmpty ? nil : $0.ready.removeFirst() }
        guard let next else {
            readies.signal()  // The end stays the end, however often it is asked for.
            return false
        }
        let done = chunk
        chunk = next
        let isBatch = state.withLock { state in
            state.spent.append(done)
            guard state.spent.count == Self.batch else { return false }
            state.spare += state.spent
            state.spent.removeAll(keepingCapacity: true)
            return true
        }
        if isBatch { for _ in 0..<Self.batch { spares.signal() } }
        return true
    }

    /// Takes the reader back from a `run` that never was.
    func takeReader() -> ChunkReader? { state.withLock { $0.reader.take() } }

    /// What ended the stream early, once `next` has said that it ended.
    var anomaly: TraceAnomaly? { state.withLock { $0.anomaly } }

    /// Lets `run` return soon.
    func cancel() {
        state.withLock { $0.isCancelled = true }
        spares.signal()
    }
}
