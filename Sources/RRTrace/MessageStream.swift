/// The messages of a stream: packed Cap'n Proto, one behind the other, across the borders of chunks.
struct MessageStream: ~Copyable {
    /// The message that `advance` came to.
    private(set) var message = Message()
    /// What could not be read.
    private(set) var anomalies: [TraceAnomaly] = []

    private let name: String
    private var source: ChunkSource
    private var chunk = Chunk()
    private var unpacker = Unpacker(position: Chunk.headroom, end: Chunk.headroom)
    /// Offset of the chunk's own first byte in the inflated stream.
    private var base: UInt64 = 0
    private var isLastChunk = false
    private var hasEnded = false

    /// The messages of the stream file `name` in the directory `path`.
    init(_ path: String, _ name: String, readAhead: Bool) throws(TraceError) {
        self.name = name
        source = ChunkSource(ChunkReader(file: try TraceFile(path: path + "/" + name), name: name), readAhead: readAhead)
    }

    /// Steps to the next message; `false` at the end of the stream, or where it is damaged (`anomalies` then says so).
    mutating func advance() -> Bool {
        guard !hasEnded else { return false }
        let start = offset
        var count = 0
        var target = 1
        while true {
            unpacker.unpack(chunk.storage, into: &message.words, &count, target)
            if count < target {
                if nextChunk() { continue }
                let isCut = count > 0 || unpacker.position < unpacker.end
                return end(isCut ? "truncated-message" : nil, at: start, "the stream ends inside it")
            }
            guard let expected = message.expectedWords(having: count) else {
                return end("damaged-message", at: start, "more than \(Message.maximumWords) words or \(Message.maximumSegments) segments")
            }
            if expected == target { break }
            target = expected
        }
        if unpacker.isInRun { return end("damaged-message", at: start, "a run of words crosses its end") }
        if unpacker.position > unpacker.end { return end("truncated-message", at: start, "the stream ends inside it") }
        return true
    }

    /// Ends the stream here: what the message says is `damage`.
    mutating func end(_ damage: Message.Damage, event: UInt64 = 0) {
        end(TraceAnomaly("damaged-message", subject: name, event: event, offset: offset, detail: damage.detail))
    }

    /// Ends the stream here, because of `anomaly`.
    mutating func end(_ anomaly: TraceAnomaly) {
        hasEnded = true
        note(anomaly)
    }

    /// Adds `anomaly` to what could not be read; the stream goes on.
    mutating func note(_ anomaly: TraceAnomaly) { anomalies.note(anomaly) }

    /// Where the stream stands: an offset in its inflated form.
    private var offset: UInt64 { base &+ UInt64(unpacker.position) &- UInt64(Chunk.headroom) }

    private mutating func end(_ what: String?, at offset: UInt64, _ detail: String) -> Bool {
        hasEnded = true
        if let what { anomalies.note(TraceAnomaly(what, subject: name, offset: offset, detail: detail)) }
        return false
    }

    /// Goes on to the next chunk, keeping what is left of this one; `false` if there is nothing more to unpack.
    private mutating func nextChunk() -> Bool {
        guard !isLastChunk else { return false }
        let left = Array(chunk.storage[unpacker.position..<unpacker.end])
        base &+= UInt64(chunk.count)
        isLastChunk = !source.next(&chunk)
        if isLastChunk {
            chunk = Chunk()
            if let anomaly = source.anomaly { anomalies.note(anomaly) }
        }
        let start = chunk.prepend(left)
        unpacker = Unpacker(unpacker, position: start, end: Chunk.headroom + chunk.count, isLast: isLastChunk)
        return !isLastChunk || !left.isEmpty
    }
}
