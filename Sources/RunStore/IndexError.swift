/// Why an index cannot be used. Each says what to do.
public enum IndexError: Error, CustomStringConvertible {
    /// There is none.
    case missing(run: String)
    /// There are no traces to make one of.
    case noTraces(run: String)
    /// It was written by another version of the program.
    case otherFormat(run: String, found: String)
    /// Something in it cannot be read.
    case damaged(String)
    /// Another process holds it.
    case busy(path: String)
    /// There is no room for it.
    case full(path: String)
    /// A process that wrote it was killed.
    case interrupted(path: String)
    /// A file of the run directory cannot be read or written.
    case file(path: String, message: String)

    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .missing(let run):
            "\(run): not indexed yet; run `ridealong index --run \(run)`"
        case .noTraces(let run):
            """
            \(run): no traces here; record some with `ridealong record --run \(run) COMMAND…`, or name those that you have: \
            `ridealong index TRACE…`
            """
        case .otherFormat(let run, let found):
            "\(run)/.ridealong: written by another version (format \(found)); run `ridealong index --run \(run)`, which makes it anew"
        case .damaged(let what):
            "the index is damaged (\(what)); remove the run's .ridealong directory and run `ridealong index`: the traces are untouched"
        case .busy(let path):
            "\(path): in use by another `ridealong index`; wait until it has ended"
        case .full(let path):
            "\(path): the disk is full; make room and run `ridealong index` again: what was indexed before is still there"
        case .interrupted(let path):
            "\(path): a `ridealong index` was interrupted while it wrote; run it again"
        case .file(let path, let message):
            "\(path): \(message); check that it is there and that you may read it (and, for `index`, write beside it)"
        }
    }
}
