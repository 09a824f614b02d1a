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
        if !writable, !FileManager.default.fileExists(atPath: path) { throw .missing(run: run.path) }
        var configuration = Configuration()
        configuration.readonly = !writable
        configuration.busyMode = .timeout(Self.patience)
        if writable {
            configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY") }
        }
        do {
            if writable {
                try FileManager.default.createDirectory(atPath: run.indexDirectory, withIntermediateDirectories: true)
            }
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
        } catch let error as IndexError {
            throw error
        } catch {
            throw .database(path: path, message: "\(error)")
        }
    }

    private static func dropAll(_ db: Database) throws {
        for table in try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
            try db.execute(sql: "DROP TABLE \(table.quotedDatabaseIdentifier)")
        }
    }

    /// Runs `body` in a read transaction.
    func read<T>(_ body: (Database) throws -> T) throws(IndexError) -> T {
        do { return try queue.read(body) } catch let error as IndexError { throw error } catch {
            throw .database(path: path, message: "\(error)")
        }
    }

    /// Runs `body` in one write transaction: a reader sees all of it or nothing.
    func write<T>(_ body: (Database) throws -> T) throws(IndexError) -> T {
        do { return try queue.write(body) } catch let error as IndexError { throw error } catch {
            throw .database(path: path, message: "\(error)")
        }
    }
}
