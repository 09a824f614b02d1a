/// The chunks of a stream, in order: inflated ahead on a second thread, or when they are asked for.
///
/// A class, so that what holds it stays small: a large noncopyable value is moved about a lot.
final class ChunkSource {
    private var reader: ChunkReader?
    private var ahead: ReadAhead?
    private var thread: PlainThread?

    /// The chunks of `reader`. Without a thread to be had they are inflated when asked for.
    init(_ reader: consuming ChunkReader, readAhead: Bool) {
        guard readAhead else {
            self.reader = consume reader
            return
        }
        let ahead = ReadAhead(reader)
        thread = PlainThread { ahead.run() }
        if thread == nil {
            self.reader = ahead.takeReader()
        } else {
            self.ahead = ahead
        }
    }

    deinit {
        ahead?.cancel()
        thread?.join()
    }

    /// Makes `chunk` the next chunk, and uses its old memory for a later one; `false` at the end or where the stream is damaged.
    func next(_ chunk: inout Chunk) -> Bool {
        if let ahead { return ahead.next(&chunk) }
        return reader?.next(&chunk) == true
    }

    /// What ended the stream early, once `next` has said that it ended.
    var anomaly: TraceAnomaly? {
        switch reader {
        case .some(let reader): reader.anomaly
        case .none: ahead?.anomaly
        }
    }
}
