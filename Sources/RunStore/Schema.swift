import GRDB

/// The tables of the index.
enum Schema {
    /// Changes with every change of a table or a block's form; an index of another format is made anew.
    static let format = "11"

    /// Creates all tables in an empty database.
    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE node (
                    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, tracePath TEXT NOT NULL, fingerprint TEXT NOT NULL, sidecar TEXT,
                    hostName TEXT, hostKey TEXT, uuid TEXT, state TEXT NOT NULL, events INTEGER NOT NULL, operations INTEGER NOT NULL,
                    firstTime INTEGER NOT NULL, lastTime INTEGER NOT NULL, clockOffset INTEGER NOT NULL, isBuffered INTEGER NOT NULL,
                    captureName TEXT, counters TEXT, processes TEXT NOT NULL);
                CREATE TABLE endpoint (
                    node INTEGER NOT NULL, serial INTEGER NOT NULL, kind INTEGER NOT NULL, birth INTEGER NOT NULL,
                    twin INTEGER, local TEXT, remote TEXT, opened INTEGER NOT NULL, established INTEGER, closed INTEGER, opaqueFrom INTEGER,
                    device INTEGER, inode INTEGER, access INTEGER NOT NULL, processes TEXT NOT NULL,
                    PRIMARY KEY (node, serial)) WITHOUT ROWID;
                CREATE TABLE operations (
                    node INTEGER NOT NULL, block INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,
                    moments BLOB NOT NULL, data BLOB NOT NULL, PRIMARY KEY (node, block));
                CREATE INDEX operationMoment ON operations (node, first, block);
                CREATE TABLE surroundings (
                    node INTEGER PRIMARY KEY, addresses BLOB NOT NULL, links BLOB NOT NULL, memoryOwners BLOB NOT NULL,
                    passings BLOB NOT NULL);
                CREATE TABLE channel (
                    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, evidence INTEGER NOT NULL,
                    aNode INTEGER, aSerial INTEGER, aAddress TEXT, bNode INTEGER, bSerial INTEGER, bAddress TEXT,
                    totals TEXT NOT NULL, openedNode INTEGER NOT NULL, opened INTEGER NOT NULL, alsoA BLOB, alsoB BLOB,
                    ambiguous INTEGER NOT NULL);
                CREATE TABLE deliveries (
                    node INTEGER NOT NULL, block INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL,
                    PRIMARY KEY (node, block));
                CREATE TABLE placements (
                    node INTEGER NOT NULL, block INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL,
                    PRIMARY KEY (node, block));
                CREATE TABLE ranks (node INTEGER NOT NULL, block INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (node, block));
                CREATE TABLE orders (block INTEGER PRIMARY KEY, data BLOB NOT NULL);
                CREATE TABLE chain (node INTEGER NOT NULL, process INTEGER NOT NULL, chain INTEGER NOT NULL);
                CREATE TABLE influences (
                    relation INTEGER NOT NULL, line INTEGER NOT NULL, block INTEGER NOT NULL, first INTEGER NOT NULL, data BLOB NOT NULL,
                    checkpoint BLOB, PRIMARY KEY (relation, line, block));
                CREATE INDEX influenceMoment ON influences (relation, line, first, block);
                CREATE TABLE anomaly (
                    node INTEGER, name TEXT NOT NULL, subject TEXT NOT NULL, count INTEGER NOT NULL,
                    firstNode INTEGER, firstMoment INTEGER);
                """)
        try db.execute(sql: "INSERT INTO meta VALUES ('format', ?)", arguments: [format])
    }

    /// The tables that are rebuilt whenever any node changes.
    static let joined = ["channel", "deliveries", "placements", "ranks", "orders", "chain", "influences"]
    /// The tables that hold what was read from one node's trace.
    static let perNode = ["endpoint", "operations", "surroundings"]
}
