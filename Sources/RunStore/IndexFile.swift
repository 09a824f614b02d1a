import Foundation
import GRDB

/// The index's database, opened for one reading or one update.
struct IndexFile {
    let queue: DatabaseQueue
    let run: RunDirectory
    let path: String

    /// How long one process waits for another that holds the database, in seconds.
    private static let patience: TimeInterval = 20

    /// Opens the index of `run`; for writing it is made if it is not there or has another format.
    ///
    /// - Throws: `IndexError` if there is none to read, or it cannot be opened.
    init(_ run: RunDirectory, writable: Bool) throws(IndexError) {
        self.run = run
        path = run.indexFile
        if writable {
            if mkdir(run.indexDirectory, 0o777) != 0, errno != EEXIST {
                throw .file(path: run.indexDirectory, message: "cannot be made: \(String(cString: strerror(errno)))")
            }
        } else if access(path, F_OK) != 0 {
            let reason = errno
            try run.checkDirectory()
            throw reason == ENOENT
                ? .missing(run: run.path) : .file(path: path, message: "cannot be opened: \(String(cString: strerror(reason)))")
        }
        var configuration = Configuration()
        configuration.readonly = !writable
        configuration.busyMode = .timeout(Self.patience)
        if writable {
            configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY") }
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            let format = try queue.read { db in
                try db.tableExists("meta") ? String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'format'") ?? "none" : "none"
            }
            if format != Schema.format {
                guard writable else { throw IndexError.otherFormat(run: run.path, found: format) }
                try queue.write { db in
                    try Self.dropAll(db)
                    try Schema.create(db)
                }
            }
            // The first `index` has not come to its end: it was killed, or is still at work.
            if !writable, try queue.read(Self.isEmpty) { throw IndexError.missing(run: run.path) }
        } catch {
            throw IndexError(error, path: path)
        }
    }

    /// Whether nothing was ever committed; whatever is, has a number of messages.
    private static func isEmpty(_ db: Database) throws -> Bool {
        try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'messages'") == nil
    }

    private static func dropAll(_ db: Database) throws {
        for table in try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
            try db.execute(sql: "DROP TABLE \(table.quotedDatabaseIdentifier)")
        }
    }

    /// Runs `body` in a read transaction.
    func read<T>(_ body: (Database) throws -> T) throws(IndexError) -> T {
        do { return try queue.read(body) } catch { throw IndexError(error, path: path) }
    }

    /// Runs `body` in one write transaction: a reader sees all of it or nothing.
    func write<T>(_ body: (Database) throws -> T) throws(IndexError) -> T {
        do { return try queue.write(body) } catch { throw IndexError(error, path: path) }
    }
}

extension IndexError {
    /// What `error`, which came up while the database at `path` was used, means.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as IndexError: self = error
        case let error as DatabaseError:
            let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(path: path)
            // Left behind by an `index` that was killed: whoever may write puts it right by opening it.
            case .SQLITE_READONLY where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK: self = .interrupted(path: path)
            case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_IOERR: self = .file(path: path, message: message)
            case .SQLITE_FULL: self = .full(path: path)
            default: self = .damaged("\(path): \(message)")
            }
        default: self = .damaged("\(path): \(error)")
        }
    }
}
